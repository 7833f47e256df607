"""Seconds of an epoch of pre-training on one thread of this machine.

Each is the fastest of a few epochs: other work on the machine only ever adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nasflow.datasets import Dataset
from nasflow.encoders.base import Encoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.experiments.kept import kept_key
from nasflow.experiments.manifest import processor
from nasflow.experiments.runs import Run, plan
from nasflow.experiments.settings import SETTINGS
from nasflow.graphs.table import ArchTable
from nasflow.prediction.pretrain import pretrain
from nasflow.running.journal import Journal
from nasflow.running.seeding import seeded
from nasflow_paper.reproductions.variants import Variant, stages_of

TURNS = 3
"""Epochs of which the fastest counts."""
QUICK_ROWS = 1024
"""Architectures that `--quick` measures on."""


def rows_to_time(dataset: Dataset, quick: bool) -> npt.NDArray[np.int64]:
    """The architectures to measure on: all, or a few at random."""
    rows: npt.NDArray[np.int64] = np.random.default_rng(0).permutation(len(dataset))
    return rows[:QUICK_ROWS] if quick else rows


def epoch_seconds(
    variant: Variant, space: str, dataset: Dataset, rows: npt.NDArray[np.int64]
) -> float:
    """Seconds of an epoch on all of the data set, measured on `rows` of it."""
    run = _run(variant, space, dataset)
    columns = {name: dataset.proxy(name)[rows] for name in run.pretrain.proxies}
    with one_thread():
        history = pretrain(
            untrained(run.encoder, dataset.table),
            dataset.table[rows],
            replace(run.pretrain, epochs=TURNS),
            run.surrogate,
            columns,
        )
    return min(history.seconds) * len(dataset) / len(rows)


def kept_epoch_seconds(
    variant: Variant, space: str, dataset: Dataset, quick: bool, folder: Path
) -> float:
    """`epoch_seconds`, from the journal of the folder where it was measured before.

    So the numbers of epochs that followed from it stay. The variant must pre-train.
    """
    rows, journal = rows_to_time(dataset, quick), Journal(folder / "runs.jsonl")
    pretraining = _run(variant, space, dataset).pretraining
    assert pretraining is not None
    entries = journal.entries()
    key = kept_key(entries, pretraining, f"-epoch-of-{len(rows)}")
    entry = entries.get(key)
    if entry is None:
        entry = {
            "key": key,
            "kind": "epoch seconds",
            "pretext": variant.method,
            "seconds": epoch_seconds(variant, space, dataset, rows),
            "processor": processor(),
        }
        journal.append(entry)
    return float(entry["seconds"])


def untrained(config: EncoderConfig, table: ArchTable) -> Encoder:
    """An encoder as drawn."""
    with seeded(0, "speed"):
        return make_encoder(table.n_ops, config)


@contextmanager
def one_thread() -> Iterator[None]:
    """A block in which torch computes on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run(variant: Variant, space: str, dataset: Dataset) -> Run:
    """The first run of the variant: its pre-training is what is timed."""
    stages = stages_of(variant, space, quick=False)
    return plan(
        SETTINGS[space].source,
        dataset,
        SETTINGS[space].metric,
        (variant.method,),
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=stages.pretrain,
        fit=stages.fit,
        protocol=stages.protocol,
    )[0]
