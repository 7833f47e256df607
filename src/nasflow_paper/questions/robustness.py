"""robustness: does the draw of the random vectors matter more, or the seed of the model?

First the surrogates alone, for many draws: how far draws agree on which architectures are alike
(linear centred kernel alignment of their standardised surrogates, Kornblith et al., ICML 2019), and
how the share of the label's variance that they explain beyond counts of operations spreads. Then
pre-training through the protocol, every draw with every seed of
the model on every split, and the variance of tau taken apart by analysis of variance: what draws,
seeds and splits add, and what is left. `--only surrogates` leaves the training out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasflow.experiments.pictures import drawing
from nasflow.experiments.settings import TWO_SPACES
from nasflow.experiments.tables import by_method
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.explained import beyond_by_draw
from nasflow_paper.questions.spaces import SPACES
from nasflow_paper.reproductions.base import Block, Page, Picture, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.variants import NONE, Measured, Variant, measure

FloatArray = npt.NDArray[np.float64]

SURROGATES = "surrogates"
DRAWS = tuple(Variant(f"flow, draw {seed}", "flow", {"surrogate.seed": seed}) for seed in range(5))
CURE = {"sigma": 0.1, "rescale": 0.5, "activation": "gelu"}


def alignment(a: FloatArray, b: FloatArray) -> float:
    """Linear centred kernel alignment of two sets of columns (N, k): 1 if they span the same, 0 if
    unrelated.
    """
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = float(np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    return float(np.linalg.norm(a.T @ b) ** 2 / max(scale, 1e-300))


@dataclass(frozen=True)
class Spread:
    """Many draws of one space's surrogate."""

    alignment: list[float]
    """Of every pair of draws."""
    beyond: list[float]
    """Share of the label's variance explained beyond counts, by draw."""


def spread(table: ArchTable, labels: FloatArray, config: SurrogateConfig, n_draws: int) -> Spread:
    """How draws of a surrogate agree on a table (N rows), and spread against labels (N,)."""
    drawn = [
        FlowSurrogate(table.n_ops, replace(config, seed=seed)).targets(table).double().numpy()
        for seed in range(n_draws)
    ]
    return Spread(
        [alignment(a, b) for a, b in combinations(drawn, 2)],
        beyond_by_draw(table, labels, config, n_draws),
    )


@dataclass(frozen=True)
class Components:
    """Standard deviations of what each source adds to a number measured for all combinations; 0
    where it adds none.
    """

    draw: float
    seed: float
    split: float
    rest: float


def components(cube: FloatArray) -> Components:
    """The parts of a (draws, splits, seeds) array's variance: random effects without interactions,
    by mean squares.

    With x = mean + draw + split + seed + rest: the expected mean square of a factor is the rest's
    variance plus that of the factor times the number of values at each of its levels. An axis with
    one level has no part.
    """
    mean = cube.mean()
    squares, degrees = {}, {}
    residual = cube - mean
    for axis in range(3):
        others = tuple(i for i in range(3) if i != axis)
        effect = cube.mean(axis=others, keepdims=True) - mean
        residual = residual - effect
        degrees[axis] = cube.shape[axis] - 1
        squares[axis] = float((effect**2).sum()) * cube.size / cube.shape[axis]
    left = cube.size - 1 - sum(degrees.values())
    rest = float((residual**2).sum()) / left if left > 0 else 0.0

    def part(axis: int) -> float:
        if not degrees[axis]:
            return 0.0
        return float(
            np.sqrt(max(0.0, (squares[axis] / degrees[axis] - rest) * cube.shape[axis] / cube.size))
        )

    return Components(part(0), part(2), part(1), float(np.sqrt(rest)))


def robustness(options: ReproduceOptions) -> Page:
    """The page."""
    names = options.choose(
        ("nb101", "nb201", "nb301", "nbgraph") if options.only == (SURROGATES,) else TWO_SPACES
    )
    n_draws, n_rows = (4, 3000) if options.quick else (20, 10**9)
    spreads: dict[tuple[str, str], Spread] = {}
    with progress_bar(SURROGATES, 2 * len(names), show=options.progress) as advance:
        for name in names:
            setting = SPACES[name]
            dataset, own = setting.dataset(), setting.stages("flow").surrogate
            labels = dataset.labels(setting.metric)
            rows = np.flatnonzero(np.isfinite(labels))
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:n_rows])
            configs = {
                "as published": own,
                "rescale 1/2, gelu": SurrogateConfig.from_dict({**own.to_dict(), **CURE}),
            }
            for which, config in configs.items():
                spreads[name, which] = spread(dataset.table[rows], labels[rows], config, n_draws)
                advance(f"{name}, {which}")
    title = "Draws of the random vectors against seeds of the model"
    done = (
        f"Surrogates of {n_draws} draws: the alignment of pairs of them, and the share of the"
        " label's variance that each explains beyond counts of operations (see the question"
        " `correlation`)."
    )
    notes: list[Block] = [
        "## The surrogates alone",
        _surrogate_verdict(spreads),
        Table(_spread_rows(spreads)),
        Picture("draws", "what each draw explains beyond counts", partial(_draw, spreads=spreads)),
    ]
    if options.only == (SURROGATES,):
        return Page(title, done, notes, manifest={"spaces": list(names)})
    variants = [NONE, *DRAWS]
    # a spread over seeds needs two of them, also for a first look
    seeds = options.seeds or ((21, 2021) if options.quick else None)
    measured = measure(variants, TWO_SPACES, replace(options, seeds=seeds))
    notes += _training(measured)
    done += (
        " Then flow pre-training on five of the draws, every one with every seed of the model on"
        " every split."
    )
    return page_of(
        Comparison(
            title,
            done,
            variants,
            TWO_SPACES,
            pairs=[(draw.label, "none") for draw in DRAWS],
            notes=notes,
        ),
        measured,
        options,
    )


