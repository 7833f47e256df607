"""hypergraph: several inputs of one sum or concatenation as one directed hyperedge.

Against an edge for each input. The surrogate of hypergraphs is defined, and reduced to that of
graphs, in `hyperedges`. What is a hyperedge:

* NAS-Bench-101: a node adds what it receives; the output concatenates.
* NAS-Bench-201: what ends at one feature map is added.
* NAS-Bench-301: every step of a cell adds two operations, whose sum has several targets; a cell's
  output concatenates. The usual graph has nodes for these sums already: it is a star graph, and the
  pairwise one is that without them.
* NAS-Bench-Graph: the output concatenates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from nasflow_paper.questions.rows import ALL_ROWS, labelled_rows
from nasflow_paper.questions.spaces import SPACES, published_and_cured
from nasflow_paper.questions.telling_apart import n_groups
from nasflow_paper.reproductions.base import Page, PageTable, Picture, ReproduceOptions

PAIRWISE, SUMS, CONCATENATION = "pairwise", "sums", "sums and concatenation"
NB101_SUMS = {"conv1x1": "hyper sum", "conv3x3": "hyper sum", "maxpool3x3": "hyper sum"}
OUTPUT = {"output": "hyper concatenation"}

Reading = tuple[Callable[[ArchTable], ArchTable], int]
"""From a space's table to that of the star graphs, and how many kinds these have of their own."""
AS_IT_IS: Reading = (lambda table: table, 0)
READINGS: Mapping[str, Mapping[str, Reading]] = {
    "nb101": {
        PAIRWISE: AS_IT_IS,
        SUMS: (lambda table: combined(table, NB101_SUMS), 1),
        CONCATENATION: (lambda table: combined(table, NB101_SUMS | OUTPUT), 2),
    },
    "nb201": {
        PAIRWISE: AS_IT_IS,
        SUMS: (lambda table: combined(table, dict.fromkeys(table.vocabulary, "hyper sum")), 1),
    },
    "nb301": {
        PAIRWISE: (lambda table: bypassed(table, "sum"), 0),
        SUMS: AS_IT_IS,
        CONCATENATION: (lambda table: combined(table, OUTPUT), 1),
    },
    "nbgraph": {
        PAIRWISE: AS_IT_IS,
        CONCATENATION: (lambda table: combined(table, OUTPUT), 1),
    },
}

_DONE = (
    "Every set of inputs that is added or concatenated as one directed hyperedge, which converts"
    " their sum once, before the operation that receives it; against an edge for each input. Both"
    " surrogates of a space share r, P and W. A hyperedge with one source is an edge. Means over"
    " {n_draws} draws, least to largest in brackets."
)
_CHANGE = (
    "* {space}, {surrogate}: {best} as hyperedges change the share of the label's variance"
    " explained beyond counts by {gain:+.1f} points; it is larger than with edges in {n_larger} of"
    " {n_draws} draws."
)
_BETTER = "* In the mean hyperedges explain more than edges in {n_better} of {n} comparisons."


@dataclass(frozen=True)
class Read:
    """What the surrogates of one reading of a space are like, draw after draw."""

    n_hyperedges: float
    """With several sources, a graph, the mean."""
    n_different: list[int]
    beyond: list[float]
    """Share of the label's variance explained beyond counts of operations."""

    @property
    def mean_beyond(self) -> float:
        """The mean share over the draws."""
        return float(np.mean(self.beyond))


ByReading = Mapping[tuple[str, str, str], Read]
"""By space, surrogate and reading."""


def read(
    table: ArchTable,
    reading: Reading,
    labels: npt.NDArray[np.float64],
    config: SurrogateConfig,
    n_draws: int,
) -> Read:
    """The surrogates of `table` in one reading, against labels (N,), for the first seeds."""
    to_star, n_kinds = reading
    star = to_star(table)
    merging = [i for i, op in enumerate(star.vocabulary) if op.startswith("hyper") or op == "sum"]
    n_different, beyond = [], []
    for seed in range(n_draws):
        surrogate = FlowSurrogate(
            star.n_ops, replace(config, seed=seed), torch.float64, n_later_ops=n_kinds
        )
        raw = surrogate(star)  # (N, k)
        n_different.append(n_groups(raw.numpy(), 1e-9))
        beyond.append(explained_beyond(table, standardised(raw).double().numpy(), labels))
    n_hyperedges = float(np.isin(star.ops, merging).sum() / len(table))
    return Read(n_hyperedges, n_different, beyond)


