"""An invalid cell got the label -1, and a predictor was trained on it."""

from __future__ import annotations

import itertools
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from nasflow.datasets.own_tables import read_own_table
from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.nb201 import NB201, PAIRS

UNFED = "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_3x3~1|nor_conv_1x1~2|"


def test_a_cell_whose_output_is_unfed_prunes_to_two_unconnected_nodes() -> None:
    assert NB201().parse(UNFED).pruned() == Architecture(("input", "output"), ())


def test_cells_whose_output_is_unfed_are_as_many_as_cut_graphs_of_four_maps() -> None:
    """A pair of feature maps is cut by `none` or open in four ways; 0 and 3 must be apart."""
    expected = 0
    for is_open in itertools.product((False, True), repeat=len(PAIRS)):
        maps = nx.DiGraph([pair for pair, open_ in zip(PAIRS, is_open, strict=True) if open_])
        maps.add_nodes_from(range(4))
        expected += 0 if nx.has_path(maps, 0, 3) else 4 ** sum(is_open)
    unconnected = Architecture(("input", "output"), ()).canonical_id
    assert (NB201().enumerate().canonical_ids == unconnected).sum() == expected


def test_what_was_not_measured_is_nan_and_never_minus_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text(
        '{"ops": ["a"], "edges": [], "acc": null}\n{"ops": ["b"], "edges": [], "acc": 90}\n'
    )
    np.testing.assert_array_equal(read_own_table(mine).labels("acc"), [np.nan, 90.0])


@pytest.mark.parametrize(
    "edges", ["[[0, 1], [1, 0]]", "[[0, 2]]", "[[0, -1]]", "[[0, 0]]", "[[false, true]]"]
)
def test_an_invalid_graph_is_rejected_with_its_line_and_gets_no_label(
    tmp_path: Path, edges: str
) -> None:
    mine = tmp_path / "mine.jsonl"
    lines = [f'{{"ops": ["a", "a"], "edges": {these}, "acc": 90}}' for these in ("[]", edges)]
    mine.write_text("\n".join(lines))
    with pytest.raises(DataError, match="line 2: edge"):
        read_own_table(mine)
