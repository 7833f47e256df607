"""robustness: does the draw of the random vectors matter more, or the seed of the model?

First the surrogates alone, for many draws: how far draws agree on which architectures are alike
(linear centred kernel alignment of their standardised surrogates, Kornblith et al., ICML 2019), and
how the share of the label's variance that they explain beyond counts of operations spreads. Then
pre-training through the protocol, every draw with every seed of the model on every split, and the
variance of tau taken apart by analysis of variance (`variance_parts`): what draws, seeds and splits
add, and what is left. `--only surrogates` leaves the training out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasflow.experiments.pictures import drawing
from nasflow.experiments.settings import TWO_SPACES
from nasflow.experiments.tables import Entry, by_method
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.explained import beyond_by_draw
from nasflow_paper.questions.rows import ALL_ROWS, labelled_rows
from nasflow_paper.questions.spaces import SPACES, published_and_cured
from nasflow_paper.questions.variance_parts import variance_parts
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.measured import MeasuredRuns, measure
from nasflow_paper.reproductions.variants import NONE, Variant

FloatArray = npt.NDArray[np.float64]

SURROGATES = "surrogates"
DRAWS = tuple(Variant(f"flow, draw {seed}", "flow", {"surrogate.seed": seed}) for seed in range(5))

_DONE = (
    "Surrogates of {n_draws} draws: the alignment of pairs of them, and the share of the label's"
    " variance that each explains beyond counts of operations (see the question `correlation`)."
)
_THEN = (
    " Then flow pre-training on five of the draws, every one with every seed of the model on every"
    " split."
)
_ALIGNMENT = (
    "* {space}, {surrogate}: the alignment of two draws is {mean:.2f} in the mean ({least:.2f} to"
    " {most:.2f}); the share explained beyond counts is {beyond:.1f} % with a standard deviation of"
    " {spread:.1f} over draws."
)
_PARTS = (
    "* {space}: the draw matters {larger} than the seed of the model: standard deviations of tau"
    " x100 {draw:.2f} and {seed:.2f}; splits add {split:.2f}, all else {rest:.2f}."
)
_PARTS_TITLE = (
    "## Pre-training on them\n\nParts of the variance of tau x100, by analysis of variance."
)


def alignment(a: FloatArray, b: FloatArray) -> float:
    """Linear centred kernel alignment of two sets of columns (N, k).

    1 if they span the same, 0 if they are unrelated.
    """
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = float(np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    return float(np.linalg.norm(a.T @ b) ** 2 / max(scale, 1e-300))


@dataclass(frozen=True)
class DrawsCompared:
    """Many draws of one space's surrogate."""

    alignment: list[float]
    """Of every pair of draws."""
    beyond: list[float]
    """Share of the label's variance explained beyond counts, by draw."""


def compare_draws(
    table: ArchTable, labels: FloatArray, config: SurrogateConfig, n_draws: int
) -> DrawsCompared:
    """How draws of a surrogate agree on a table (N rows), and spread against labels (N,)."""
    surrogates = [
        FlowSurrogate(table.n_ops, replace(config, seed=seed)).targets(table).double().numpy()
        for seed in range(n_draws)
    ]
    return DrawsCompared(
        [alignment(a, b) for a, b in combinations(surrogates, 2)],
        beyond_by_draw(table, labels, config, n_draws),
    )


Compared = Mapping[tuple[str, str], DrawsCompared]
"""By space and surrogate."""


def robustness(options: ReproduceOptions) -> Page:
    """How draws differ, without training and after it."""
    without_training = options.only == (SURROGATES,)
    spaces = ("nb101", "nb201", "nb301", "nbgraph") if without_training else TWO_SPACES
    names = options.choose(spaces)
    n_draws, n_rows = (4, 3000) if options.quick else (20, ALL_ROWS)
    compared: dict[tuple[str, str], DrawsCompared] = {}
    with progress_bar(SURROGATES, 2 * len(names), show=options.progress) as advance:
        for name in names:
            setting = SPACES[name]
            dataset = setting.dataset()
            labels = dataset.labels(setting.metric)
            rows = labelled_rows(labels, n_rows)
            table, labels = dataset.table[rows], labels[rows]
            configs = published_and_cured(setting.stages("flow").surrogate)
            for which, config in configs.items():
                compared[name, which] = compare_draws(table, labels, config, n_draws)
                advance(f"{name}, {which}")
    title = "Draws of the random vectors against seeds of the model"
    done = _DONE.format(n_draws=n_draws)
    picture = Picture(
        "draws", "what each draw explains beyond counts", partial(_draw, compared=compared)
    )
    notes: list[Block] = [
        "## The surrogates alone",
        _alignment_in_words(compared),
        PageTable(_compared_rows(compared)),
        picture,
    ]
    if without_training:
        return Page(title, done, notes, manifest={"spaces": list(names)})
    variants = [NONE, *DRAWS]
    # a spread over seeds needs two of them, also for a first look
    seeds = options.seeds or ((21, 2021) if options.quick else None)
    measured = measure(variants, TWO_SPACES, replace(options, seeds=seeds))
    return page_of(
        Comparison(
            title,
            done + _THEN,
            variants,
            TWO_SPACES,
            pairs=[(draw.label, NONE.label) for draw in DRAWS],
            notes=[*notes, *_training(measured)],
        ),
        measured,
        options,
    )


