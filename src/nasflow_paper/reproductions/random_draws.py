"""random-draws: does it matter which random vectors flow? (The paper's appendix on their seed.)"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nasflow.experiments.settings import SETTINGS, TWO_SPACES
from nasflow.experiments.tables import by_method, paired, same_runs
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, page_of, wilcoxon
from nasflow_paper.reproductions.measured import MeasuredRuns, measure
from nasflow_paper.reproductions.variants import NONE, ZC_PROXY, Variant

DRAWS = tuple(
    Variant(f"FGP, draw {seed}", "flow+proxy", {"surrogate.seed": seed}) for seed in range(5)
)
RIVALS = (NONE, ZC_PROXY)


def random_draws(options: ReproduceOptions) -> Page:
    """The page on FGP with five draws of the random vectors."""
    done = (
        "FGP with five draws of the random vectors and matrices (r, P, W): seed 0, which serves"
        " everywhere else, and four more. The paper asks the same in an appendix; we have no number"
        " of it to set beside ours."
    )
    comparison = Comparison(
        "Five draws of the random vectors",
        done,
        [*RIVALS, *DRAWS],
        TWO_SPACES,
        pairs=[(draw.label, rival.label) for rival in RIVALS for draw in DRAWS],
    )
    measured = measure(comparison.variants, TWO_SPACES, options)
    notes: list[Block] = []
    header, *rows = _spread(measured)
    if rows:  # none where a single draw was asked for
        notes += ["## Does the draw matter?", PageTable([header, *rows])]
    notes += _in_words(measured)
    return page_of(replace(comparison, notes=notes), measured, options)


def _spread(measured: MeasuredRuns) -> list[list[str]]:
    """Standard deviations of tau x100 over draws, over seeds of the model and over splits."""
    rows = [
        [
            "space",
            "tau, mean over draws",
            "std over draws",
            "std over seeds of the model",
            "std over splits",
        ]
    ]
    for space in measured.datasets:
        taus = _taus(measured, space)
        if taus is not None:
            over_draws, over_splits, over_seeds = (_deviation(taus, axis) for axis in range(3))
            mean = f"{np.nanmean(taus):.1f}"
            rows.append([SETTINGS[space].title, mean, over_draws, over_seeds, over_splits])
    return rows


def _taus(measured: MeasuredRuns, space: str) -> npt.NDArray[np.float64] | None:
    """(n_draws, n_splits, n_seeds) float64: tau x100 of FGP, NaN where a draw lacks a run.

    Of the splits and seeds that have a run of every draw; None for fewer than two draws or none.
    """
    labels = [draw.label for draw in DRAWS]
    entries = [e for e in measured.of("ResGatedGCN", space) if e["method"] in labels]
    by_draw: dict[str, dict[tuple[int, int], float]] = {}
    for label, runs in by_method(entries).items():
        by_draw[label] = {(run["split"], run["seed"]): 100 * run["tau"] for run in runs}
    if len(by_draw) < 2:
        return None
    shared = set.intersection(*(set(taus) for taus in by_draw.values()))
    if not shared:
        return None
    splits = sorted({split for split, _ in shared})
    seeds = sorted({seed for _, seed in shared})
    # all draws may share (21, 21) and (22, 22) while some lack (21, 22): those cells stay NaN
    cube = np.full((len(by_draw), len(splits), len(seeds)), np.nan)
    for draw, taus in enumerate(by_draw.values()):
        for row, split in enumerate(splits):
            cube[draw, row] = [taus.get((split, seed), np.nan) for seed in seeds]
    return cube


def _deviation(cube: npt.NDArray[np.float64], axis: int) -> str:
    """The mean standard deviation along an axis, the others fixed; - where it has one value."""
    # of each line along the axis first: the spread of one thing at a time
    return "-" if cube.shape[axis] < 2 else f"{np.nanmean(np.nanstd(cube, axis=axis)):.1f}"


def _in_words(measured: MeasuredRuns) -> list[Block]:
    """How many draws are above each rival, a line for each space and rival."""
    sentences = []
    for space in measured.datasets:
        entries = measured.of("ResGatedGCN", space)
        for rival in RIVALS:
            # a draw that was not asked for may have no run in common with the rival
            draws = [draw.label for draw in DRAWS if same_runs(entries, draw.label, rival.label)]
            if not draws:
                continue
            above = [label for label in draws if paired(entries, label, rival.label).mean > 0]
            # 0.05: the usual threshold, on a p that the page says is too small
            clear = [label for label in above if wilcoxon(entries, label, rival.label) < 0.05]
            sentences.append(
                f"* {SETTINGS[space].title}: {len(above)} of {len(draws)} draws are above"
                f" {rival.label} in tau, {len(clear)} of them with p < 0.05."
            )
    return ["\n".join(sentences)] if sentences else []
