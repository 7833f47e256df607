"""The manifest beside each result: all that it takes to make it again, or to see why it differs."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nasflow.datasets import Dataset
from nasflow.running.files import write_json


def write_manifest(
    path: Path,
    dataset: Dataset,
    metric: str,
    options: Mapping[str, Any],
    runs: Mapping[str, str | None] | None = None,
) -> None:
    """Write the manifest of a result, atomically.

    Args:
        path: the JSON file.
        dataset, metric: what was evaluated on, and what the test rows are ranked by; the content
            goes in as a hash.
        options: the resolved configuration of every stage, seeds and splits included.
        runs: the keys of the result's runs, each with that of its pre-training or None: the journal
            beside may hold those of other results too.
    """
    write_json(
        path,
        {
            **about_dataset(dataset, metric),
            "options": dict(options),
            "runs": dict(runs or {}),
            **surroundings(" ".join(["nasflow", *sys.argv[1:]])),
        },
    )


def about_dataset(dataset: Dataset, metric: str) -> dict[str, Any]:
    """Which table a result was measured on, by hashes of its content, and what the label means.

    `content_sha256` is of all metrics, `metric_sha256` of graphs and label alone: the same though a
    data set gained columns since.
    """
    return {
        "dataset": {
            "name": dataset.name,
            "rows": len(dataset),
            "content_sha256": dataset.content_hash(),
            "metric_sha256": dataset.content_hash([metric]),
            "origin": dict(dataset.origin),
        },
        "metric": vars(dataset.metric(metric)),
    }


def surroundings(command: str) -> dict[str, Any]:
    """What a result was made by: command, versions, machine, date."""
    return {
        "command": command,
        "versions": versions(),
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    packages = ("nasflow", "torch", "numpy", "scipy")
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }


def machine() -> dict[str, Any]:
    """What the result was made on."""
    return {"platform": platform.platform(), "processor": processor(), "cores": os.cpu_count()}


def processor() -> str:
    """The name of this machine's processor."""
    # in words where Linux has them: elsewhere Python knows an architecture at best
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
