"""equal-time: every pre-training for the same seconds (the paper's appendix on their cost)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nasflow.datasets import Dataset
from nasflow.experiments.settings import PAPER_SPACES, SETTINGS
from nasflow.running.progress import progress_bar
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.epoch_seconds import TURNS, kept_epoch_seconds
from nasflow_paper.reproductions.measured import measure
from nasflow_paper.reproductions.variants import (
    FGP,
    FLOW,
    METHODS,
    NONE,
    Variant,
    has_proxy,
    pretraining_epochs,
    spaces_of,
)

PRETRAINED = METHODS[1:]


def equal_time(options: ReproduceOptions) -> Page:
    """The page on pre-trainings of the same seconds."""
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
    epochs = {space: _epochs(space, by_label, options.quick) for space, by_label in seconds.items()}
    variants = [NONE, *(_with_epochs(variant, epochs) for variant in PRETRAINED)]
    measured = measure(variants, PAPER_SPACES, options)
    rows = [["space", "method", "s an epoch", "epochs", "epochs in table 1"]]
    for space, by_label in epochs.items():
        for v in PRETRAINED:
            if v.label in by_label:
                usual = pretraining_epochs(v, space, options.quick)
                of_an_epoch = f"{seconds[space][v.label]:.2f}"
                title = SETTINGS[space].title
                rows.append([title, v.label, of_an_epoch, str(by_label[v.label]), str(usual)])
    notes: list[Block] = ["## Seconds", PageTable(rows)]
    pairs = [(FGP.label, v.label) for v in variants if v.label != FGP.label]
    measured.manifest["epoch_seconds"] = seconds
    return page_of(
        Comparison(
            "Pre-training for the same time", done, variants, PAPER_SPACES, pairs=pairs, notes=notes
        ),
        measured,
        options,
    )


def _with_epochs(variant: Variant, epochs: Mapping[str, Mapping[str, int]]) -> Variant:
    """The variant with its number of epochs on each space that it can be trained on."""
    by_space = {}
    for space, by_label in epochs.items():
        if variant.label in by_label:
            by_space[space] = {"pretrain.epochs": by_label[variant.label]}
    return replace(variant, by_space=by_space)


def _epoch_seconds(space: str, dataset: Dataset, options: ReproduceOptions) -> dict[str, float]:
    """Seconds of an epoch of each method that the space allows."""
    return {
        v.label: kept_epoch_seconds(v, space, dataset, options.quick, options.folder)
        for v in PRETRAINED
        if has_proxy(v, space, dataset)
    }


def _epochs(space: str, seconds: dict[str, float], quick: bool) -> dict[str, int]:
    """How many epochs of each method take as long as those of FGP, or of its flow without proxy."""
    budget = FGP if FGP.label in seconds else FLOW
    total = seconds[budget.label] * pretraining_epochs(budget, space, quick)
    return {label: max(1, round(total / one)) for label, one in seconds.items()}
