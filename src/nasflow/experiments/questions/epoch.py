"""epoch: what does choosing the epoch on 40 labels cost, and what does averaging the weights give?

The protocol keeps the epoch of the best Kendall tau on 40 validation rows. Beside it stand the last epoch, for which no
validation label is needed, and both again with the weights averaged over about 20 epochs (`fit.average`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nasflow.experiments.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow.experiments.reproductions.comparison import NAMES, Comparison, compared, page_of
from nasflow.experiments.reproductions.settings import PAPER_SPACES, SETTINGS
from nasflow.experiments.reproductions.variants import FGP, FLOOR, FLOW, NONE, ZC_PROXY, Variant, measure
from nasflow.experiments.tables import Entry, by_method

WINDOW = 20
METHODS = (NONE, ZC_PROXY, FLOW, FGP)


def epoch(options: ReproduceOptions) -> Page:
    """The page."""
    variants = [v for method in METHODS for v in (method, averaged(method))]
    measured = measure(variants, PAPER_SPACES, options)
    trained = {space: [e for e in measured.entries if e["space"] == space and e["method"] != FLOOR]
               for space in measured.datasets}
    done = (f"Each method fine-tuned as ever, and with its weights averaged over about {WINDOW} epochs (`--fit.average "
            f"{WINDOW}`; the training never sees the average). Of each run two sets of weights are tested: those of "
            "the epoch with the best tau on the 40 validation rows, as the paper's protocol has it, and the last.")
    notes: list[Block] = [_verdict(trained)]
    for space, entries in trained.items():
        pairs = [(last(label), label) for label in by_method(entries)]
        if rows := compared(both_epochs(entries), pairs, {}):
            notes += [f"## The last epoch against the chosen one, {SETTINGS[space].title}", Table(rows)]
    return page_of(Comparison("Choosing the epoch, and averaging the weights", done, variants, PAPER_SPACES,
                              pairs=[(averaged(v).label, v.label) for v in METHODS], notes=notes), measured, options)


def averaged(variant: Variant) -> Variant:
    """The variant with averaged weights."""
    return replace(variant, label=f"{variant.label}, averaged", options={**variant.options, "fit.average": WINDOW})


def last(label: str) -> str:
    """What a method's last epoch is called."""
    return f"{label}, last epoch"


def both_epochs(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, and each once more as that of its last epoch."""
    return [*entries, *({**e, "method": last(e["method"]), **{name: e[f"last_{name}"] for name in NAMES}}
                        for e in entries)]


def _verdict(trained: Mapping[str, Sequence[Entry]]) -> str:
    own = {method.label for method in METHODS}
    lines = ["## Verdict", ""]
    for space, every in trained.items():
        for how, entries in (("without averaging", [e for e in every if e["method"] in own]),
                             ("with it", [e for e in every if e["method"] not in own])):
            gains = (f"{100 * np.mean([e[f'last_{name}'] - e[name] for e in entries]):+.1f} in {words}"
                     for name, words in NAMES.items())
            if entries:
                lines.append(f"* {SETTINGS[space].title}, {how}: the last epoch against the chosen one is "
                             f"{', '.join(gains)}, over {len(entries)} runs of all methods.")
    return "\n".join(lines)