def _training(measured: Measured) -> list[Block]:
    """The parts of the variance of tau, for each space where draws, splits and seeds are all
    combined.
    """
    rows = [
        [
            "space",
            "tau, mean",
            "std of draws",
            "std of seeds of the model",
            "std of splits",
            "std of the rest",
        ]
    ]
    words = []
    for space in measured.datasets:
        cube = tau_cube(measured.of("ResGatedGCN", space))
        if cube is None:
            continue
        parts = components(cube)
        rows.append(
            [
                SPACES[space].title,
                f"{cube.mean():.1f}",
                *(f"{value:.2f}" for value in (parts.draw, parts.seed, parts.split, parts.rest)),
            ]
        )
        larger = "more" if parts.draw > parts.seed else "no more"
        words.append(
            f"* {SPACES[space].title}: the draw matters {larger} than the seed of the model:"
            f" standard deviations of tau x100 {parts.draw:.2f} and {parts.seed:.2f}; splits add"
            f" {parts.split:.2f}, all else {parts.rest:.2f}."
        )
    if not words:
        return []
    return [
        "## Pre-training on them\n\nParts of the variance of tau x100, by analysis of variance.",
        "\n".join(words),
        Table(rows),
    ]


def tau_cube(entries: Sequence[Mapping[str, object]]) -> FloatArray | None:
    """(draws, splits, seeds): tau x100 of the runs that all draws have; None without two draws and
    two seeds.
    """
    labels = {draw.label for draw in DRAWS}
    runs = by_method([entry for entry in entries if entry["method"] in labels])
    if len(runs) < 2:
        return None
    by_key = [
        {(e["split"], e["seed"]): 100 * float(e["tau"]) for e in own} for own in runs.values()
    ]
    shared = set.intersection(*map(set, by_key))
    seeds = {seed for _, seed in shared}
    splits = {split for split, _ in shared if all((split, seed) in shared for seed in seeds)}
    if not splits or len(seeds) < 2:
        return None
    return np.array(
        [
            [[own[split, seed] for seed in sorted(seeds)] for split in sorted(splits)]
            for own in by_key
        ]
    )


def _surrogate_verdict(spreads: Mapping[tuple[str, str], Spread]) -> str:
    return "\n".join(
        f"* {SPACES[name].title}, {which}: the alignment of two draws is {np.mean(s.alignment):.2f}"
        f" in the mean ({min(s.alignment):.2f} to {max(s.alignment):.2f}); the share explained"
        f" beyond counts is {100 * np.mean(s.beyond):.1f} % with a standard deviation of"
        f" {100 * np.std(s.beyond):.1f} over draws."
        for (name, which), s in spreads.items()
    )


def _spread_rows(spreads: Mapping[tuple[str, str], Spread]) -> list[list[str]]:
    return [
        ["space", "surrogate", "alignment of draws", "beyond counts", "std", "least", "most"],
        *(
            [
                SPACES[name].title,
                which,
                f"{np.mean(s.alignment):.2f}",
                f"{np.mean(s.beyond):.3f}",
                f"{np.std(s.beyond):.3f}",
                f"{min(s.beyond):.3f}",
                f"{max(s.beyond):.3f}",
            ]
            for (name, which), s in spreads.items()
        ),
    ]


def _draw(path: Path, spreads: Mapping[tuple[str, str], Spread]) -> None:
    with drawing(path, size=(7.5, 3.8), dpi=90) as (_, (axes,)):
        for i, s in enumerate(spreads.values()):
            x = i + np.linspace(-0.2, 0.2, len(s.beyond))
            axes.plot(x, 100 * np.array(s.beyond), "o", markersize=3)
            axes.plot([i - 0.3, i + 0.3], [100 * np.mean(s.beyond)] * 2, color="black", linewidth=1)
        axes.set_xticks(
            range(len(spreads)),
            [f"{SPACES[name].title}\n{which}" for name, which in spreads],
            fontsize=6,
        )
        axes.set_ylabel("% of variance beyond counts, by draw")
