"""sanity: do surrogates cluster by structure, where operations are the same?

Chains against branching graphs. Two sets of families, each graph with one input and one output:

* chains, chains with shortcuts, dense graphs, two chains side by side, fans (all operations in
  parallel);
* five ways to lay n edges over n nodes, so that numbers of nodes and edges tell nothing: a chain
  with one shortcut, two chains of like length, a chain beside a single operation, a chain that
  begins or ends with a diamond.

A graph of each family is made from every draw of a number of nodes and a sequence of operations, so
families do not differ in them either. Clustering is measured by the mean silhouette, and by the
purity of neighbourhoods: how many of a graph's 10 nearest are of its family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasflow.experiments.pictures import drawing, principal_components
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.explained import operation_counts
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Edges = list[tuple[int, int]]

OPS = ("input", "conv1x1", "conv3x3", "maxpool3x3", "output")
N_NEIGHBOURS = 10


def _two_chains(n: int) -> Edges:
    half = n // 2
    return [*pairwise([0, *range(1, half), n - 1]), *pairwise([0, *range(half, n - 1), n - 1])]


FAMILIES: Mapping[str, Mapping[str, Callable[[int], Edges]]] = {
    "chains against branching": {
        "chain": lambda n: list(pairwise(range(n))),
        "shortcuts": lambda n: [(u, v) for u, v in combinations(range(n), 2) if v - u <= 2],
        "dense": lambda n: list(combinations(range(n), 2)),
        "two chains": _two_chains,
        "fan": lambda n: [
            *((0, v) for v in range(1, n - 1)),
            *((v, n - 1) for v in range(1, n - 1)),
        ],
    },
    "as many edges as nodes": {
        "one shortcut": lambda n: [*pairwise(range(n)), (0, n - 1)],
        "two chains": _two_chains,
        "one beside a chain": lambda n: [(0, 1), (1, n - 1), *pairwise([0, *range(2, n)])],
        "early diamond": lambda n: [(0, 1), (0, 2), (1, 3), (2, 3), *pairwise(range(3, n))],
        "late diamond": lambda n: [
            *pairwise(range(n - 3)),
            (n - 4, n - 3),
            (n - 4, n - 2),
            (n - 3, n - 1),
            (n - 2, n - 1),
        ],
    },
}
"""By set and family: the edges of a graph of n nodes, from its input (0) to its output (n - 1)."""
CONFIGS = {
    "sigma 1, k = 4": SurrogateConfig(k=4, sigma=1.0),
    "sigma 0.1, k = 8": SurrogateConfig(),
    "sigma 0.1, k = 8, rescale 1/2, gelu": SurrogateConfig(rescale=0.5, activation="gelu"),
}
_SHAPE, _CHANCE = "numbers of nodes and edges", "surrogate, families shuffled"

_DONE = (
    "Two sets of 5 families, {n_draws} graphs of 6 to 12 nodes in each family: each sequence of"
    " operations occurs once in every family. Surrogates are standardised over the graphs of a set."
)
_VERDICT = (
    "* {title}: of the nearest graphs {purities} are of the same family; {chance:.0f} % by chance,"
    " {shape:.0f} % by numbers of nodes and edges. {n_above} of {n} surrogates cluster by structure"
    " (twice chance or more); silhouettes {silhouettes}."
)


def families(
    of: Mapping[str, Callable[[int], Edges]], n_draws: int, seed: int = 0
) -> tuple[ArchTable, IntArray]:
    """Graphs of 6 to 12 nodes, one of every family for each draw; and the family (N,) of each."""
    rng = np.random.default_rng(seed)
    graphs: list[Architecture] = []
    for _ in range(n_draws):
        n = int(rng.integers(6, 13))
        ops = (OPS[0], *rng.choice(OPS[1:-1], n - 2).tolist(), OPS[-1])
        graphs.extend(Architecture(ops, tuple(edges(n))) for edges in of.values())
    return ArchTable.from_architectures(graphs, OPS), np.tile(np.arange(len(of)), n_draws)


def distances(features: FloatArray) -> FloatArray:
    """(N, N): Euclidean distances of standardised rows (N, d)."""
    scale = features.std(axis=0)
    x = (features - features.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    square = (x**2).sum(axis=1)
    apart: FloatArray = np.sqrt(np.maximum(square[:, None] + square - 2 * x @ x.T, 0.0))
    return apart


def silhouette(apart: FloatArray, family: IntArray) -> float:
    """Mean over the rows of (b - a) / max(a, b), from distances (N, N) and families (N,).

    a is the mean distance to the row's own family, b that to the nearest other.
    """
    size = np.bincount(family)
    to_each = [apart[:, family == number].sum(axis=1) for number in range(len(size))]
    to_family = np.stack(to_each, axis=1)  # (N, n_families)
    is_own = family[:, None] == np.arange(len(size))
    a = to_family[is_own] / (size[family] - 1)
    b = np.where(is_own, np.inf, to_family / size).min(axis=1)
    return float(((b - a) / np.maximum(np.maximum(a, b), 1e-300)).mean())


def purity(apart: FloatArray, family: IntArray, n_neighbours: int = N_NEIGHBOURS) -> float:
    """Mean share of each row's nearest rows that are of its family.

    Ties are broken at random, with a fixed seed.
    """
    noise = np.random.default_rng(0).random(apart.shape)
    # no row is its own neighbour
    to_others = np.where(np.eye(len(apart), dtype=bool), np.inf, apart)
    nearest = np.lexsort((noise, to_others), axis=1)[:, :n_neighbours]  # (N, n_neighbours)
    return float((family[nearest] == family[:, None]).mean())


@dataclass(frozen=True)
class Clustering:
    """How clearly the families of a set are clusters of some features."""

    silhouette: float
    purity: float


ByFeatures = Mapping[str, Clustering]
"""By the name of the features."""


def clustering(table: ArchTable, family: IntArray) -> tuple[ByFeatures, Mapping[str, FloatArray]]:
    """How graphs cluster by family, in the surrogates, in plain counts and by chance.

    And the surrogates (N, k) by name.
    """
    surrogates = {
        name: FlowSurrogate(table.n_ops, config).targets(table).double().numpy()
        for name, config in CONFIGS.items()
    }
    shape = np.stack([np.diff(table.node_ptr), np.diff(table.edge_ptr)], axis=1).astype(np.float64)
    features = {"counts of operations": operation_counts(table), _SHAPE: shape, **surrogates}
    by_features = {}
    for name, values in features.items():
        apart = distances(values)
        by_features[name] = Clustering(silhouette(apart, family), purity(apart, family))
    # of the last surrogate: chance is alike for all
    shuffled = np.random.default_rng(1).permutation(family)
    by_features[_CHANCE] = Clustering(silhouette(apart, shuffled), purity(apart, shuffled))
    return by_features, surrogates


def sanity(options: ReproduceOptions) -> Page:
    """How two sets of families cluster in the surrogates."""
    options.choose(())
    n_draws = 60 if options.quick else 300
    blocks: list[Block] = []
    verdict = ["## Verdict", ""]
    for i, (title, members) in enumerate(FAMILIES.items()):
        table, family = families(members, n_draws)
        by_features, surrogates = clustering(table, family)
        verdict.append(_verdict(title, by_features))
        draw = partial(_draw, surrogates=surrogates, family=family, titles=tuple(members))
        words = f"principal components of the surrogates, coloured by family: {title}"
        blocks.append(f"## {title.capitalize()}: {', '.join(members)}")
        blocks.extend([PageTable(_rows(by_features)), Picture(f"map-{i + 1}", words, draw)])
    return Page(
        "Do surrogates cluster by structure?",
        _DONE.format(n_draws=n_draws),
        ["\n".join(verdict), *blocks],
        manifest={"surrogates": {name: config.to_dict() for name, config in CONFIGS.items()}},
    )


def _rows(by_features: ByFeatures) -> list[list[str]]:
    rows = [
        [name, f"{c.silhouette:+.2f}", f"{100 * c.purity:.1f} %"] for name, c in by_features.items()
    ]
    return [["features", "silhouette", "purity of neighbourhoods"], *rows]


def _verdict(title: str, by_features: ByFeatures) -> str:
    chance, shape = by_features[_CHANCE].purity, by_features[_SHAPE].purity
    of_surrogates = {name: by_features[name] for name in CONFIGS}
    purities = [f"{100 * c.purity:.0f} % ({name})" for name, c in of_surrogates.items()]
    return _VERDICT.format(
        title=title.capitalize(),
        purities=", ".join(purities),
        chance=100 * chance,
        shape=100 * shape,
        n_above=sum(c.purity > 2 * chance for c in of_surrogates.values()),
        n=len(CONFIGS),
        silhouettes=", ".join(f"{c.silhouette:+.2f}" for c in of_surrogates.values()),
    )


def _draw(
    path: Path, surrogates: Mapping[str, FloatArray], family: IntArray, titles: tuple[str, ...]
) -> None:
    with drawing(path, (1, len(surrogates)), (13, 4.3), dpi=80) as (figure, axes):
        for panel, (name, features) in zip(axes, surrogates.items(), strict=True):
            projected, share = principal_components(features)
            for number, title in enumerate(titles):
                x, y = projected[family == number].T
                panel.scatter(x, y, s=6, linewidths=0, alpha=0.7, label=title)
            panel.set_title(f"{name}\n{100 * share.sum():.0f} % of the variance", fontsize=9)
            # the largest graphs lie far out; most of the rest would be one blot
            low, high = np.percentile(projected, [0.5, 96], axis=0)
            margin = 0.1 * (high - low)
            panel.set_xlim(low[0] - margin[0], high[0] + margin[0])
            panel.set_ylim(low[1] - margin[1], high[1] + margin[1])
        handles = axes[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=len(titles), markerscale=2)
