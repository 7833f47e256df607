from __future__ import annotations

import itertools

import numpy as np
import pytest

from nasflow.errors import GraphError
from nasflow.spaces.transnas_macro import TransNASMacro

SPACE = TransNASMacro()


def legal_codes() -> list[str]:
    """Strings of codes that keep the paper's two rules, in ascending length and order."""
    listed = []
    for length in (4, 5, 6):
        for codes in itertools.product("1234", repeat=length):
            n_doubled = sum(code in "24" for code in codes)
            n_halved = sum(code in "34" for code in codes)
            if n_doubled in (1, 2, 3) and n_halved in (1, 2, 3, 4):
                listed.append("".join(codes))
    return listed


def test_there_are_the_published_3256() -> None:
    codes = legal_codes()
    assert len(codes) == SPACE.size == SPACE.n_elements == 3256
    table = SPACE.enumerate()
    assert [SPACE.format(table[row]) for row in range(0, 3256, 31)] == [
        f"64-{codes[row]}-basic" for row in range(0, 3256, 31)
    ]
    assert len(set(table.canonical_ids.tolist())) == 3256


def test_codes_say_what_a_module_does() -> None:
    element = SPACE.parse("64-12344-basic")
    assert element.attrs["width"] == (3, 64, 64, 128, 128, 256, 512, 47)
    assert element.attrs["stride"] == (None, 4, 1, 1, 2, 2, 2, None)
    sides = [256, 64, 64, 64, 32, 16, 8]
    outputs = [w * s * s for w, s in zip(element.attrs["width"], sides, strict=False)]
    assert list(element.attrs["outputs"][:-1]) == outputs
    assert SPACE.to_choices(element) == [1, 2, 3, 4, 4]
    assert SPACE.from_choices([1, 2, 3, 4, 4]) == element == SPACE.parse("12344")


@pytest.mark.parametrize(
    "text",
    ["64-1111-basic", "64-444-basic", "64-4444-basic", "64-4143", "32-4143-basic", "64-4150-basic"],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match="4 to 6 codes"):
        SPACE.parse(text)


@pytest.mark.parametrize("codes", [[4, 1, 0, 3, 1, 0], [1, 1, 1, 1, 0, 0], [4, 3, 0, 0, 0, 0]])
def test_rows_that_are_not_legal_are_named(codes: list[int]) -> None:
    with pytest.raises(GraphError, match="row 1: codes"):
        SPACE.table_from_choices([[4, 1, 4, 3, 0, 0], codes])


def test_every_element_can_be_reached_by_changes() -> None:
    reached, front = {SPACE.choices.unrank(0)}, [SPACE.choices.unrank(0)]
    while front:
        new = [v for v in SPACE.choices.neighbours(front.pop()) if v not in reached]
        reached.update(new)
        front.extend(new)
    assert len(reached) == 3256


def test_a_crossover_is_an_element_even_where_mixtures_are_not() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        a, b = SPACE.sample(rng), SPACE.sample(rng)
        SPACE.validate(SPACE.crossover(a, b, rng))
