from __future__ import annotations

import pytest

from nasflow.errors import GraphError
from nasflow.spaces.transnas import TransNASMicro

SPACE = TransNASMicro()


def test_the_official_example_is_read_as_documented() -> None:
    """1_02_333: node 1 = skip(0); node 2 = none(0) + conv1x1(1); node 3 = conv3x3 of all three."""
    cell = SPACE.parse("64-41414-1_02_333")
    assert cell.ops == (
        "input",
        "skip_connect",
        "none",
        "conv1x1",
        "conv3x3",
        "conv3x3",
        "conv3x3",
        "output",
    )
    assert cell.predecessors[3] == (1,)  # conv1x1 takes node 1, which skip_connect leads to
    assert (
        SPACE.parse("1_02_333")
        == SPACE.parse("(1, 0, 2, 3, 3, 3)")
        == SPACE.parse("[1,0,2,3,3,3]")
        == cell
    )
    assert SPACE.format(cell) == "64-41414-1_02_333"


@pytest.mark.parametrize(
    "text", ["64-1234-basic", "1_02_334", "1_02_33", "(1, 0, 2, 3, 3)", "64-41414-", "१_०२_३३३"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match="is no cell of transnas-micro; legal: 64-41414-1_02_333"):
        SPACE.parse(text)


def test_skips_with_parameters_are_not_contracted() -> None:
    chains = [SPACE.parse(text) for text in ("1_00_030", "3_00_010", "0_00_300")]
    assert len({cell.canonical_id for cell in chains}) == 3


def test_none_may_be_read_as_no_connection() -> None:
    cell = SPACE.parse("1_02_333")
    assert "none" not in TransNASMicro(none="edge").graph(cell).ops
    assert TransNASMicro(none="edge", prune=True).graph(SPACE.parse("0_00_003")).ops == (
        "input",
        "output",
    )
