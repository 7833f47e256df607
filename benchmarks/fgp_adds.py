"""Writes docs/results/fgp-adds.md: what FGP's encoder adds to a blend, and what pre-training does.

    NASFLOW_DATA=... python benchmarks/fgp_adds.py --parts nb201 nb101 --seeds 21
    NASFLOW_DATA=... python benchmarks/fgp_adds.py --report

Splits, labels and members are those of `benchmarks/blend_results.py`: of a run (split and seed)
each member is fitted once, and what it says of labelled rows without their labels, and of test
rows, is kept in runs/fgp-adds. Mixtures of some of the members are then weighed by the blend's own
rule, which takes no time. A line for each run goes to docs/results/fgp-adds.jsonl; what is there is
not made again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import fgp_adds_page as page
from blend_results import PARTS, Part
from nasflow import Dataset, open_dataset
from nasflow.experiments.defaults import default_options
from nasflow.experiments.kept import weights_path
from nasflow.experiments.manifest import processor
from nasflow.experiments.protocol import do_pretraining, measures, split_of
from nasflow.experiments.runs import Pretraining, Run, plan
from nasflow.experiments.stages import Stages
from nasflow.features.make import Features, setting_of
from nasflow.prediction.blend import GROUPS
from nasflow.prediction.blend_weights import blend_weights
from nasflow.prediction.fgp import FGP
from nasflow.prediction.members.base import Member, Prediction, Rows
from nasflow.prediction.members.encoder import EncoderMember, PretrainedEncoder
from nasflow.prediction.members.registry import FAST, MEMBERS
from nasflow.prediction.proxy_ranks import take
from nasflow.prediction.score_scale import ScoreScale
from nasflow.prediction.uncertainty import Misses
from nasflow.running.files import write_text
from nasflow.running.journal import Journal
from nasflow.statistics.splits import Split
from top_members import EmbeddingGP, EmbeddingOnlyGP, TopEncoder, TopGP, TopTrees

FloatArray = npt.NDArray[np.float64]

RIDGE = 3.0  # the default of a blend
ORDER = ("nb201", "nb101", "nb301", "macro", "transnas", "cora")
MORE = ("nb201-4", "cs", "physics", "arxiv")
ENCODERS = ("encoder", "pretrained-encoder")
# members of no default blend: what they would add
FURTHER: dict[str, type[Member]] = {
    "embedding-gp": EmbeddingGP,
    "embedding-only-gp": EmbeddingOnlyGP,
    "top-gp": TopGP,
    "top-trees": TopTrees,
}
TOP_ENCODER = "top-encoder"
READS_GRAPH = (*ENCODERS, TOP_ENCODER)


@dataclass(frozen=True, eq=False)
class Work:
    """A run: what is fitted, and on what."""

    part: Part
    run: Run
    dataset: Dataset
    split: Split
    folder: Path

    @property
    def key(self) -> str:
        """The run's name in the journal."""
        return f"{self.part.name} {self.run.split} {self.run.seed}"

    @property
    def labelled(self) -> npt.NDArray[np.int64]:
        """(n,): the rows that are trained on."""
        return np.sort(np.concatenate([self.split.train, self.split.validation]))

    def path(self, member: str) -> Path:
        """Where a member's predictions are kept."""
        return self.folder / "predictions" / self.key.replace(" ", "-") / f"{member}.npz"


def works(part: Part, seeds: tuple[int, ...], folder: Path) -> list[Work]:
    """The runs of a part: the same splits, options and seeds as those of its page."""
    stages = Stages().changed(default_options(part.source))
    dataset = open_dataset(part.source)
    runs = plan(
        part.source,
        dataset,
        part.metric,
        ("blend",),
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=replace(stages.pretrain, proxies=()),
        fit=replace(stages.fit, proxies=part.proxies),
        protocol=replace(stages.protocol, seeds=seeds, ratio=part.ratio),
    )
    # one seed after the other: after the first there is a table with all splits
    runs.sort(key=lambda run: seeds.index(run.seed))
    of_runs = []
    for run in runs:
        split = split_of(dataset, run.metrics, run.split, run.protocol)
        of_runs.append(Work(part, run, dataset, split, folder))
    return of_runs


