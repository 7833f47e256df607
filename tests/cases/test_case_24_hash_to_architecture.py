from __future__ import annotations

from nasflow.datasets import load_dataset
from nasflow.spaces.nbgraph import PROTEINS_OPERATIONS, NBGraph


def test_every_row_of_the_table_is_an_architecture_that_can_be_read() -> None:
    """From a hash to its architecture: impossible."""
    data = load_dataset("nbgraph-proteins")
    row = data.table[0]
    text = NBGraph().format(row)
    assert NBGraph().parse(text) == row
    assert set(text.partition("|")[2].split(",")) <= set(PROTEINS_OPERATIONS)
