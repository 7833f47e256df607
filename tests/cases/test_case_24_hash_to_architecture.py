from __future__ import annotations

from nasflow.datasets import load_dataset
from nasflow.datasets.locate import find_package_file
from nasflow.datasets.pickles import load_pickle
from nasflow.spaces.nbgraph import PROTEINS_OPERATIONS, NBGraph


def test_every_row_of_the_table_is_an_architecture_that_can_be_read() -> None:
    """From a hash to its architecture: impossible."""
    data = load_dataset("nbgraph-proteins")
    space = NBGraph()
    for row in data.table:
        text = space.format(row)
        assert space.parse(text) == row
        assert set(text.partition("|")[2].split(",")) <= set(PROTEINS_OPERATIONS)


def test_every_hash_of_the_benchmark_is_read_as_the_architecture_of_its_row() -> None:
    hashes = load_pickle(find_package_file("nas_bench_graph", "light/proteins.bench", extra=None))
    assert [NBGraph().parse(str(key)) for key in hashes] == list(
        load_dataset("nbgraph-proteins").table
    )
