"""`nasflow proxies`: zero-cost measures of a whole space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nasflow.commands.shared import (
    Namespace,
    Parser,
    add_config_file,
    add_jobs,
    check_jobs,
    names_in,
)
from nasflow.proxies.options import ProxyConfig

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nasflow.datasets.base import Dataset
    from nasflow.proxies.runner import Failure, Measured

_MOST_NAMED = 3
"""Failures that are named; all are in the file."""


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    from nasflow.proxies.registry import measure_names

    parser.add_argument(
        "source",
        type=str,
        help="a data set or a space that has networks: nb101, nb201, nb301 ...; "
        "a space that can be listed needs no files",
    )
    parser.add_argument(
        "--measures",
        type=str,
        default="jacob_cov,nwot,synflow,params",
        help=f"measures separated by commas, or all: {', '.join(measure_names())}",
    )
    parser.add_argument(
        "--out",
        type=str,
        default="proxies.npz",
        help="the .npz to write; a killed run goes on from its journal when started anew",
    )
    parser.add_argument(
        "--sample", type=int | None, default=None, help="only so many rows, drawn by --seed"
    )
    parser.add_argument(
        "--metric",
        type=str | None,
        default=None,
        help="state each measure's Kendall tau with this metric; default: the data set's first",
    )
    add_jobs(parser)
    add_config_file(parser)
    parser.add_class_arguments(ProxyConfig)


def run(options: Namespace) -> None:
    """Measure, write, and print the table of measures."""
    from nasflow.proxies.registry import measure_names

    check_jobs(options.jobs)
    names = tuple(measure_names()) if options.measures == "all" else names_in(options.measures)
    config = ProxyConfig(**{name: getattr(options, name) for name in ProxyConfig().to_dict()})
    print(
        run_proxies(
            options.source,
            names,
            config,
            options.out,
            sample=options.sample,
            metric=options.metric,
            n_workers=options.jobs,
        )
    )


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
    """Measure the architectures of a source, write the table `out`, and return the summary.

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
    from nasflow.proxies.runner import measure_table
    from nasflow.proxies.sources import architectures, rows_to_measure
    from nasflow.running.files import check_writable

    check_writable(out, source)
    dataset = architectures(source)
    rows = rows_to_measure(dataset, source, sample, config.seed)
    # beside the file, also where a slash stands behind its name
    journal = Path(f"{Path(out)}.journal")
    measured = measure_table(
        str(dataset.space),
        dataset.table[rows],
        measures,
        config,
        journal=journal,
        n_workers=n_workers,
        progress=progress,
    )
    measured.proxies.save(out)
    # only now: until the table is on the disk, the journal is all there is
    journal.unlink()
    return _summary(dataset, rows, measured, metric, out)


def _summary(
    dataset: Dataset, rows: npt.NDArray[np.int64], measured: Measured, metric: str | None, out: str
) -> str:
    """The table of measures, the failures, and what to do next."""
    proxies = measured.proxies
    return "\n".join(
        [
            _measures(dataset, rows, measured, metric),
            *_failures(measured.failures, out),
            f"{out}: {len(proxies.ids)} different architectures of {len(rows)} rows of"
            f" {dataset.name}",
            f"next: nasflow evaluate {dataset.name}+{out} --methods none,proxy --proxy"
            f" {next(iter(proxies.values))}",
        ]
    )


def _measures(
    dataset: Dataset, rows: npt.NDArray[np.int64], measured: Measured, metric: str | None
) -> str:
    """A line for each measure, with its tau where the data set has something to compare with."""
    import numpy as np

    from nasflow.text import aligned

    header = ["measure", "values", "failed", "ms each", "lowest", "highest"]
    labels = None
    if metric is not None or dataset.default_metric is not None:
        compared = dataset.metric(metric)
        labels = dataset.labels(compared.name)[rows] * (1 if compared.maximise else -1)
        header.append(f"tau with {compared.name}")
    proxies = measured.proxies
    n_failed = Counter(failure.measure for failure in measured.failures)
    # one row for each of the data set, while `proxies` has one for each different architecture
    columns = proxies.columns(proxies.ids_of(dataset.table.canonical_ids[rows]))
    lines = []
    for name, values in proxies.values.items():
        finite = values[np.isfinite(values)]
        line = [
            name,
            str(len(finite)),
            str(n_failed[name]),
            f"{1000 * measured.seconds.get(name, np.nan):.1f}",
            # of a measure that failed everywhere, or of no architectures, there are none
            f"{finite.min():.6g}" if len(finite) else "-",
            f"{finite.max():.6g}" if len(finite) else "-",
        ]
        if labels is not None:
            line.append(_tau(columns[name], labels))
        lines.append(line)
    return aligned([header, *lines])


def _tau(values: npt.NDArray[np.floating], labels: npt.NDArray[np.floating]) -> str:
    """Kendall's tau over the rows that have both; a dash where fewer than two have."""
    import numpy as np

    from nasflow.statistics.metrics import kendall_tau

    both = np.isfinite(values) & np.isfinite(labels)
    return f"{kendall_tau(values[both], labels[both]):.3f}" if both.sum() > 1 else "-"


def _failures(failures: Sequence[Failure], out: str) -> list[str]:
    """A line for each of the first failures, and one that counts the others."""
    lines = []
    for failure in failures[:_MOST_NAMED]:
        lines.append(f"no {failure.measure} for {failure.architecture}: {failure.reason}")
    if len(failures) > _MOST_NAMED:
        lines.append(f"... and {len(failures) - _MOST_NAMED} more; all are named in {out}")
    return lines