def hypergraph(options: ReproduceOptions) -> Page:
    """What hyperedges change of the surrogates of each space."""
    names = options.choose(tuple(READINGS))
    by_reading: dict[tuple[str, str, str], Read] = {}
    manifest = {}
    n_rows, n_draws = (3000, 2) if options.quick else (ALL_ROWS, 5)
    n_steps = sum(len(READINGS[name]) for name in names)
    with progress_bar("hypergraph", n_steps, show=options.progress) as advance:
        for name in names:
            setting = SPACES[name]
            dataset = setting.dataset()
            labels = dataset.labels(setting.metric)
            rows = labelled_rows(labels, n_rows)
            table, labels = dataset.table[rows], labels[rows]
            configs = published_and_cured(setting.stages().surrogate)
            for how, reading in READINGS[name].items():
                for which, config in configs.items():
                    by_reading[name, which, how] = read(table, reading, labels, config, n_draws)
                advance(f"{name}, {how}")
            manifest[name] = {
                **about_dataset(dataset, setting.metric),
                "rows": len(rows),
                "surrogates": {which: config.to_dict() for which, config in configs.items()},
            }
    done = _DONE.format(n_draws=n_draws)
    if options.quick:
        done += f" A first look: {n_rows:,} rows of each space."
    picture = Picture(
        "beyond",
        "share of the label's variance explained beyond counts, by reading of the graph",
        partial(_draw, by_reading=by_reading),
    )
    return Page(
        "Sums and concatenations as hyperedges",
        done,
        [_verdict(by_reading), PageTable(_rows(by_reading)), picture],
        manifest={"spaces": manifest},
    )


def _verdict(by_reading: ByReading) -> str:
    by_surrogate: dict[tuple[str, str], dict[str, Read]] = {}
    for (name, which, how), r in by_reading.items():
        by_surrogate.setdefault((name, which), {})[how] = r
    lines = ["## Verdict", ""]
    mean_gains = []
    for (name, which), readings in by_surrogate.items():
        others = [how for how in readings if how != PAIRWISE]
        best = max(others, key=lambda how: readings[how].mean_beyond)
        # draw by draw: both have the same r, P and W
        gains = 100 * (np.array(readings[best].beyond) - readings[PAIRWISE].beyond)
        mean_gains.append(gains.mean())
        lines.append(
            _CHANGE.format(
                space=SPACES[name].title,
                surrogate=which,
                best=best,
                gain=gains.mean(),
                n_larger=(gains > 0).sum(),
                n_draws=len(gains),
            )
        )
    n_better = sum(gain > 0 for gain in mean_gains)
    lines.append(_BETTER.format(n_better=n_better, n=len(mean_gains)))
    return "\n".join(lines)


def _rows(by_reading: ByReading) -> list[list[str]]:
    rows = [["space", "surrogate", "hyperedges", "a graph", "different", "beyond counts"]]
    for (name, which, how), r in by_reading.items():
        rows.append(
            [
                SPACES[name].title,
                which,
                how,
                f"{r.n_hyperedges:.1f}",
                f"{np.mean(r.n_different):,.0f}",
                f"{r.mean_beyond:.3f} ({min(r.beyond):.3f} to {max(r.beyond):.3f})",
            ]
        )
    return rows


def _draw(path: Path, by_reading: ByReading) -> None:
    names = list(dict.fromkeys(name for name, _, _ in by_reading))
    with drawing(path, (1, len(names)), (3 * len(names), 3.4), dpi=90) as (figure, axes):
        for panel, name in zip(axes, names, strict=True):
            whiches = list(dict.fromkeys(which for n, which, _ in by_reading if n == name))
            places = np.arange(len(whiches))
            for i, how in enumerate((PAIRWISE, SUMS, CONCATENATION)):
                # a reading that a space does not have leaves a gap: a colour is a reading
                reads = [by_reading.get((name, which, how)) for which in whiches]
                shares = [100 * r.mean_beyond if r else 0.0 for r in reads]
                panel.bar(places + 0.26 * (i - 1), shares, 0.24, label=how)
            panel.set_xticks(range(len(whiches)), whiches, fontsize=8)
            panel.set_title(SPACES[name].title, fontsize=9)
        axes[0].set_ylabel("% of variance beyond counts")
        handles = axes[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=8)
