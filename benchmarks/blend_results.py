"""Writes docs/results/blend.md: every way to use all labels, on the protocol's splits.

    NASFLOW_DATA=... python benchmarks/blend_results.py --seeds 21

Each part of the page is a `nasflow evaluate` of its own; what
was done is kept in runs/blend and not done again, so that the script goes on where it was stopped.
Nothing here was chosen on these splits: members, groups, epochs and weights were, on splits of
seeds 1 to 4, with `python benchmarks/blend.py`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import fgp_adds_page
from nasflow import evaluate
from nasflow.experiments.defaults import default_options
from nasflow.experiments.stages import Stages
from nasflow.running.files import write_text
from nasflow.running.journal import Journal

GRAPH = ("none@all", "features", "trees", "blend-fast", "blend")
QUICK = ("features", "trees", "blend-fast")
ENCODES = ("none@all", "flow@all", "blend")
WITH_PROXIES = ("features+proxy", "trees", "blend-fast", "blend")
COMPUTED = ("jacov", "nwot", "synflow", "params")
PUBLISHED = (
    *COMPUTED,
    *("epe_nas", "fisher", "flops", "grad_norm", "grasp", "l2_norm", "plain", "snip", "zen"),
)


@dataclass(frozen=True)
class Part:
    """A section of the page."""

    name: str
    title: str
    source: str
    metric: str
    methods: tuple[str, ...] = GRAPH
    proxies: tuple[str, ...] = ()
    ratio: float = 0.01


PARTS = (
    Part("nb201", "NAS-Bench-201, no proxy", "nb201", "cifar10_test", ("flow@all", *GRAPH)),
    Part("nb101", "NAS-Bench-101, no proxy", "nb101", "valid_108ep", ("flow@all", *GRAPH)),
    Part("nb301", "NAS-Bench-301, no proxy", "nb301", "val_acc"),
    Part("macro", "NAS-Bench-Macro, no proxy", "nasbench-macro", "test_acc_mean"),
    Part("transnas", "TransNAS-Bench-101 micro, scene, no proxy", "transnas-micro", "class_scene"),
    Part("cora", "NAS-Bench-Graph, Cora, no proxy", "nbgraph-cora", "test_perf"),
    Part(
        "nb201-4",
        "NAS-Bench-201 with jacov, nwot, synflow and params, which `nasflow proxies` computes as"
        " well; the values are those of NAS-Bench-Suite-Zero",
        "nb201",
        "cifar10_test",
        WITH_PROXIES,
        COMPUTED,
    ),
    Part(
        "nb201-13",
        "NAS-Bench-201 with the 13 proxies of NAS-Bench-Suite-Zero",
        "nb201",
        "cifar10_test",
        WITH_PROXIES,
        PUBLISHED,
    ),
    Part("cs", "NAS-Bench-Graph, CS, no proxy", "nbgraph-cs", "test_perf"),
    Part("physics", "NAS-Bench-Graph, Physics, no proxy", "nbgraph-physics", "test_perf"),
    Part("arxiv", "NAS-Bench-Graph, arXiv, no proxy", "nbgraph-arxiv", "test_perf"),
    Part("nb201-5%", "NAS-Bench-201, 5 %, no proxy", "nb201", "cifar10_test", QUICK, (), 0.05),
    Part("nb201-10%", "NAS-Bench-201, 10 %, no proxy", "nb201", "cifar10_test", QUICK, (), 0.1),
    Part(
        "nb201-5%-13",
        "NAS-Bench-201, 5 %, 13 proxies",
        "nb201",
        "cifar10_test",
        WITH_PROXIES[:3],
        PUBLISHED,
        0.05,
    ),
    Part(
        "nb201-10%-13",
        "NAS-Bench-201, 10 %, 13 proxies",
        "nb201",
        "cifar10_test",
        WITH_PROXIES[:3],
        PUBLISHED,
        0.1,
    ),
)

_HEAD = """# All labels train: features, trees and blends

