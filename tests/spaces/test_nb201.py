from __future__ import annotations

import numpy as np
import pytest

from nasflow.errors import ConfigError, GraphError
from nasflow.spaces.nb201 import NB201

CELL = "|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|skip_connect~1|nor_conv_1x1~2|"


def test_the_graph_joins_operations_that_share_a_feature_map() -> None:
    assert NB201().parse(CELL).edges == (
        (0, 1),
        (0, 2),
        (1, 3),
        (0, 4),
        (1, 5),
        (2, 6),
        (3, 6),
        (4, 7),
        (5, 7),
        (6, 7),
    )


def test_none_is_a_node_or_no_edge_as_chosen() -> None:
    cell = NB201().parse(CELL)
    assert NB201().graph(cell).ops.count("none") == 2
    as_edge = NB201(none="edge").graph(cell)
    assert as_edge.ops == ("input", "conv3x3", "skip", "skip", "conv1x1", "output")
    assert NB201(none="edge", prune=True).graph(cell).ops == ("input", "skip", "output")


def test_both_readings_are_the_same_in_a_table() -> None:
    cells = [NB201().sample(np.random.default_rng(seed)) for seed in range(50)]
    for space in (NB201(), NB201(none="edge"), NB201(none="edge", prune=True)):
        assert list(space.table(cells)) == [space.graph(cell) for cell in cells]


def test_another_reading_of_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'node'.*'edge'"):
        NB201(none="zero")
    with pytest.raises(ConfigError, match="needs none='edge'"):
        NB201(prune=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CELL.replace("nor_conv_1x1", "nor_conv_7x7"),
            "nor_conv_7x7~2.*legal: one of none, skip_connect",
        ),
        (CELL.replace("|nor_conv_1x1~2", ""), "joins 5 pairs"),
        (CELL.replace("~2", "~1"), "exactly one operation from each of ~0, ~1, ~2"),
        ("|none~0|", "1 groups"),
    ],
)
def test_a_wrong_string_says_what_is_legal(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        NB201().parse(text)


def test_every_cell_is_its_own_notation() -> None:
    space = NB201()
    cells = list(space.enumerate())
    texts = {space.format(cell) for cell in cells}
    assert len(texts) == 15625
    assert all(space.parse(space.format(cell)) == cell for cell in cells)


def test_the_whole_space_takes_under_a_megabyte() -> None:
    assert NB201().enumerate().nbytes < 1_000_000


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_that_is_no_choice_is_refused_with_its_row(index: int) -> None:
    with pytest.raises(GraphError, match=f"row 1: choice 2 is {index}; legal in nb201: 0..4"):
        NB201().table_from_choices([[0] * 6, [0, 0, index, 0, 0, 0]])
    with pytest.raises(GraphError, match=r"shape \(1, 5\); nb201 needs \(n_graphs, 6\)"):
        NB201().table_from_choices([[0] * 5])
    with pytest.raises(GraphError, match="float64 values such as 0.5; nb201 needs integers"):
        NB201().table_from_choices([[0.5] * 6])


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ([0, 0, -1, 0, 0, 0], "choice 2 is -1; legal in nb201: 0..4"),
        ([0] * 7, r"shape \(1, 7\); nb201 needs \(n_graphs, 6\)"),
        ([], r"shape \(1, 0\)"),
    ],
)
def test_one_cell_of_illegal_choices_is_refused_like_a_table_of_them(
    choice: list[int], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        NB201().from_choices(choice)


def test_parts_of_a_group_may_come_in_any_order() -> None:
    swapped = "|none~0|+|nor_conv_3x3~1|none~0|+|nor_conv_1x1~2|skip_connect~1|skip_connect~0|"
    assert NB201().parse(swapped) == NB201().parse(CELL)


def test_a_cell_has_24_neighbours() -> None:
    assert len(set(NB201().neighbours(NB201().parse(CELL)))) == 6 * 4