def _training(measured: MeasuredRuns) -> list[Block]:
    """The parts of tau's variance by space, where draws, splits and seeds are all combined."""
    cubes = {
        SPACES[space].title: tau_cube(measured.of("ResGatedGCN", space))
        for space in measured.datasets
    }
    complete = {title: cube for title, cube in cubes.items() if cube is not None}
    if not complete:
        return []
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
    for title, cube in complete.items():
        parts = variance_parts(cube)
        in_order = (parts.draw, parts.seed, parts.split, parts.rest)
        rows.append([title, f"{cube.mean():.1f}", *(f"{part:.2f}" for part in in_order)])
        larger = "more" if parts.draw > parts.seed else "no more"
        words.append(_PARTS.format(space=title, larger=larger, **vars(parts)))
    return [_PARTS_TITLE, "\n".join(words), PageTable(rows)]


def tau_cube(entries: Sequence[Entry]) -> FloatArray | None:
    """(draws, splits, seeds): tau x100 of the runs that all draws have.

    None without two draws and two seeds.
    """
    labels = {draw.label for draw in DRAWS}
    runs = by_method([entry for entry in entries if entry["method"] in labels])
    if len(runs) < 2:
        return None
    taus = [_tau_by_run(runs_of_draw) for runs_of_draw in runs.values()]
    shared = set.intersection(*map(set, taus))
    seeds = sorted({seed for _, seed in shared})
    # a split where a seed is missing would leave a hole
    in_any = sorted({split for split, _ in shared})
    splits = [split for split in in_any if shared.issuperset(product([split], seeds))]
    if not splits or len(seeds) < 2:
        return None
    in_order = list(product(splits, seeds))
    flat = []
    for tau in taus:
        flat.append([tau[run] for run in in_order])
    return np.array(flat).reshape(len(taus), len(splits), len(seeds))


def _tau_by_run(entries: Sequence[Entry]) -> dict[tuple[int, int], float]:
    """tau x100 by split and seed."""
    return {(e["split"], e["seed"]): 100 * float(e["tau"]) for e in entries}


def _alignment_in_words(compared: Compared) -> str:
    lines = []
    for (name, which), draws in compared.items():
        lines.append(
            _ALIGNMENT.format(
                space=SPACES[name].title,
                surrogate=which,
                mean=np.mean(draws.alignment),
                least=min(draws.alignment),
                most=max(draws.alignment),
                beyond=100 * np.mean(draws.beyond),
                spread=100 * np.std(draws.beyond),
            )
        )
    return "\n".join(lines)


def _compared_rows(compared: Compared) -> list[list[str]]:
    rows = [["space", "surrogate", "alignment of draws", "beyond counts", "std", "least", "most"]]
    for (name, which), draws in compared.items():
        shares = (np.mean(draws.beyond), np.std(draws.beyond), min(draws.beyond), max(draws.beyond))
        rows.append(
            [
                SPACES[name].title,
                which,
                f"{np.mean(draws.alignment):.2f}",
                *(f"{share:.3f}" for share in shares),
            ]
        )
    return rows


def _draw(path: Path, compared: Compared) -> None:
    with drawing(path, size=(7.5, 3.8), dpi=90) as (_, (axes,)):
        for i, draws in enumerate(compared.values()):
            x = i + np.linspace(-0.2, 0.2, len(draws.beyond))
            mean = 100 * np.mean(draws.beyond)
            axes.plot(x, 100 * np.array(draws.beyond), "o", markersize=3)
            axes.plot([i - 0.3, i + 0.3], [mean, mean], color="black", linewidth=1)
        titles = [f"{SPACES[name].title}\n{which}" for name, which in compared]
        axes.set_xticks(range(len(compared)), titles, fontsize=6)
        axes.set_ylabel("% of variance beyond counts, by draw")
