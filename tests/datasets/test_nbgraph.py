from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from nasflow.datasets import load_dataset, nbgraph
from nasflow.datasets.locate import find_package_file
from nasflow.datasets.nbgraph import DATASETS
from nasflow.datasets.pickles import load_pickle
from nasflow.errors import DataError
from nasflow.spaces.nbgraph import NBGraph
from nasflow.statistics.metrics import kendall_tau


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_has_its_published_size(name: str) -> None:
    data = load_dataset(f"nbgraph-{name}")
    assert len(data) == (2021 if name == "proteins" else 26206)
    assert len(set(data.table.canonical_ids)) == len(data)


def test_validation_and_test_performance_on_cora_agree_as_little_as_known() -> None:
    data = load_dataset("nbgraph-cora")
    assert kendall_tau(data.labels("valid_perf"), data.labels("test_perf")) == pytest.approx(
        0.55, abs=0.01
    )


def test_its_file_is_sorted_so_every_split_must_permute_it() -> None:
    data = load_dataset("nbgraph-cora")
    assert not data.file_order_is_random
    first_op = data.table.ops[data.table.node_ptr[:-1] + 1]
    # a hundred neighbours in the file share their first operation
    assert len(set(first_op[:100])) == 1


def test_a_column_holds_what_the_package_says_of_each_hash() -> None:
    content = load_pickle(find_package_file("nas_bench_graph", "light/cora.bench", extra=None))
    data = load_dataset("nbgraph-cora")
    space = NBGraph()
    for row, (key, entry) in list(enumerate(content.items()))[::997]:
        assert data.table[row] == space.parse(str(key))
        assert data.labels("test_perf")[row] == entry["perf"]
        assert data.labels("valid_perf")[row] == entry["valid_perf"]
        assert data.proxy("latency")[row] == entry["latency"]
        assert data.proxy("params")[row] == entry["para"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"99999": {"perf": 1.0, "valid_perf": 1.0, "latency": 1.0, "para": 1.0}},
            "99999 is no NAS-Bench-Graph hash",
        ),
        ({"1": {"perf": 1.0}}, "entry 1 is no NAS-Bench-Graph record.*valid_perf"),
        ([1, 2], "entry 0 is no NAS-Bench-Graph record"),
    ],
)
def test_a_file_of_something_else_is_a_data_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, message: str
) -> None:
    (tmp_path / "cora.bench").write_bytes(pickle.dumps(content))
    monkeypatch.setattr(nbgraph, "find_package_file", lambda *_, **__: tmp_path / "cora.bench")
    with pytest.raises(DataError, match=message):
        nbgraph.load_nbgraph("cora")