def pretrained(work: Work) -> FGP:
    """The pre-trained encoder of a run; all splits share it.

    A blend leaves it out where all graphs have one wiring. Here it is made there as well, or nobody
    would know what that is worth.
    """
    stages = Stages().changed(default_options(work.part.source))
    run = work.run
    pretraining = run.pretraining or Pretraining(
        run.dataset,
        run.pretrain_hash,
        run.encoder,
        stages.surrogate,
        replace(stages.pretrain, pretext="flow", proxies=(), weights={}, seed=run.seed),
        as_computed=True,
    )
    # what the page of blends has made is the same, to the bit
    for folder in (Path("runs/blend") / work.part.name, work.folder):
        path = weights_path(pretraining, folder)
        if path.exists():
            break
    else:
        do_pretraining(pretraining, work.folder)
        path = weights_path(pretraining, work.folder)
    return FGP.load(path)


def member_of(name: str, work: Work, embedder: FGP) -> Member:
    """A member, not yet fitted."""
    run = work.run
    if name not in READS_GRAPH:
        return FURTHER[name](run.seed) if name in FURTHER else MEMBERS.find(name)(run.seed)
    fit = replace(run.fit, proxies=())  # a blend has groups of features in their place
    if name == "encoder":
        return EncoderMember(run.seed, run.encoder, fit=fit)
    kind = TopEncoder if name == TOP_ENCODER else PretrainedEncoder
    return kind(run.seed, run.encoder, embedder.start_, fit)


def rows_of(work: Work, embedder: FGP) -> tuple[Rows, Rows]:
    """The labelled rows and the test rows, as members see them."""
    dataset = work.dataset
    reference = {name: dataset.proxy(name) for name in work.run.fit.proxies}
    groups = [*GROUPS, *(["proxies"] if reference else []), "embedding"]
    setting = setting_of(dataset.table[work.labelled], reference, embedder=embedder)
    features = Features(setting, groups)
    seen = []
    for rows in (work.labelled, work.split.test):
        table = dataset.table[rows]
        values, blocks, start = features(table, take(reference, rows)), {}, 0
        for name, size in features.sizes.items():
            blocks[name] = values[:, start : start + size]
            start += size
        seen.append(Rows(table, blocks))
    return seen[0], seen[1]


def fit_members(work: Work, names: list[str]) -> None:
    """Fit what is not yet fitted, and keep what it says."""
    missing = [name for name in names if not work.path(name).exists()]
    if not missing:
        return
    embedder = pretrained(work)
    labelled, tests = rows_of(work, embedder)
    scores = ScoreScale(work.dataset.labels(work.run.metric)[work.labelled]).scores
    for name in missing:
        started = time.perf_counter()
        member = member_of(name, work, embedder).fit(labelled, scores)
        unseen, predicted = member.out_of_fold(), member.predict(tests)
        seconds = time.perf_counter() - started
        path = work.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        half_written = path.with_suffix(".part.npz")
        np.savez_compressed(
            half_written,
            unseen=np.stack(unseen),
            predicted=np.stack(predicted).astype(np.float32),
            seconds=seconds,
        )
        half_written.replace(path)
        print(f"{work.key} {name}: {seconds:.0f} s", file=sys.stderr, flush=True)


def mixtures(names: list[str]) -> dict[str, list[str]]:
    """By the name of a line of the page, the members that are weighed for it."""
    fast, encoder, both = list(FAST), [*FAST, "encoder"], [*FAST, *ENCODERS]
    by_name = {
        "fast": fast,
        "fast + encoder": encoder,
        "fast + pre-trained encoder": [*FAST, "pretrained-encoder"],
        "fast + both encoders": both,
        "fast + embedding GP": [*FAST, "embedding-gp"],
        "fast + both encoders + embedding GP": [*both, "embedding-gp"],
        "fast + GP and trees for the top": [*FAST, "top-gp", "top-trees"],
        "fast + both encoders + GP and trees for the top": [*both, "top-gp", "top-trees"],
        "fast + both encoders + encoder for the top": [*both, TOP_ENCODER],
    }
    for name in names:
        by_name[f"{name} alone"] = [name]
    there = set(names)
    return {line: members for line, members in by_name.items() if set(members) <= there}


