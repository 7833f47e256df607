from __future__ import annotations

import pytest

from nasflow.datasets import load_dataset
from nasflow.datasets.nbgraph import DATASETS
from nasflow.metrics import kendall_tau


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_has_its_published_size(name: str) -> None:
    data = load_dataset(f"nbgraph-{name}")
    assert len(data) == (2021 if name == "proteins" else 26206)
    assert len(set(data.table.canonical_ids)) == len(data)


def test_validation_and_test_performance_on_cora_agree_as_little_as_known() -> None:
    data = load_dataset("nbgraph-cora")
    assert kendall_tau(data.labels("valid_perf"), data.labels("test_perf")) == pytest.approx(0.55, abs=0.01)


def test_its_file_is_sorted_so_every_split_must_permute_it() -> None:
    data = load_dataset("nbgraph-cora")
    assert not data.file_order_is_random
    first_op = data.table.ops[data.table.node_ptr[:-1] + 1]
    assert len(set(first_op[:100])) == 1  # a hundred neighbours in the file share their first operation
