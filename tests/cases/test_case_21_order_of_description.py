from __future__ import annotations

from nasflow.spaces.nb201 import NB201


def test_the_order_in_which_a_cell_is_described_does_not_matter() -> None:
    """Dictionary order changed the answer."""
    space = NB201()
    one = space.parse(
        "|none~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|none~2|"
    )
    other = space.parse(
        "|none~0|+|nor_conv_3x3~1|nor_conv_1x1~0|+|none~2|avg_pool_3x3~1|skip_connect~0|"
    )
    assert one == other
