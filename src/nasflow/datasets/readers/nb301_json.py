"""NAS-Bench-301's results: a JSON file for each training, `results_*.json` in any depth of folders.

    {"optimized_hyperparamater_config":
         {"NetworkSelectorDatasetInfo:darts:edge_normal_0": "skip_connect", ...},
     "budget": 97, "info": [{"val_accuracy": 91.2, "model_parameters": 1234567, ...}],
     "test_accuracy": 90.9, "runtime": 5231.3}

(The key is misspelt so in the files.) Trainings of one genotype are repeats. Some were made with
other numbers of epochs, cells or channels than the benchmark's own 100, 8 and 32: their metrics say
so in their names. Source: https://github.com/automl/nasbench301 (Apache-2.0), read off its
published format.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.darts_cell import VOCABULARY, darts_graph
from nasflow.errors import DataError, GraphError, MissingDataError
from nasflow.running.files import require_file
from nasflow.running.json_text import strict_json
from nasflow.spaces.darts_config import cells_of_config

_CONFIG = "optimized_hyperparamater_config"
_FIDELITY = {
    "epochs": "SimpleLearningrateSchedulerSelector:cosine_annealing:T_max",
    "cells": "NetworkSelectorDatasetInfo:darts:layers",
    "channels": "NetworkSelectorDatasetInfo:darts:init_channels",
}
_STANDARD = (100, 8, 32)
_LARGEST = 1 << 24  # bytes of one result; they have 3,000


class NB301Json(Reader):
    """One row per file; a row's number is its position among their sorted paths, from 0."""

    format: ClassVar[str] = "nb301-json"
    space = "darts"
    vocabulary = VOCABULARY
    preferred = ("valid",)
    file_order_is_random = False  # sorted by optimiser

    def sources(self) -> list[Path]:
        """See `Reader.sources`: the file, or every `results_*.json` below the folder."""
        if not self.path.is_dir():
            return [require_file(self.path)]
        files = sorted(self.path.rglob("results_*.json"))
        if not files:
            raise MissingDataError(f"{self.path} has no results_*.json in it or below it")
        return files

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        files = self.sources()
        for number, path in enumerate(files):
            try:
                yield _row(number, path)
            except (DataError, GraphError) as error:
                name = path.relative_to(self.path) if len(files) > 1 else path.name
                yield Rejected(number, f"{name}: {error}")
            progress(number + 1, len(files))

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        base, _, fidelity = name.partition("_at_")
        how = "100 epochs, 8 cells, 32 channels"
        if fidelity:
            how = f"{fidelity} epochs x cells x channels"
        if base == "runtime":
            return Metric(name, f"seconds of training ({how})", unit="s", maximise=False)
        if base == "params":
            return Metric(
                name, f"number of parameters ({how})", unit="", maximise=False, trained=False
            )
        half = "validation" if base == "valid" else "test"
        return Metric(name, f"CIFAR-10 {half} accuracy ({how})")


def _row(number: int, path: Path) -> Row:
    if path.stat().st_size > _LARGEST:
        raise DataError(f"{path.stat().st_size} bytes; a result has some thousand")
    try:
        result: Any = strict_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"no JSON ({str(error)[:80]})") from None
    config = result.get(_CONFIG) if isinstance(result, dict) else None
    if not isinstance(config, dict):
        raise DataError(f"no object {_CONFIG!r} in it; seen {short_repr(config)}")
    infos = result.get("info")
    info = infos[0] if isinstance(infos, list) and infos else None
    # absent, it lacks what is needed of it, and the message says that
    if not isinstance(info, dict):
        info = {}
    normal, reduce = cells_of_config(config)
    fidelity = tuple(_fidelity(config, key) for key in _FIDELITY.values())
    suffix = "" if fidelity == _STANDARD else "_at_" + "x".join(map(str, fidelity))
    values = {
        f"valid{suffix}": _percentage("info[0].val_accuracy", info.get("val_accuracy")),
        f"test{suffix}": _percentage("test_accuracy", result.get("test_accuracy")),
        f"runtime{suffix}": _cost("runtime", result.get("runtime")),
    }
    params = _cost("info[0].model_parameters", info.get("model_parameters"))
    return Row(
        number,
        partial(darts_graph, normal, reduce),
        values,
        {} if math.isnan(params) else {f"params{suffix}": params},
        key=repr((normal, reduce)),
    )


def _fidelity(config: dict[str, Any], key: str) -> int:
    value = config.get(key)
    if type(value) is not int or not 0 < value < 100_000:
        raise DataError(f"{key} is {short_repr(value)}; legal: a whole number from 1")
    return value


def _percentage(name: str, value: Any) -> float:
    if not _is_number(value) or not 0 <= value <= 100:
        raise DataError(f"{name} is {short_repr(value)}; legal: a number from 0 to 100")
    return float(value)


def _cost(name: str, value: Any) -> float:
    """A number of any size that makes sense; nothing is NaN, not measured."""
    if value is None:
        return math.nan
    if not _is_number(value) or not 0 <= value <= 1e15:
        raise DataError(f"{name} is {short_repr(value)}; legal: a number from 0")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
