"""equal-time: every pre-training for the same seconds (the paper's appendix on the cost of
pre-training).
"""

from __future__ import annotations

from dataclasses import replace

from nasflow.datasets import Dataset
from nasflow.experiments.settings import PAPER_SPACES, SETTINGS
from nasflow.running.progress import progress_bar
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.epoch_seconds import TURNS, kept_epoch_seconds
from nasflow_paper.reproductions.variants import (
    FGP,
    FLOW,
    METHODS,
    NONE,
    has_proxy,
    measure,
    spaces_of,
    stages_of,
)

PRETRAINED = METHODS[1:]


def equal_time(options: ReproduceOptions) -> Page:
    """The page."""
    done = (
        f"Each pre-training runs for the seconds that {FGP.label} takes for its own number of"
        " epochs. The seconds of an epoch are measured beforehand, on one thread of this machine,"
        f" the fastest of {TURNS}, and kept in the journal; the number of epochs follows, rounded,"
        " at least one. The learning rate's schedule spans whatever number it is. Methods that"
        " cost nearly the same, such as FGP and its two parts, differ by noise, so by an epoch or"
        " three. With these numbers the result can be made again on any machine; the manifest has"
        " them."
    )
    seconds: dict[str, dict[str, float]] = {}
    names = spaces_of(PAPER_SPACES, options)
    with progress_bar("spaces", len(names), show=options.progress) as advance:
        for space in names:
            dataset = SETTINGS[space].dataset()
            seconds[space] = _epoch_seconds(space, dataset, options)
            advance(space)
    epochs = {space: _epochs(space, own, options.quick) for space, own in seconds.items()}
    variants = [
        NONE,
        *(
            replace(
                v,
                by_space={
                    space: {"pretrain.epochs": own[v.label]}
                    for space, own in epochs.items()
                    if v.label in own
                },
            )
            for v in PRETRAINED
        ),
    ]
    measured = measure(variants, PAPER_SPACES, options)
    rows = [["space", "method", "s an epoch", "epochs", "epochs in table 1"]]
    for space, own in epochs.items():
        rows += [
            [
                SETTINGS[space].title,
                v.label,
                f"{seconds[space][v.label]:.2f}",
                str(own[v.label]),
                str(stages_of(v, space, options.quick).pretrain.epochs),
            ]
            for v in PRETRAINED
            if v.label in own
        ]
    notes: list[Block] = ["## Seconds", Table(rows)]
    pairs = [(FGP.label, v.label) for v in variants if v.label != FGP.label]
    measured.manifest["epoch_seconds"] = seconds
    return page_of(
        Comparison(
            "Pre-training for the same time", done, variants, PAPER_SPACES, pairs=pairs, notes=notes
        ),
        measured,
        options,
    )


def _epoch_seconds(space: str, dataset: Dataset, options: ReproduceOptions) -> dict[str, float]:
    """Seconds of an epoch of each method that the space allows."""
    return {
        v.label: kept_epoch_seconds(v, space, dataset, options.quick, options.folder)
        for v in PRETRAINED
        if has_proxy(v, space, dataset)
    }


def _epochs(space: str, seconds: dict[str, float], quick: bool) -> dict[str, int]:
    """How many epochs of each method take as long as those of FGP: with the proxy if the space has
    one.
    """
    budget = FGP if FGP.label in seconds else FLOW
    total = seconds[budget.label] * stages_of(budget, space, quick).pretrain.epochs
    return {label: max(1, round(total / own)) for label, own in seconds.items()}