How well a few labels rank the rest where none is held back to choose an epoch: 1 % of the training
half and 40 more rows, which the published protocol keeps for validation. `blend` is what
`Predictor().pretrain(table).fit(...)` does, `blend-fast` what `Predictor().fit(...)` does.

Members, groups of features, epochs and the rule for the weights were chosen on splits of other
seeds (`python benchmarks/blend.py --splits 1 2 3`) before anything here was run.

What the graph network and its pre-training add to the blend, by paired differences: [what FGP
adds](fgp-adds.md). What was tried to make more of the same labels: [tries](tries.md).

Command: `NASFLOW_DATA=... {command}`
"""

FINDINGS = """\
## What the tables say

* The blend is above its processes and its trees on every space, by 0.4 points of tau (TransNAS) to
  2.8 (NAS-Bench-101). Where the published way, 78 labels to train on and 40 to choose the epoch,
  has 74.2 on NAS-Bench-201 ([there](nb201.md)), features alone have 80.8 from the same 118 labels,
  the blend 83.2, with 13 proxies 85.5.
* The pre-trained encoder, trained on all labels and on graphs as they compute, is by itself 0.3
  above the blend on NAS-Bench-201, 0.9 below it with four proxies, and 2.0 to 3.0 below it
  elsewhere. On graphs as they are written (`none@all`, `flow@all`) it is behind by 1.6 to 10.
* Both encoders add 0.9 points of tau to the blend in the mean, in one to three minutes where the
  rest takes seconds: so they are asked for. At the top (P@1%) they add nothing, and on
  NAS-Bench-201 a single process finds the best better than any blend: 47 to 53 against 43 to 48 %.
* Intervals of 90 % hold 88.2 to 92.8 % of labels for blends; single members' between 84.6 and 93.1
  %.
* Under the first table are three runs each, one seed a split: differences of a point are within the
  spread over splits.
"""


def done(part: Part, seeds: tuple[int, ...], folder: Path, n_workers: int) -> str:
    """The section of a part, its runs made or found."""
    stages = Stages().changed(default_options(part.source))
    return evaluate(
        part.source,
        part.metric,
        part.methods,
        folder / part.name.replace("%", "pc"),
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=replace(stages.pretrain, proxies=()),
        fit=replace(stages.fit, proxies=part.proxies),
        protocol=replace(stages.protocol, seeds=seeds, ratio=part.ratio),
        n_workers=n_workers,
        progress=False,
    )


def main() -> None:
    """The parts that are asked for, and the page of all that are done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [part.name for part in PARTS]
    parser.add_argument("--parts", nargs="+", default=names, choices=names)
    parser.add_argument("--seeds", nargs="+", type=int, default=[21, 2021, 202121])
    parser.add_argument(
        "--encoder",
        nargs="*",
        default=names,
        choices=names,
        help="the parts that have methods with a graph network, which take minutes a run",
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--runs", default="runs/blend", help="folder for what is done")
    parser.add_argument(
        "--with-seeds",
        default="docs/results/fgp-adds.jsonl",
        help="the runs of `benchmarks/fgp_adds.py`: the same splits, with more seeds",
    )
    parser.add_argument("--out", default="docs/results/blend.md")
    options = parser.parse_args()
    command = " ".join(["python", *sys.argv])
    of_seeds = Journal(options.with_seeds).entries()
    sections = [fgp_adds_page.in_all(of_seeds, {part.name: part for part in PARTS})]
    for each in PARTS:
        part = each
        if part.name in options.parts:
            if part.name not in options.encoder:
                quick = tuple(method for method in part.methods if method not in ENCODES)
                part = replace(part, methods=quick)
            text = done(part, tuple(options.seeds), Path(options.runs), options.jobs)
            sections.append(f"## {part.title}\n\n{text}")
            # as they come: each takes minutes
            write_text(options.out, "\n".join([_HEAD.format(command=command), FINDINGS, *sections]))
            print(part.name, flush=True)


if __name__ == "__main__":
    main()
