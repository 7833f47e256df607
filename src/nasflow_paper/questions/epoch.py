"""epoch: what does choosing the epoch on 40 labels cost, and what chooses it better?

The protocol keeps the epoch of the best Kendall tau on 40 validation rows. Beside it stand the last
epoch, for which no validation label is needed; both again with the weights averaged over about 20
epochs (`fit.average`); and the choice by the pairs of validation and training rows too
(`fit.epoch_pairs`), which needs no label more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nasflow.experiments.settings import PAPER_SPACES, SETTINGS
from nasflow.experiments.tables import Entry, by_method, same_runs
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import NAMES, Comparison, compared, page_of
from nasflow_paper.reproductions.variants import FGP, FLOOR, FLOW, NONE, ZC_PROXY, Variant, measure

WINDOW = 20
METHODS = (NONE, ZC_PROXY, FLOW, FGP)


def epoch(options: ReproduceOptions) -> Page:
    """The page."""
    variants = [v for method in METHODS for v in (method, averaged(method), by_more_pairs(method))]
    measured = measure(variants, PAPER_SPACES, options)
    trained = {
        space: [e for e in measured.entries if e["space"] == space and e["method"] != FLOOR]
        for space in measured.datasets
    }
    done = (
        f"Each method fine-tuned as ever; with its weights averaged over about {WINDOW} epochs"
        f" (`--fit.average {WINDOW}`; the training never sees the average); and with its epoch"
        " chosen by more pairs (`--fit.epoch_pairs labelled`). Of each run two sets of weights are"
        " tested, those of the chosen epoch and the last. The epoch is that of the best tau on the"
        " 40 validation rows, as the paper's protocol has it: of the pairs of two such rows, or by"
        " more pairs of these and of such a row and one that is trained on. No label is needed for"
        " these that is not at hand. A method's rows without averaging are the same trainings, so"
        " their last epochs are equal on one machine; where two machines stand below, rounding"
        " sets them apart."
    )
    notes: list[Block] = [_verdict(trained)]
    for space, entries in trained.items():
        pairs = [(last(label), label) for label in by_method(entries)]
        if rows := compared(both_epochs(entries), pairs, {}):
            notes += [
                f"## The last epoch against the chosen one, {SETTINGS[space].title}",
                Table(rows),
            ]
    return page_of(
        Comparison(
            "Choosing the epoch, and averaging the weights",
            done,
            variants,
            PAPER_SPACES,
            pairs=[(way(v).label, v.label) for v in METHODS for way in (averaged, by_more_pairs)],
            notes=notes,
        ),
        measured,
        options,
    )


def averaged(variant: Variant) -> Variant:
    """The variant with averaged weights."""
    return _changed(variant, "averaged", {"fit.average": WINDOW})


def by_more_pairs(variant: Variant) -> Variant:
    """The variant with its epoch chosen by the pairs of validation and training rows too."""
    return _changed(variant, "more pairs", {"fit.epoch_pairs": "labelled"})


def _changed(variant: Variant, what: str, options: Mapping[str, object]) -> Variant:
    return replace(
        variant, label=f"{variant.label}, {what}", options={**variant.options, **options}
    )


def last(label: str) -> str:
    """What a method's last epoch is called."""
    return f"{label}, last epoch"


def both_epochs(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, and each once more as that of its last epoch."""
    return [
        *entries,
        *(
            {**e, "method": last(e["method"]), **{name: e[f"last_{name}"] for name in NAMES}}
            for e in entries
        ),
    ]


def _verdict(trained: Mapping[str, Sequence[Entry]]) -> str:
    lines = ["## Verdict", ""]
    for space, entries in trained.items():
        both = both_epochs(entries)
        for words, pairs in (
            ("the last epoch against the chosen one", [(last(v.label), v.label) for v in METHODS]),
            (
                "the same with averaged weights",
                [(last(averaged(v).label), averaged(v).label) for v in METHODS],
            ),
            (
                "the epoch chosen by more pairs against that by validation pairs",
                [(by_more_pairs(v).label, v.label) for v in METHODS],
            ),
        ):
            runs = [pair for better, worse in pairs for pair in same_runs(both, better, worse)]
            gains = (
                f"{100 * np.mean([one[name] - other[name] for one, other in runs]):+.1f} in {title}"
                for name, title in NAMES.items()
            )
            if runs:
                lines.append(
                    f"* {SETTINGS[space].title}, {words}: {', '.join(gains)}, over {len(runs)} runs"
                    " of all methods."
                )
    return "\n".join(lines)
