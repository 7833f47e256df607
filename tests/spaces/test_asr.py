from __future__ import annotations

import json

import pytest

from nasflow.errors import ConfigError, GraphError
from nasflow.spaces.asr import ASR

SPACE = ASR()


def test_the_published_graph_has_the_published_number_of_classes() -> None:
    assert len(set(ASR(form="published").enumerate().canonical_ids.tolist())) == 8_242


def test_a_cell_is_read_as_defined() -> None:
    cell = SPACE.parse("[[0, 1], [5, 1, 0], [3, 0, 1, 1]]")
    assert cell.ops == ("input", "linear", "skip", "none", "skip", "conv7", "output")
    assert cell.predecessors[2] == (0, 1)  # step 1: operation 1 and the input
    assert cell.predecessors[4] == (0, 3)  # step 2: operation 2 and the input
    assert cell.predecessors[6] == (2, 4, 5)  # the output: operation 3 and steps 1 and 2
    published = ASR(form="published").graph(cell)
    assert published.ops == ("input", "linear", "none", "conv7", "output")
    assert published.edges == ((0, 1), (0, 2), (1, 2), (0, 3), (2, 3), (1, 4), (2, 4), (3, 4))


def test_operations_may_be_named() -> None:
    assert SPACE.parse('[["linear", 1], ["zero", 1, 0], ["conv7", 0, 1, 1]]') == SPACE.parse(
        "[[0, 1], [5, 1, 0], [3, 0, 1, 1]]"
    )


def test_what_a_selected_step_selected_is_carried_on() -> None:
    """The published graph cannot tell these apart: step 1 contains the input in one of them."""
    a, b = (
        SPACE.parse("[[0, 1], [1, 1, 1], [2, 0, 0, 0]]"),
        SPACE.parse("[[0, 1], [1, 0, 1], [2, 0, 0, 0]]"),
    )
    assert a.canonical_id != b.canonical_id


@pytest.mark.parametrize(
    "lists",
    [
        [],
        7,
        [[0, 1]],
        [[0, 1], [5, 1, 0], [3, 1, 1]],
        [[6, 1], [5, 1, 0], [3, 1, 1, 1]],
        [[0, 2], [5, 1, 0], [3, 1, 1, 1]],
        [["conv", 1], [5, 1, 0], [3, 1, 1, 1]],
        [[0, True], [5, 1, 0], [3, 1, 1, 1]],
        [[None, 1], [5, 1, 0], [3, 1, 1, 1]],
        [[0, [1]], [5, 1, 0], [3, 1, 1, 1]],
    ],
)
def test_malformed_cells_are_refused(lists: object) -> None:
    with pytest.raises(GraphError):
        SPACE.parse(json.dumps(lists))


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ConfigError, match="legal: 'exact'"):
        ASR(form="full")
