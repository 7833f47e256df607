"""transfer: labels of one task rank the architectures of another (in place of the paper's table
7).
"""

from __future__ import annotations

import numpy as np

from nasflow.experiments.tables import paired, same_runs
from nasflow.statistics.metrics import kendall_tau
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.variants import (
    FGP,
    FLOW,
    GMAE,
    NONE,
    ZC_PROXY,
    Measured,
    measure,
    with_options,
)

SPACE = "transnas"
OWN = "class_scene"
TARGETS = ("class_object", "room_layout", "segmentsemantic", "jigsaw")
RATIO = 0.025
"""51 labels, about the 50 that the paper trains on."""
PRETRAINED = (FGP, FLOW, GMAE, ZC_PROXY)


def transfer(options: ReproduceOptions) -> Page:
    """The page."""
    done = (
        "The predictor is fine-tuned, and its epoch chosen, on labels of scene classification"
        f" (`{OWN}`); the test rows are ranked by another task, whose labels nothing saw. The"
        " paper's table 7 does so with 100 networks of NAS-Bench-101 from TinyImageNet to DTD and"
        " OxfordPet; they are not public, so TransNAS-Bench-101's tasks serve instead, and there"
        " are no numbers of the paper to compare with. The paper's question is kept: does the gain"
        " of pre-training survive the change of the task?"
    )
    variants = [
        variant
        for task in (OWN, *TARGETS)
        for variant in with_options(
            (NONE, *PRETRAINED),
            _group(task),
            {"ratio": RATIO, **({} if task == OWN else {"test_metric": task})},
        )
    ]
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
    return f"{OWN} to {task}"


def _verdict(measured: Measured) -> list[Block]:
    """What each pre-training gains over none on every task, and how far the task's labels agree
    with those seen.
    """
    dataset = measured.datasets[SPACE]
    gains: dict[tuple[str, str], float] = {}
    rows = [
        [
            "ranked by",
            f"tau of its labels with {OWN}",
            *(f"{v.label} - {NONE.label}" for v in PRETRAINED),
        ]
    ]
    for task in (OWN, *TARGETS):
        entries = measured.of(_group(task), SPACE)
        for v in PRETRAINED:
            if same_runs(entries, v.label, NONE.label):
                gains[task, v.label] = 100 * paired(entries, v.label, NONE.label).mean
        both = [dataset.labels(name) for name in (OWN, task)]
        known = np.isfinite(both).all(axis=0)
        rows.append(
            [
                task,
                f"{100 * kendall_tau(both[0][known], both[1][known]):.1f}",
                *(
                    f"{gains[task, v.label]:+.1f}" if (task, v.label) in gains else "-"
                    for v in PRETRAINED
                ),
            ]
        )
    sentences = []
    for v in PRETRAINED:
        elsewhere = [gains[task, v.label] for task in TARGETS if (task, v.label) in gains]
        if elsewhere and (OWN, v.label) in gains:
            sentences.append(
                f"{v.label} gains {gains[OWN, v.label]:+.1f} on the task of its labels and "
                f"{np.mean(elsewhere):+.1f} on the others in the mean, where it is ahead on "
                f"{sum(gain > 0 for gain in elsewhere)} of {len(elsewhere)}."
            )
    return [
        (
            "## Does the gain survive?\n\nDifferences in tau x100, paired by split and seed; their"
            " intervals are below."
        ),
        Table(rows),
        *([" ".join(sentences)] if sentences else []),
    ]
