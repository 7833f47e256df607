from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from nasflow.datasets import load_dataset
from nasflow.errors import UnknownNameError
from nasflow.spaces.nb201 import NB201
from nasflow.statistics.metrics import kendall_tau, spearman


@pytest.mark.usefixtures("nasflow_data")
def test_the_best_cells_have_the_published_accuracies() -> None:
    data = load_dataset("nb201")
    assert data.labels("cifar10_test").max() == pytest.approx(94.373, abs=0.001)
    assert data.labels("cifar100_test").max() == pytest.approx(73.513, abs=0.001)
    assert data.labels("imagenet16_120_test").max() == pytest.approx(47.311, abs=0.001)
    assert data.table[0] == NB201().parse(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )


@pytest.mark.usefixtures("nasflow_data")
def test_proxies_reach_all_cells_and_correlate_as_published() -> None:
    data = load_dataset("nb201")
    accuracy = data.labels("cifar10_test")
    for name, expected in (("nwot", 0.78), ("params", 0.75), ("synflow", 0.74)):
        proxy = data.proxy(name)
        assert np.isfinite(proxy).all()
        assert spearman(proxy, accuracy) > expected
    assert np.isfinite(data.proxy("jacov")).mean() > 0.9


@pytest.mark.usefixtures("nasflow_data")
def test_proxies_are_equal_on_cells_that_compute_the_same() -> None:
    data = load_dataset("nb201")
    _, first, inverse = np.unique(data.table.canonical_ids, return_index=True, return_inverse=True)
    for name in ("jacov", "synflow"):
        values = data.proxy(name)
        np.testing.assert_array_equal(values, values[first][inverse])


@pytest.mark.usefixtures("nasflow_data")
def test_the_analog_package_agrees_with_nats_bench_once_its_edge_order_is_known() -> None:
    if importlib.util.find_spec("analognasbench") is None:
        pytest.skip("needs the extra nb201")
    analog, official = load_dataset("nb201-analog"), load_dataset("nb201")
    row_of_cell = {cell: row for row, cell in enumerate(official.table)}
    rows = [row_of_cell[cell] for cell in analog.table]
    assert kendall_tau(analog.labels(), official.labels("cifar10_test")[rows]) == pytest.approx(
        0.926, abs=0.002
    )


@pytest.mark.usefixtures("nasflow_data")
def test_an_unknown_metric_lists_the_legal_ones() -> None:
    with pytest.raises(UnknownNameError, match="cifar10_valid"):
        load_dataset("nb201").labels("cifar10-valid")
