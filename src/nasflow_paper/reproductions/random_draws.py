"""random-draws: does it matter which random vectors flow? (The paper's appendix on the seed of the
surrogate.)
"""

from __future__ import annotations

import numpy as np

from nasflow.experiments.settings import SETTINGS, TWO_SPACES
from nasflow.experiments.tables import by_method, paired, same_runs
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import Comparison, page_of, wilcoxon
from nasflow_paper.reproductions.variants import NONE, ZC_PROXY, Measured, Variant, measure

DRAWS = tuple(
    Variant(f"FGP, draw {seed}", "flow+proxy", {"surrogate.seed": seed}) for seed in range(5)
)
RIVALS = (NONE, ZC_PROXY)


def random_draws(options: ReproduceOptions) -> Page:
    """The page."""
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
    spread = _spread(measured)
    notes: list[Block] = ["## Does the draw matter?", Table(spread)] if len(spread) > 1 else []
    return page_of(
        Comparison(**{**vars(comparison), "notes": [*notes, *_in_words(measured)]}),
        measured,
        options,
    )


def _spread(measured: Measured) -> list[list[str]]:
    """How far draws lie apart, beside seeds of the model and splits: standard deviations of tau
    x100.
    """
    rows = [
        [
            "space",
            "tau, mean over draws",
            "std over draws",
            "std over seeds of the model",
            "std over splits",
        ]
    ]
    labels = [draw.label for draw in DRAWS]
    for space in measured.datasets:
        runs = by_method([e for e in measured.of("ResGatedGCN", space) if e["method"] in labels])
        shared = (
            set.intersection(*({(e["split"], e["seed"]) for e in own} for own in runs.values()))
            if runs
            else set()
        )
        if len(runs) < 2 or not shared:
            continue
        splits, seeds = ({key[i] for key in shared} for i in (0, 1))
        shared = {(split, seed) for split in splits for seed in seeds} & shared
        by_key = {
            label: {(e["split"], e["seed"]): 100 * e["tau"] for e in own}
            for label, own in runs.items()
        }
        cube = np.array(
            [
                [
                    [by_key[label].get((split, seed), np.nan) for seed in sorted(seeds)]
                    for split in sorted(splits)
                ]
                for label in by_key
            ]
        )  # draw, split, seed
        rows.append(
            [
                SETTINGS[space].title,
                f"{np.nanmean(cube):.1f}",
                *(_deviation(cube, axis) for axis in (0, 2, 1)),
            ]
        )
    return rows


def _deviation(cube: np.ndarray, axis: int) -> str:
    """The standard deviation along one axis, the others held fixed, its mean; - where there is one
    value alone.
    """
    return "-" if cube.shape[axis] < 2 else f"{np.nanmean(np.nanstd(cube, axis=axis)):.1f}"


def _in_words(measured: Measured) -> list[Block]:
    sentences = []
    for space in measured.datasets:
        entries = measured.of("ResGatedGCN", space)
        for rival in RIVALS:
            known = [draw.label for draw in DRAWS if same_runs(entries, draw.label, rival.label)]
            if not known:
                continue
            above = [label for label in known if paired(entries, label, rival.label).mean > 0]
            clear = [label for label in above if wilcoxon(entries, label, rival.label) < 0.05]
            sentences.append(
                f"* {SETTINGS[space].title}: {len(above)} of {len(known)} draws are above"
                f" {rival.label} in tau, {len(clear)} of them with p < 0.05."
            )
    return ["\n".join(sentences)] if sentences else []
