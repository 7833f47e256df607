"""NAS-Bench-Graph's nine tables, from the package `nas-bench-graph`.

The package ships pickles (`hash -> {valid_perf, perf, latency, para}`); they are read by
`load_pickle` without importing it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.locate import cached, find_package_file
from nasflow.datasets.pickles import load_pickle
from nasflow.errors import DataError
from nasflow.running.files import sha256
from nasflow.spaces.nbgraph import LINKS, OPERATIONS, NBGraph

DATASETS = (
    "arxiv",
    "citeseer",
    "computers",
    "cora",
    "cs",
    "photo",
    "physics",
    "proteins",
    "pubmed",
)

# the package's key, and what it means; perf is on the test half of the graph's nodes
_COLUMNS = {
    "perf": Metric(
        "test_perf", "test performance of the trained network (proteins: ROC-AUC)", unit="fraction"
    ),
    "valid_perf": Metric(
        "valid_perf", "validation performance of the trained network", unit="fraction"
    ),
    "latency": Metric(
        "latency", "seconds of one inference", unit="s", maximise=False, trained=False
    ),
    "para": Metric("params", "number of parameters", unit="million", maximise=False, trained=False),
}


def load_nbgraph(dataset: str) -> Dataset:
    """The table of one of `DATASETS`, in the order of the package's file (sorted by hash)."""
    path = find_package_file("nas_bench_graph", f"light/{dataset}.bench", extra=None)
    return cached(f"nbgraph-{dataset}", 1, [path], lambda: _read(dataset, path))


def _read(dataset: str, path: Path) -> Dataset:
    content = load_pickle(path)
    hashes, values = [], []
    try:
        for key, entry in content.items():
            hashes.append(int(key))
            values.append([float(entry[column]) for column in _COLUMNS])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: entry {len(hashes)} is no NAS-Bench-Graph record ({error!r})"
        ) from None
    # one decimal digit for the links and each of the four operations, (n_rows, 5)
    digits = np.array(hashes)[:, None] // 10 ** np.arange(4, -1, -1) % 10
    legal = (digits[:, 0] < len(LINKS)) & (digits[:, 1:] < len(OPERATIONS)).all(axis=1)
    if not legal.all():
        raise DataError(f"{path}: {hashes[int(legal.argmin())]} is no NAS-Bench-Graph hash")
    table = NBGraph().table_from_choices(digits[:, 0], digits[:, 1:])
    names = [metric.name for metric in _COLUMNS.values()]
    columns = np.array(values).T  # (n_columns, n_rows)
    return Dataset(
        name=f"nbgraph-{dataset}",
        table=table,
        metrics=dict(zip(names, _COLUMNS.values(), strict=True)),
        values=dict(zip(names, columns, strict=True)),
        default_metric="test_perf",
        space="nbgraph",
        file_order_is_random=False,
        origin={"package": "nas-bench-graph", "file": path.name, "sha256": sha256(path)},
    )