def measured(work: Work, names: list[str]) -> dict[str, Any]:
    """The journal's line of a run: of each mixture its weights and how it ranks the test rows."""
    unseen, predicted, seconds = {}, {}, {}
    for name in names:
        with np.load(work.path(name)) as kept:
            unseen[name] = Prediction(*kept["unseen"])
            predicted[name] = Prediction(*kept["predicted"].astype(np.float64))
            seconds[name] = round(float(kept["seconds"]), 1)
    labels = work.dataset.labels(work.run.metric)
    scale, truth = ScoreScale(labels[work.labelled]), labels[work.split.test]
    assert work.dataset.metric(work.run.metric).maximise  # the top is where labels are largest
    results: dict[str, Any] = {}
    for line, members in mixtures(names).items():
        means = np.stack([unseen[name].mean for name in members])
        reads_graph = [name in READS_GRAPH for name in members]
        weights = blend_weights(means, scale.scores, RIDGE, reads_graph)
        of_labelled = blended(unseen, members, weights)
        of_tests = blended(predicted, members, weights)
        low, high = Misses(scale.scores, of_labelled).between(of_tests, 0.9)
        inside = (scale.labels(low) <= truth) & (truth <= scale.labels(high))
        results[line] = {
            **rounded(measures(scale.labels(of_tests.mean), truth, True)),
            "in90": round(float(inside.mean()), 6),
            "weights": dict(zip(members, np.round(weights, 4).tolist(), strict=True)),
        }
        if line in page.AGAIN:
            by_top = 0.5 * (predicted["top-gp"].mean + predicted["top-trees"].mean)
            again = rounded(measures(ranked_again(of_tests.mean, by_top), truth, True))
            del again["rmse"]  # it is an order, and predicts no label
            results[f"{line}, best 5 % again by GP and trees for the top"] = again
    return {
        "key": work.key,
        "part": work.part.name,
        "split": work.run.split,
        "seed": work.run.seed,
        "n_labels": len(work.labelled),
        "n_test": len(truth),
        "members": names,
        "seconds": seconds,
        "processor": processor(),
        "results": results,
    }


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """The values to six digits, which the journal keeps."""
    return {name: round(value, 6) for name, value in values.items()}


def blended(
    predictions: Mapping[str, Prediction], members: list[str], weights: FloatArray
) -> Prediction:
    """What a mixture says: the weighted mean, and the deviation of the mixture."""
    means = np.stack([predictions[name].mean for name in members])  # (n_members, N)
    deviations = np.stack([predictions[name].deviation for name in members])
    mean = weights @ means
    return Prediction(mean, np.sqrt(weights @ (deviations**2 + (means - mean) ** 2)))


def ranked_again(scores: FloatArray, by: FloatArray) -> FloatArray:
    """(N,): the order of `scores`, but of the best 5 % that of their sum with `by`'s ranks."""
    n_best = max(1, round(0.05 * len(scores)))
    order = np.argsort(-scores, kind="stable")
    best = order[:n_best]
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(len(scores), 0, -1)
    # in the units of ranks among the best, so that both count alike
    within = np.argsort(np.argsort(-by[best], kind="stable"), kind="stable")
    both = np.argsort(np.argsort(within + np.arange(n_best), kind="stable"), kind="stable")
    ranks[best] = len(scores) - both
    return ranks


def main() -> None:
    """Make the runs that are asked for, and the page of all that are done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=[*ORDER, *MORE], choices=[*ORDER, *MORE])
    parser.add_argument("--seeds", nargs="+", type=int, default=[21])
    parser.add_argument(
        "--top-encoder",
        nargs="*",
        default=[],
        choices=[*ORDER, *MORE],
        help="parts with an encoder that is trained on more pairs of the best rows",
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/fgp-adds"))
    parser.add_argument("--journal", default="docs/results/fgp-adds.jsonl")
    parser.add_argument("--out", default="docs/results/fgp-adds.md")
    parser.add_argument("--report", action="store_true", help="only write the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    journal = Journal(options.journal)
    parts = {part.name: part for part in PARTS}
    # all parts with a seed before any with the next
    for seed in () if options.report else options.seeds:
        for name in options.parts:
            members = [*FAST, *ENCODERS, *FURTHER]
            if name in options.top_encoder:
                members.append(TOP_ENCODER)
            for work in works(parts[name], (seed,), options.runs):
                entry = journal.entries().get(work.key)
                if entry is not None and set(members) <= set(entry["members"]):
                    continue
                fit_members(work, members)
                journal.append(measured(work, members))
                # as they come: a run takes minutes
                write_text(options.out, page.text(journal.entries(), parts))
    write_text(options.out, page.text(journal.entries(), parts))


if __name__ == "__main__":
    main()
