"""hypergraph: several inputs of one sum or concatenation as one directed hyperedge, against an edge
for each input.

The surrogate of hypergraphs is defined, and reduced to that of graphs, in `hyperedges`. What is a
hyperedge:

* NAS-Bench-101: a node adds what it receives; the output concatenates.
* NAS-Bench-201: what ends at one feature map is added.
* NAS-Bench-301: every step of a cell adds two operations, whose sum has several targets; a cell's
  output concatenates. The usual graph has nodes for these sums already: it is a star graph, and the
  pairwise one is that without them.
* NAS-Bench-Graph: the output concatenates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.pictures import drawing
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate, standardised
from nasflow_paper.questions.explained import explained_beyond
from nasflow_paper.questions.hyperedges import bypassed, combined
from nasflow_paper.questions.spaces import SPACES
from nasflow_paper.questions.telling_apart import groups
from nasflow_paper.reproductions.base import Page, Picture, ReproduceOptions, Table

PAIRWISE, SUMS, CONCATENATION = "pairwise", "sums", "sums and concatenation"
NB101_SUMS = {"conv1x1": "hyper sum", "conv3x3": "hyper sum", "maxpool3x3": "hyper sum"}
OUTPUT = {"output": "hyper concatenation"}

Reading = tuple[Callable[[ArchTable], ArchTable], int]
"""From a space's table to that of the star graphs, and how many kinds of hyperedges stand behind
its operations.
"""
READINGS: Mapping[str, Mapping[str, Reading]] = {
    "nb101": {
        PAIRWISE: (lambda table: table, 0),
        SUMS: (lambda table: combined(table, NB101_SUMS), 1),
        CONCATENATION: (lambda table: combined(table, NB101_SUMS | OUTPUT), 2),
    },
    "nb201": {
        PAIRWISE: (lambda table: table, 0),
        SUMS: (lambda table: combined(table, dict.fromkeys(table.vocabulary, "hyper sum")), 1),
    },
    "nb301": {
        PAIRWISE: (lambda table: bypassed(table, "sum"), 0),
        SUMS: (lambda table: table, 0),
        CONCATENATION: (lambda table: combined(table, OUTPUT), 1),
    },
    "nbgraph": {
        PAIRWISE: (lambda table: table, 0),
        CONCATENATION: (lambda table: combined(table, OUTPUT), 1),
    },
}
CURED = {"sigma": 0.1, "rescale": 0.5, "activation": "gelu"}


@dataclass(frozen=True)
class Read:
    """What the surrogates of one reading of a space are like, draw after draw."""

    n_hyperedges: float
    """With several sources, a graph, the mean."""
    n_different: list[int]
    beyond: list[float]
    """Share of the label's variance explained beyond counts of operations."""


def read(
    table: ArchTable,
    reading: Reading,
    labels: npt.NDArray[np.float64],
    config: SurrogateConfig,
    n_draws: int,
) -> Read:
    """The surrogates of `table` (N rows) in one reading, against labels (N,), for the first
    seeds.
    """
    star, n_kinds = reading[0](table), reading[1]
    merging = [i for i, op in enumerate(star.vocabulary) if op.startswith("hyper") or op == "sum"]
    found = Read(float(np.isin(star.ops, merging).sum() / len(table)), [], [])
    for seed in range(n_draws):
        drawn = SurrogateConfig.from_dict({**config.to_dict(), "seed": seed})
        raw = FlowSurrogate(star.n_ops, drawn, torch.float64, n_later_ops=n_kinds)(star)
        found.n_different.append(len(np.unique(groups(raw.numpy(), 1e-9))))
        found.beyond.append(explained_beyond(table, standardised(raw).double().numpy(), labels))
    return found


