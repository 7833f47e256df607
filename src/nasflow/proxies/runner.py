"""`measure_table`: zero-cost measures of a whole table, over local processes.

Architectures with equal canonical ids compute the same, so only the first of each is measured.
Every measured one is a line in a journal: what was killed goes on where it was when started anew.
Nothing is dropped: a value that is infinite or NaN, an exception, a worker that died twice are kept
with their reasons, and counted in the summary.
"""

from __future__ import annotations

import functools
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nasflow.datasets.base import FloatArray, Metric
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.errors import ConfigError, DataError, NasflowError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.networks.registry import make_network, network_options
from nasflow.proxies.base import Measure, MeasureError
from nasflow.proxies.images import Batch, image_batch
from nasflow.proxies.options import ProxyConfig
from nasflow.proxies.registry import make_measures
from nasflow.running.files import PathLike
from nasflow.running.journal import Journal
from nasflow.running.progress import progress_bar
from nasflow.running.seeding import seeded
from nasflow.running.tasks import run_tasks
from nasflow.running.workers import Task
from nasflow.spaces.registry import load_space

SETTINGS = "settings"


@dataclass(frozen=True)
class Failure:
    """A value that does not exist."""

    architecture: str
    """In the notation of its space."""
    measure: str
    reason: str


@dataclass(frozen=True, eq=False)
class Measured:
    """The measures of a table."""

    proxies: ProxyTable
    """A row for each different architecture."""
    failures: list[Failure]
    seconds: dict[str, float]
    """Mean seconds that an architecture took: each measure, and `network` for building it."""


def measure_table(
    space: str,
    table: ArchTable,
    measures: Sequence[str],
    config: ProxyConfig,
    *,
    journal: PathLike,
    n_workers: int = 1,
    progress: bool = False,
) -> Measured:
    """Measure every different architecture of a table.

    Args:
        space: registered name of the space, one that has networks.
        table: its architectures.
        measures: names of the measures.
        config: networks and images.
        journal: file that finished architectures are kept in; goes on from it if it is there.
        n_workers: number of processes, each with one thread.
        progress: whether to draw a progress bar.

    Raises:
        UnknownNameError, ConfigError: a measure or option that does not exist, or a journal of
            other options.
        DataError: a measure failed on every architecture.
    """
    named = make_measures(measures)
    image_batch(config)  # a wrong file or a missing extra is said here, once, not by every worker
    settings = {"space": space, "measures": list(measures), **config.to_dict()}
    log = Journal(journal)
    entries = _finished(log, settings)
    ids = table.canonical_ids
    different, first = np.unique(ids, return_index=True)
    # in the order of the table, which the journal then has too
    tasks = [
        Task(str(ids[row]), measure_architecture, (space, table[int(row)], tuple(measures), config))
        for row in np.sort(first)
        if ids[row] not in entries
    ]
    done = len(different) - len(tasks)
    started = time.perf_counter()
    with progress_bar(f"measuring {space}", len(different), done=done, show=progress) as advance:

        def keep(task: Task, result: dict[str, Any]) -> None:
            log.append({"key": task.name, **result})
            advance("")

        def lost(task: Task, reason: str) -> None:
            keep(task, _all_failed(task, measures, reason))

        run_tasks(tasks, n_workers, keep, lost)
    # read back, so that what an earlier run has finished and what this one has are treated alike
    entries = log.entries()
    rows = [entries[name] for name in different.tolist()]
    failures = _failures(rows)
    about = {
        "source": space,
        "settings": settings,
        "command": " ".join(["nasflow", *sys.argv[1:]]),
        "n_architectures": len(different),
        "n_failed": dict(Counter(failure.measure for failure in failures)),
        "failed": [[f.architecture, f.measure, f.reason] for f in failures],
        "torch": torch.__version__,
        "n_workers": n_workers,
        "seconds_of_this_run": round(time.perf_counter() - started),
    }
    # a proxy table is sorted by its own ids
    order = np.argsort(ProxyTable.ids_of(different))
    values = {}
    for measure in named:
        column = _column(rows, measure.name)
        _check_some_value(measure.name, column, failures)
        values[measure.name] = column[order]
    metrics = {measure.name: _metric(measure, config) for measure in named}
    proxies = ProxyTable(ProxyTable.ids_of(different)[order], metrics, values, about)
    return Measured(proxies, failures, _mean_seconds(rows))


