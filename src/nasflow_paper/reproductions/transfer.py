"""transfer: labels of one task rank another's architectures (in place of the paper's table 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.experiments.tables import paired, same_runs
from nasflow.statistics.metrics import kendall_tau
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.measured import MeasuredRuns, measure
from nasflow_paper.reproductions.variants import FGP, FLOW, GMAE, NONE, ZC_PROXY, with_options

SPACE = "transnas"
OWN = "class_scene"
TARGETS = ("class_object", "room_layout", "segmentsemantic", "jigsaw")
RATIO = 0.025
"""51 labels, about the 50 that the paper trains on."""
PRETRAINED = (FGP, FLOW, GMAE, ZC_PROXY)


def transfer(options: ReproduceOptions) -> Page:
    """The page on predictors that are asked for another task than they saw labels of."""
    done = (
        "The predictor is fine-tuned, and its epoch chosen, on labels of scene classification"
        f" (`{OWN}`); the test rows are ranked by another task, whose labels nothing saw. The"
        " paper's table 7 does so with 100 networks of NAS-Bench-101 from TinyImageNet to DTD and"
        " OxfordPet; they are not public, so TransNAS-Bench-101's tasks serve instead, and there"
        " are no numbers of the paper to compare with. The paper's question is kept: does the gain"
        " of pre-training survive the change of the task?"
    )
    variants = []
    for task in (OWN, *TARGETS):
        changes: dict[str, Any] = {"ratio": RATIO}
        # None where it is the task of the labels, so that these runs are those of other pages
        if task != OWN:
            changes["test_metric"] = task
        variants.extend(with_options((NONE, *PRETRAINED), _group(task), changes))
    measured = measure(variants, (SPACE,), options)
    return page_of(
        Comparison(
            "Transfer between tasks",
            done,
            variants,
            (SPACE,),
            pairs=[(v.label, NONE.label) for v in PRETRAINED],
            notes=_verdict(measured),
        ),
        measured,
        options,
    )


def _group(task: str) -> str:
    """The name of the rows that are tested on a task."""
    return f"{OWN} to {task}"


def _verdict(measured: MeasuredRuns) -> list[Block]:
    """What each pre-training gains over none on every task, beside how far its labels agree."""
    dataset = measured.datasets[SPACE]
    gains = {v.label: _gains(measured, v.label) for v in PRETRAINED}
    differences = [f"{label} - {NONE.label}" for label in gains]
    rows = [["ranked by", f"tau of its labels with {OWN}", *differences]]
    for task in (OWN, *TARGETS):
        agreement = _agreement(dataset.labels(OWN), dataset.labels(task))
        cells = [f"{by_task[task]:+.1f}" if task in by_task else "-" for by_task in gains.values()]
        rows.append([task, f"{100 * agreement:.1f}", *cells])
    text = (
        "## Does the gain survive?\n\nDifferences in tau x100, paired by split and seed; their"
        " intervals are below."
    )
    blocks: list[Block] = [text, PageTable(rows)]
    sentences = [_sentence(label, by_task) for label, by_task in gains.items()]
    if any(sentences):
        blocks.append(" ".join(sentence for sentence in sentences if sentence))
    return blocks


def _gains(measured: MeasuredRuns, label: str) -> dict[str, float]:
    """By task: the mean difference in tau between a method and none, x100, where both have runs."""
    gains = {}
    for task in (OWN, *TARGETS):
        entries = measured.of(_group(task), SPACE)
        if same_runs(entries, label, NONE.label):
            gains[task] = 100 * paired(entries, label, NONE.label).mean
    return gains


def _agreement(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Kendall's tau of two tasks' labels, over the architectures that have both."""
    # an architecture may have been measured on one of the tasks alone
    both = np.isfinite(one) & np.isfinite(other)
    return kendall_tau(one[both], other[both])


def _sentence(label: str, gains: Mapping[str, float]) -> str:
    """A method's gain on the task of its labels and on the others; empty where one is missing."""
    elsewhere = [gains[task] for task in TARGETS if task in gains]
    if not elsewhere or OWN not in gains:
        return ""
    n_ahead = sum(gain > 0 for gain in elsewhere)
    return (
        f"{label} gains {gains[OWN]:+.1f} on the task of its labels and "
        f"{np.mean(elsewhere):+.1f} on the others in the mean, where it is ahead on "
        f"{n_ahead} of {len(elsewhere)}."
    )
