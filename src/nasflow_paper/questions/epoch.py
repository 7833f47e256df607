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
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.comparison import NAMES, Comparison, compared, page_of
from nasflow_paper.reproductions.measured import measure
from nasflow_paper.reproductions.variants import FGP, FLOOR, FLOW, NONE, ZC_PROXY, Variant

WINDOW = 20
METHODS = (NONE, ZC_PROXY, FLOW, FGP)

_DONE = (
    "Each method fine-tuned as ever; with its weights averaged over about {window} epochs"
    " (`--fit.average {window}`; the training never sees the average); and with its epoch chosen by"
    " more pairs (`--fit.epoch_pairs labelled`). Of each run two sets of weights are tested, those"
    " of the chosen epoch and the last. The epoch is that of the best tau on the 40 validation"
    " rows, as the paper's protocol has it: of the pairs of two such rows, or by more pairs of"
    " these and of such a row and one that is trained on. No label is needed for these that is not"
    " at hand. A method's rows without averaging are the same trainings, so their last epochs are"
    " equal on one machine; where two machines stand below, rounding sets them apart."
)
_GAINS = "* {space}, {comparison}: {gains}, over {n_runs} runs of all methods."


def epoch(options: ReproduceOptions) -> Page:
    """The last epoch, averaged weights and a choice by more pairs, against the chosen epoch."""
    variants = [v for method in METHODS for v in (method, averaged(method), by_more_pairs(method))]
    measured = measure(variants, PAPER_SPACES, options)
    trained = {space: _trained(measured.entries, space) for space in measured.datasets}
    notes: list[Block] = [_verdict(trained)]
    for space, entries in trained.items():
        pairs = [(last(label), label) for label in by_method(entries)]
        rows = compared(both_epochs(entries), pairs, {})
        if rows:
            title = f"## The last epoch against the chosen one, {SETTINGS[space].title}"
            notes.extend([title, PageTable(rows)])
    comparison = Comparison(
        "Choosing the epoch, and averaging the weights",
        _DONE.format(window=WINDOW),
        variants,
        PAPER_SPACES,
        pairs=[(way(v).label, v.label) for v in METHODS for way in (averaged, by_more_pairs)],
        notes=notes,
    )
    return page_of(comparison, measured, options)


def _trained(entries: Sequence[Entry], space: str) -> list[Entry]:
    """Those of a space, without the Gaussian process, which has no epochs."""
    return [e for e in entries if e["space"] == space and e["method"] != FLOOR]


def averaged(variant: Variant) -> Variant:
    """The variant with averaged weights."""
    return _changed(variant, "averaged", {"fit.average": WINDOW})


def by_more_pairs(variant: Variant) -> Variant:
    """The variant with its epoch chosen by the pairs of validation and training rows too."""
    return _changed(variant, "more pairs", {"fit.epoch_pairs": "labelled"})


def _changed(variant: Variant, change: str, options: Mapping[str, object]) -> Variant:
    label = f"{variant.label}, {change}"
    return replace(variant, label=label, options={**variant.options, **options})


def last(label: str) -> str:
    """What a method's last epoch is called."""
    return f"{label}, last epoch"


def both_epochs(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, and each once more as that of its last epoch."""
    return [*entries, *map(_of_last_epoch, entries)]


def _of_last_epoch(entry: Entry) -> Entry:
    metrics = {name: entry[f"last_{name}"] for name in NAMES}
    return {**entry, "method": last(entry["method"]), **metrics}


def _comparisons() -> dict[str, list[tuple[str, str]]]:
    """Pairs of labels, the way that may be better first, by what is compared."""
    chosen = [v.label for v in METHODS]
    means = [averaged(v).label for v in METHODS]
    more = [by_more_pairs(v).label for v in METHODS]
    return {
        "the last epoch against the chosen one": [(last(label), label) for label in chosen],
        "the same with averaged weights": [(last(label), label) for label in means],
        "the epoch chosen by more pairs against that by validation pairs": list(
            zip(more, chosen, strict=True)
        ),
    }


def _verdict(trained: Mapping[str, Sequence[Entry]]) -> str:
    lines = ["## Verdict", ""]
    for space, entries in trained.items():
        both = both_epochs(entries)
        for comparison, pairs in _comparisons().items():
            runs = [run for better, worse in pairs for run in same_runs(both, better, worse)]
            if runs:
                lines.append(
                    _GAINS.format(
                        space=SETTINGS[space].title,
                        comparison=comparison,
                        gains=_gains_in_words(runs),
                        n_runs=len(runs),
                    )
                )
    return "\n".join(lines)


def _gains_in_words(runs: Sequence[tuple[Entry, Entry]]) -> str:
    gains = []
    for name, title in NAMES.items():
        gain = np.mean([better[name] - worse[name] for better, worse in runs])
        gains.append(f"{100 * gain:+.1f} in {title}")
    return ", ".join(gains)
