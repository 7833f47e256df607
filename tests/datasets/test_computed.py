"""The measures that nasflow brings along are those that its code computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow.datasets import load_dataset
from nasflow.datasets.computed import FOLDER
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.proxies.options import ProxyConfig
from nasflow.proxies.runner import measure_architecture
from nasflow.statistics.metrics import kendall_tau

MEASURES = ("jacob_cov", "nwot", "synflow", "params")
NAMES = sorted(path.stem for path in FOLDER.glob("*.npz"))
ROUGH = {"transnas-micro": "jacob_cov"}
"""These amplify rounding: another processor gives nearly the same order (docs/proxies.md)."""


def test_what_comes_along() -> None:
    assert NAMES == ["nb101", "nb301", "transnas-micro"]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_a_value_and_measuring_one_again_gives_it(
    name: str, nasflow_data: Path
) -> None:
    data = load_dataset(name)
    about = ProxyTable.load(FOLDER / f"{name}.npz").about
    settings = dict(about["settings"])
    space, measures = settings.pop("space"), tuple(settings.pop("measures"))
    assert measures == MEASURES
    columns = {}
    for measure in MEASURES:
        computed = f"{measure}.computed"
        columns[measure] = data.proxy(computed if computed in data.metrics else measure)
    failures = [measure for _, measure, _ in about["failed"]]
    for measure, column in columns.items():
        # what failed has no value, nor have its isomorphic twins
        n_failed = len(set(data.table.canonical_ids[~np.isfinite(column)]))
        assert n_failed == failures.count(measure)
    # of architectures that compute the same, the first was measured (dead parameters may differ)
    first = np.sort(np.unique(data.table.canonical_ids, return_index=True)[1])
    first = first[np.isfinite([column[first] for column in columns.values()]).all(axis=0)]
    rows = first[np.linspace(0, len(first) - 1, 12 if name in ROUGH else 3).astype(int)]
    again = [
        measure_architecture(space, data.table[row], measures, ProxyConfig(**settings))
        for row in rows
    ]
    assert not any(result["failed"] for result in again)
    for measure, column in columns.items():
        values = np.array([result["values"][measure] for result in again])
        if measure == "params":
            np.testing.assert_array_equal(values, column[rows])
        elif measure == ROUGH.get(name):
            assert kendall_tau(values, column[rows]) > 0.7
        else:  # another machine may add in another order
            np.testing.assert_allclose(values, column[rows], rtol=1e-3)
