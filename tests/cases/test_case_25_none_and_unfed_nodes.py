from __future__ import annotations

from nasflow.spaces.nb201 import NB201

CELL = "|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|skip_connect~1|nor_conv_1x1~2|"


def test_none_is_no_connection_and_unfed_nodes_go_on_request() -> None:
    """What `none` and a node without input mean."""
    cell = NB201().parse(CELL)
    unpruned = NB201(none="edge").graph(cell)
    assert "conv3x3" in unpruned.ops  # it is not fed, and stays
    pruned = NB201(none="edge", prune=True).graph(cell)
    assert pruned.ops == ("input", "skip", "output")
    assert pruned.canonical_id == cell.canonical_id