def hypergraph(options: ReproduceOptions) -> Page:
    """The page."""
    names = options.choose(tuple(READINGS))
    found: dict[tuple[str, str, str], Read] = {}
    manifest = {}
    n_rows, n_draws = (3000, 2) if options.quick else (10**9, 5)
    with progress_bar(
        "hypergraph", sum(len(READINGS[name]) for name in names), show=options.progress
    ) as advance:
        for name in names:
            setting = SPACES[name]
            dataset, own = setting.dataset(), setting.stages().surrogate
            labels = dataset.labels(setting.metric)
            rows = np.flatnonzero(np.isfinite(labels))
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:n_rows])
            configs = {
                "as published": own,
                "rescale 1/2, gelu": SurrogateConfig.from_dict({**own.to_dict(), **CURED}),
            }
            for how, reading in READINGS[name].items():
                for which, config in configs.items():
                    found[name, which, how] = read(
                        dataset.table[rows], reading, labels[rows], config, n_draws
                    )
                advance(f"{name}, {how}")
            manifest[name] = {
                **about_dataset(dataset, setting.metric),
                "rows": len(rows),
                "surrogates": {which: config.to_dict() for which, config in configs.items()},
            }
    done = (
        "Every set of inputs that is added or concatenated as one directed hyperedge, which"
        " converts their sum once, before the operation that receives it; against an edge for each"
        " input. Both surrogates of a space share r, P and W. A hyperedge with one source is an"
        f" edge. Means over {n_draws} draws, least to largest in brackets."
        + (f" A first look: {n_rows:,} rows of each space." if options.quick else "")
    )
    return Page(
        "Sums and concatenations as hyperedges",
        done,
        [
            _verdict(found),
            Table(_rows(found)),
            Picture(
                "beyond",
                "share of the label's variance explained beyond counts, by reading of the graph",
                partial(_draw, found=found),
            ),
        ],
        manifest={"spaces": manifest},
    )


def _verdict(found: Mapping[tuple[str, str, str], Read]) -> str:
    lines = ["## Verdict", ""]
    better = 0
    pairs = {
        (name, which): {how: r for (n, w, how), r in found.items() if (n, w) == (name, which)}
        for name, which, _ in found
    }
    for (name, which), readings in pairs.items():
        base = readings[PAIRWISE]
        best = max(
            (how for how in readings if how != PAIRWISE),
            key=lambda how: float(np.mean(readings[how].beyond)),
        )
        gains = 100 * (np.array(readings[best].beyond) - base.beyond)
        better += gains.mean() > 0
        lines.append(
            f"* {SPACES[name].title}, {which}: {best} as hyperedges change the share of the label's"
            f" variance explained beyond counts by {gains.mean():+.1f} points; it is larger than"
            f" with edges in {(gains > 0).sum()} of {len(gains)} draws."
        )
    lines.append(
        f"* In the mean hyperedges explain more than edges in {better} of {len(pairs)} comparisons."
    )
    return "\n".join(lines)


def _rows(found: Mapping[tuple[str, str, str], Read]) -> list[list[str]]:
    return [
        ["space", "surrogate", "hyperedges", "a graph", "different", "beyond counts"],
        *(
            [
                SPACES[name].title,
                which,
                how,
                f"{r.n_hyperedges:.1f}",
                f"{np.mean(r.n_different):,.0f}",
                f"{np.mean(r.beyond):.3f} ({min(r.beyond):.3f} to {max(r.beyond):.3f})",
            ]
            for (name, which, how), r in found.items()
        ),
    ]


def _draw(path: Path, found: Mapping[tuple[str, str, str], Read]) -> None:
    names = list(dict.fromkeys(name for name, _, _ in found))
    with drawing(path, (1, len(names)), (3 * len(names), 3.4), dpi=90) as (figure, axes):
        for panel, name in zip(axes, names, strict=True):
            whiches = list(dict.fromkeys(which for n, which, _ in found if n == name))
            for i, how in enumerate((PAIRWISE, SUMS, CONCATENATION)):
                values = [
                    (
                        100 * float(np.mean(found[name, which, how].beyond))
                        if (name, which, how) in found
                        else 0.0
                    )
                    for which in whiches
                ]
                panel.bar(np.arange(len(whiches)) + 0.26 * (i - 1), values, 0.24, label=how)
            panel.set_xticks(range(len(whiches)), whiches, fontsize=8)
            panel.set_title(SPACES[name].title, fontsize=9)
        axes[0].set_ylabel("% of variance beyond counts")
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
        )
