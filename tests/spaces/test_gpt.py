from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasflow.errors import ConfigError, GraphError
from nasflow.spaces.gpt import GPT

SPACE = GPT()


def test_parts_of_layers_are_nodes() -> None:
    element = SPACE.parse("w128 h2m4 h8m1")
    assert element.ops == ("input", "embedding", "attention", "mlp", "attention", "mlp", "output")
    assert element.attrs["heads"] == (None, None, 2, None, 8, None, None)
    assert element.attrs["ratio"] == (None, None, None, 4, None, 1, None)
    assert SPACE.from_choices(128, [2, 8], [4, 1]) == element
    assert SPACE.to_choices(element) == (128, [2, 8], [4, 1])


def test_parameters_are_those_of_a_decoder_written_out() -> None:
    element = SPACE.parse("w128 h2m4 h8m1")
    h, vocabulary, context = 128, 256, 128
    attention = 4 * h * h + 4 * h + 2 * h
    mlps = [2 * h * ratio * h + ratio * h + h + 2 * h for ratio in (4, 1)]
    total = (vocabulary + context) * h + 2 * attention + sum(mlps) + 2 * h + h * vocabulary
    assert element.globals["params"] == total


def test_the_number_of_elements_is_exact() -> None:
    assert SPACE.n_elements == 6 * sum(12**depth for depth in range(2, 13))
    small = GPT(widths=(8, 16), depths=(1, 3), heads=(1, 2), ratios=(1,))
    assert small.n_elements == len(small.enumerate()) == 2 * (2 + 8)


def test_a_table_of_many_is_that_of_each() -> None:
    rng = np.random.default_rng(0)
    elements = [SPACE.sample(rng) for _ in range(30)]
    assert list(SPACE.table_of_values([SPACE.value(element) for element in elements])) == elements
    depths = (np.diff(SPACE.sample_table(3000, rng).node_ptr) - 3) / 2
    assert abs(depths.mean() - 7) < 0.25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (12,)}, "width 12 is no multiple of 8 heads"),
        ({"widths": ()}, "widths is"),
        ({"ratios": (2, 1)}, r"ratios is \[2, 1\]; legal: ascending"),
        ({"heads": (0, 2)}, r"heads is \[0, 2\]"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GPT(**options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w128 h2m4", "2 to 12 layers"),
        ("h2m4 h2m4", "a width and"),
        ("w100 h2m4 h2m4", "width is 100; legal: 64, 128"),
        ("w64 h3m4 h2m4", "heads is 3; legal: 2, 4, 8"),
        ("w64 h2m9 h2m4", "ratio is 9; legal: 1, 2, 3, 4"),
    ],
)
def test_other_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        SPACE.parse(text)


def test_arrays_say_what_is_legal() -> None:
    with pytest.raises(GraphError, match=r"heads\[0, 1\] is 5"):
        SPACE.table_from_choices([64], [2], [[2, 5]], [[1, 1]])
    with pytest.raises(GraphError, match="a column for each of 3 layers"):
        SPACE.table_from_choices([64], [3], [[2, 2]], [[1, 1]])
