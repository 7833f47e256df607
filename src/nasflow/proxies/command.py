"""`run_proxies`: from a source's name to a file of measures and the table that says how it went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nasflow.datasets.base import Dataset
from nasflow.datasets.registry import dataset_names, open_dataset
from nasflow.errors import ConfigError, DataError, MissingDataError, unknown_name
from nasflow.proxies.options import ProxyConfig
from nasflow.proxies.runner import Measured, measure_table
from nasflow.running.files import check_writable
from nasflow.spaces.registry import load_space, space_names
from nasflow.statistics.metrics import kendall_tau
from nasflow.text import aligned

NAMED = 3
"""Failures that are named; all are in the file."""


def run_proxies(
    source: str,
    measures: Sequence[str],
    config: ProxyConfig,
    out: str,
    *,
    sample: int | None = None,
    metric: str | None = None,
    n_workers: int = 1,
    progress: bool = True,
) -> str:
    """Measure the architectures of a source and write the proxy table `out`. Returns the summary to
    print.

    Args:
        source: a data set, or a space that can be listed.
        measures: names of measures.
        config: networks and images.
        out: the .npz; `out` + `.journal` holds what is finished until it is written.
        sample: this many rows only, drawn by `config.seed`.
        metric: a metric of the data set to state Kendall's tau with.
        n_workers: number of processes.
        progress: whether to draw a progress bar.
    """
    check_writable(out)
    dataset = _architectures(source)
    if dataset.space is None:
        raise ConfigError(
            f"{source} does not say which space its architectures are of; name a data set that does"
        )
    rows = np.arange(len(dataset))
    if sample is not None:
        if not 1 <= sample <= len(dataset):
            raise ConfigError(
                f"--sample is {sample}; {source} has rows to draw 1 to {len(dataset)} from"
            )
        rows = np.sort(np.random.default_rng(config.seed).permutation(len(dataset))[:sample])
    journal = Path(f"{out}.journal")
    measured = measure_table(
        dataset.space,
        dataset.table[rows],
        measures,
        config,
        journal=journal,
        n_workers=n_workers,
        progress=progress,
    )
    measured.proxies.save(out)
    journal.unlink()
    return _summary(dataset, rows, measured, metric, out)


def _architectures(source: str) -> Dataset:
    """The data set of that name or file; where its files are not at hand, all architectures of the
    space.
    """
    try:
        if source in dataset_names() or Path(source).exists() or "+" in source:
            return open_dataset(source)
    except MissingDataError:
        if source not in space_names() or load_space(source).size is None:
            raise
    if source not in space_names():
        raise unknown_name("data set or space", source, sorted({*dataset_names(), *space_names()}))
    space = load_space(source)
    if space.size is None:
        raise DataError(f"{source} cannot be listed; name a data set of it")
    return Dataset(name=source, table=space.enumerate(), metrics={}, values={}, space=source)


def _summary(
    dataset: Dataset, rows: np.ndarray, measured: Measured, metric: str | None, out: str
) -> str:
    proxies, failures = measured.proxies, measured.failures
    header = ["measure", "values", "failed", "ms each", "lowest", "highest"]
    labels = None
    if metric is not None or dataset.default_metric is not None:
        what = dataset.metric(metric)
        labels = dataset.labels(what.name)[rows] * (1 if what.maximise else -1)
        header.append(f"tau with {what.name}")
    failed = Counter(failure.measure for failure in failures)
    columns = proxies.columns(proxies.ids_of(dataset.table.canonical_ids[rows]))
    lines = []
    for name, values in proxies.values.items():
        known = values[np.isfinite(values)]
        line = [
            name,
            str(len(known)),
            str(failed[name]),
            f"{1000 * measured.seconds.get(name, np.nan):.1f}",
            f"{known.min():.6g}",
            f"{known.max():.6g}",
        ]
        if labels is not None:
            both = np.isfinite(columns[name]) & np.isfinite(labels)
            line.append(
                f"{kendall_tau(columns[name][both], labels[both]):.3f}" if both.sum() > 1 else "-"
            )
        lines.append(line)
    text = aligned([header, *lines])
    for failure in failures[:NAMED]:
        text += f"\nno {failure.measure} for {failure.architecture}: {failure.reason}"
    if len(failures) > NAMED:
        text += f"\n... and {len(failures) - NAMED} more; all are named in {out}"
    return (
        f"{text}\n{out}: {len(proxies.ids)} different architectures of {len(rows)} rows of"
        f" {dataset.name}\nnext: nasflow evaluate {dataset.name}+{out} --methods none,proxy --proxy"
        f" {next(iter(proxies.values))}"
    )