def measure_architecture(
    space: str, architecture: Architecture, measures: tuple[str, ...], config: ProxyConfig
) -> dict[str, Any]:
    """The entry of one architecture: values, reasons of failures and seconds, by measure."""
    torch.set_num_threads(1)  # a worker, a core; and the same bits whatever the number of workers
    entry: dict[str, Any] = {
        "architecture": load_space(space).format(architecture),
        "values": {},
        "failed": {},
        "seconds": {},
    }
    images, labels = _images(config)
    started = time.perf_counter()
    try:
        # the same state for every architecture, so that values differ by the architecture alone
        with seeded(config.seed, "network"):
            sizes = {
                "width": config.width,
                "cells": config.cells,
                "n_classes": config.n_classes,
                "in_channels": images.shape[1],
            }
            options = {name: sizes[name] for name in network_options(space) if name in sizes}
            network = make_network(space, architecture, **options)
    except ConfigError as error:
        return entry | {"failed": dict.fromkeys(measures, f"no network: {error}")}
    entry["seconds"]["network"] = time.perf_counter() - started
    for measure in make_measures(measures):
        started = time.perf_counter()
        value, reason = _value(measure, network, images, labels)
        entry["seconds"][measure.name] = time.perf_counter() - started
        if reason:
            entry["failed"][measure.name] = reason
        else:
            entry["values"][measure.name] = value
    return entry


def _value(
    measure: Measure, network: Any, images: torch.Tensor, labels: torch.Tensor
) -> tuple[float, str]:
    try:
        value = measure(network, images, labels)
    except MeasureError as error:
        return math.nan, str(error)
    except (NasflowError, RuntimeError, ValueError, ArithmeticError) as error:
        return math.nan, f"{type(error).__name__}: {error}"
    return value, "" if math.isfinite(value) else f"the value is {value}"


@functools.lru_cache(maxsize=2)  # a worker measures thousands of architectures with one batch
def _images(config: ProxyConfig) -> Batch:
    return image_batch(config)


def _finished(log: Journal, settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the journal holds, which is begun if it is empty.

    Raises:
        ConfigError: it was begun with other settings.
    """
    entries = log.entries()
    if not entries:
        log.append({"key": SETTINGS, "settings": settings})
        return {}
    begun_with = entries.get(SETTINGS, {}).get("settings")
    if begun_with != settings:
        raise ConfigError(
            f"{log.path} was begun with other options ({begun_with});"
            " delete it, or name another --out"
        )
    return entries


def _all_failed(task: Task, measures: Sequence[str], reason: str) -> dict[str, Any]:
    space, architecture = task.arguments[:2]
    return {
        "architecture": load_space(space).format(architecture),
        "values": {},
        "seconds": {},
        "failed": dict.fromkeys(measures, reason),
    }


def _column(rows: Sequence[dict[str, Any]], name: str) -> FloatArray:
    return np.array([row["values"].get(name, math.nan) for row in rows], np.float64)


def _check_some_value(name: str, column: FloatArray, failures: Sequence[Failure]) -> None:
    if len(column) and not np.isfinite(column).any():
        first = next(failure for failure in failures if failure.measure == name)
        raise DataError(
            f"{name} has no value for any of the {len(column)} architectures; the first: "
            f"{first.reason}"
        )


def _failures(rows: Sequence[dict[str, Any]]) -> list[Failure]:
    failures = []
    for row in rows:
        for name, reason in row["failed"].items():
            failures.append(Failure(row["architecture"], name, reason))
    return failures


def _metric(measure: Measure, config: ProxyConfig) -> Metric:
    return Metric(
        measure.name,
        f"{measure.summary} ({measure.source}) of an untrained network, {config.summary}",
        unit="",
        maximise=measure.maximise,
        trained=False,
    )


def _mean_seconds(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    seconds: dict[str, list[float]] = {}
    for row in rows:
        # a network that could not be built has none
        for name, value in row["seconds"].items():
            seconds.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in seconds.items()}
