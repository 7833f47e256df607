"""A tiny data set that stands for every space of the reproductions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasflow.datasets.base import Dataset, Metric
from nasflow.experiments import settings
from nasflow_paper.reproductions import variants
from small import labels, table

TASKS = (
    "cifar10_test",
    "valid_108ep",
    "val_acc",
    "test_perf",
    "class_scene",
    "class_object",
    "room_layout",
    "segmentsemantic",
    "jigsaw",
)
N = 120


def dataset(proxy: bool = True) -> Dataset:
    """120 cells with labels under all names, and a proxy."""
    cells, rng = table(N), np.random.default_rng(1)
    truth = labels(cells)
    columns = {task: truth + 0.1 * rng.normal(size=N) for task in TASKS}
    metrics = [Metric(task, f"a made-up {task}") for task in TASKS]
    if proxy:
        metrics.append(Metric("jacov", "a made-up proxy", trained=False))
        columns["jacov"] = truth + rng.normal(size=N)
    return Dataset(name="tiny", table=cells, metrics={m.name: m for m in metrics}, values=columns)


def use(patch: pytest.MonkeyPatch, folder: Path, data: Dataset | None = None) -> Path:
    """Let every space be that data set, and --quick be quick; returns the data set's file."""
    path = folder / "tiny.npz"
    (data or dataset()).save(path)
    stand_ins = {
        name: replace(setting, source=str(path)) for name, setting in settings.SETTINGS.items()
    }
    for name, setting in stand_ins.items():
        patch.setitem(settings.SETTINGS, name, setting)  # type: ignore[arg-type]
    patch.setattr(
        settings,
        "default_options",
        lambda _: {
            "proxy": "jacov",
            "ratio": 0.2,
            "n_validation": 10,
            "encoder.n_layers": 1,
        },
    )
    patch.setattr(variants, "QUICK", {"encoder.width": 8, "pretrain.epochs": 1, "fit.epochs": 2})
    patch.setattr(variants, "QUICK_SHARE", 0.5)
    patch.setattr(variants, "QUICK_LAYERS", 1)
    return path
