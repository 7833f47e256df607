"""equal-time: every pre-training for the same seconds (the paper's appendix on the cost of pre-training)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nasflow.experiments.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow.experiments.reproductions.comparison import Comparison, page_of
from nasflow.experiments.reproductions.settings import PAPER_SPACES, SETTINGS
from nasflow.experiments.reproductions.variants import METHODS, NONE, Measured, measure, stages_of

PRETRAINED = METHODS[1:]
BUDGET = "FGP"


def equal_time(options: ReproduceOptions) -> Page:
    """The page."""
    done = (f"Each pre-training runs for the seconds that {BUDGET} takes for its own number of epochs: the seconds of "
            "an epoch come from table 1's pre-trainings on this machine, and the number of epochs follows, rounded, "
            "at least one. The learning rate's schedule spans whatever number it is. With these numbers the result "
            "can be made again on any machine; the manifest has them.")
    first = measure(PRETRAINED, PAPER_SPACES, options, floor=False)
    epochs = {space: _epochs(first, space, options.quick) for space in first.datasets}
    variants = [NONE, *(replace(v, by_space={space: {"pretrain.epochs": own[v.label]} for space, own in epochs.items()
                                             if v.label in own}) for v in PRETRAINED)]
    measured = measure(variants, PAPER_SPACES, options)
    rows = [["space", "method", "s per epoch", "epochs", "epochs in table 1", "seconds"]]
    for space, own in epochs.items():
        for variant in variants[1:]:
            place = (variant.group, space, variant.label)
            if variant.label in own and place in measured.seconds:
                usual = stages_of(replace(variant, by_space={}), space, options.quick).pretrain.epochs
                rows.append([SETTINGS[space].title, variant.label, f"{first.seconds[place] / usual:.2f}",
                             str(own[variant.label]), str(usual), f"{measured.seconds[place]:.0f}"])
    notes: list[Block] = ["## Seconds", Table(rows)]
    pairs = [(BUDGET, v.label) for v in variants if v.label != BUDGET]
    return page_of(Comparison("Pre-training for the same time", done, variants, PAPER_SPACES, pairs=pairs, notes=notes),
                   measured, options)


def _epochs(first: Measured, space: str, quick: bool) -> Mapping[str, int]:
    """How many epochs of each method take as long as those of the budget's."""
    seconds = {label: value for (_, where, label), value in first.seconds.items() if where == space}
    budget = seconds.get(BUDGET)
    if budget is None:  # no proxy here: the flow alone
        budget = seconds["FGP w/o proxy"]
    usual: dict[str, int] = {v.label: stages_of(v, space, quick).pretrain.epochs for v in PRETRAINED}
    return {label: max(1, round(budget / (own / usual[label]))) for label, own in seconds.items()}
