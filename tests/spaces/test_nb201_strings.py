from __future__ import annotations

import numpy as np
import pytest

from nasflow.errors import ConfigError, GraphError
from nasflow.spaces.nb201 import NB201, official_order
from nasflow.spaces.nb201_strings import string_classes, unique_string

SPACE = NB201()


def test_the_published_numbers_of_unique_cells() -> None:
    cells = official_order()
    assert string_classes(cells).max() + 1 == 12_751
    assert string_classes(cells, zero_aware=True).max() + 1 == 6_466


def test_a_string_is_written_as_published() -> None:
    cell = SPACE.parse("|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|")
    choices = SPACE.to_choices(cell)
    assert (
        unique_string(choices)
        == "(((0)@none)@nor_conv_3x3+(0)@none)@nor_conv_1x1+((0)@none)@none+0"
    )
    assert unique_string(choices, zero_aware=True) == "#+(#+#)@nor_conv_1x1+0"


def test_an_index_is_a_place_in_the_official_order() -> None:
    assert SPACE.format(SPACE.parse("0")) == (
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    assert len(np.unique(official_order(), axis=0)) == 15_625
    with pytest.raises(GraphError, match=r"15625 is no index of nb201; legal: 0\.\.15624"):
        SPACE.parse("15625")


def test_the_two_orders_of_a_tuple() -> None:
    names = ("skip", "none", "conv3x3", "conv1x1", "avgpool3x3", "none")
    by_target, by_source = SPACE.from_tuple(names), SPACE.from_tuple(names, by="source")
    assert by_target.ops[1:-1] == names
    assert by_source.ops[1:-1] == ("skip", "none", "conv1x1", "conv3x3", "avgpool3x3", "none")
    assert SPACE.to_tuple(by_source, by="source") == names
    assert SPACE.to_tuple(SPACE.from_tuple([0, 1, 2, 3, 4, 0])) == (*SPACE.choices, "none")


def test_malformed_tuples_are_refused() -> None:
    with pytest.raises(GraphError, match="has 2 operations"):
        SPACE.from_tuple(["skip", "none"])
    with pytest.raises(GraphError, match="unknown operation 5"):
        SPACE.from_tuple([0, 0, 0, 0, 0, 5])
    with pytest.raises(ConfigError, match="by='edge'; legal: 'target'"):
        SPACE.from_tuple([0] * 6, by="edge")
