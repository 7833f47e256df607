"""Choices put together: numbering, changes and crossover, against lists of all values."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from nasflow.spaces.choices import Part, Product, Value, Values, draw_below
from nasflow.spaces.structure import Among, Either, Repeat

WIDTH = Values(3)
PARTS: dict[str, Part] = {
    "ordered": Values(4),
    "words": Values(3, ordered=False),
    "product": Product(Values(2), Values(3, ordered=False)),
    "nothing": Product(),
    "either": Either(
        {"conv": {"width": WIDTH, "kernel": Values(2)}, "pool": {}, "mlp": {"width": WIDTH}}
    ),
    "end": Repeat(Values(3), (1, 2, 4)),
    "among": Among(Product(Values(4), Values(3)), lambda value: value != (1, 1)),
    "copy": Repeat(Values(2), (2, 4), grows="copy"),
    "anywhere": Repeat(Values(2), (0, 1, 2, 3), grows="anywhere"),
    "nested": Product(
        WIDTH, Repeat(Either({"a": {"k": Values(2)}, "b": {}}), (1, 2), grows="anywhere")
    ),
}
EVERY = pytest.mark.parametrize("name", PARTS)


def values_of(part: Part) -> list[Value]:
    """All values of a part, from what it consists of and not from its numbering."""
    if isinstance(part, Values):
        return list(range(part.n))
    if isinstance(part, Product):
        return list(itertools.product(*map(values_of, part.parts)))
    if isinstance(part, Either):
        return [
            (op, inner) for op, product in enumerate(part.parts) for inner in values_of(product)
        ]
    if isinstance(part, Among):
        return [value for value in values_of(part.part) if value != (1, 1)]
    assert isinstance(part, Repeat)
    listed = []
    for length in part.lengths:
        listed.extend(itertools.product(values_of(part.part), repeat=length))
    return listed


@EVERY
def test_the_numbering_lists_every_value_once(name: str) -> None:
    part = PARTS[name]
    listed = [part.unrank(i) for i in range(part.n)]
    assert listed == values_of(part)
    assert [part.rank(value) for value in listed] == list(range(part.n))


@EVERY
def test_neighbours_are_distinct_values_and_mutual(name: str) -> None:
    part = PARTS[name]
    values = values_of(part)
    neighbours = {value: list(part.neighbours(value)) for value in values}
    for value, near in neighbours.items():
        assert len(set(near)) == len(near)
        assert value not in near
        assert set(near) <= set(values)
        assert all(value in neighbours[other] for other in near)


@EVERY
def test_every_value_can_be_reached(name: str) -> None:
    part = PARTS[name]
    reached, front = {part.unrank(0)}, [part.unrank(0)]
    while front:
        new = [value for value in part.neighbours(front.pop()) if value not in reached]
        reached.update(new)
        front.extend(new)
    assert reached == set(values_of(part))


@EVERY
def test_a_mutation_is_a_neighbour_and_any_of_them(name: str) -> None:
    part, rng = PARTS[name], np.random.default_rng(0)
    value = part.unrank(part.n // 2)
    expected = set(part.neighbours(value))
    drawn = {part.mutate(value, rng) for _ in range(600)}
    assert drawn == (expected or {None})


@EVERY
def test_draws_and_crossovers_are_values(name: str) -> None:
    part, rng = PARTS[name], np.random.default_rng(0)
    values = set(values_of(part))
    for _ in range(200):
        a, b = part.draw(rng), part.draw(rng)
        child = part.cross(a, b, rng)
        assert {a, b, child} <= values
        assert part.cross(a, a, rng) == a


def test_every_value_is_drawn_by_and_by() -> None:
    rng = np.random.default_rng(1)
    for part in PARTS.values():
        assert {part.draw(rng) for _ in range(3000)} == set(values_of(part))


def test_a_step_of_an_ordered_number_goes_to_the_next_one_alone() -> None:
    assert list(Values(9).neighbours(4)) == [3, 5]
    assert list(Values(9).neighbours(0)) == [1]
    assert list(Values(4, ordered=False).neighbours(1)) == [0, 2, 3]


def test_another_operation_keeps_what_both_have_and_chooses_the_rest() -> None:
    either = PARTS["either"]
    conv = (0, (2, 1))
    # pool has nothing to choose, mlp keeps the width; then width and kernel by a step
    assert list(either.neighbours(conv)) == [(1, ()), (2, (2,)), (0, (1, 1)), (0, (2, 0))]
    assert set(either.neighbours((2, (2,)))) >= {(0, (2, 0)), (0, (2, 1))}


def test_copies_come_and_go() -> None:
    part = Repeat(Values(9), (2, 4), grows="copy")
    assert (3, 7, 3, 7) in set(part.neighbours((3, 7)))
    assert (3, 7) in set(part.neighbours((3, 7, 3, 7)))
    assert {len(value) for value in part.neighbours((3, 7, 3, 6))} == {4}


def test_places_share_the_mutations_and_not_what_may_come_there() -> None:
    part, rng = Repeat(Values(20), (1, 2)), np.random.default_rng(0)
    lengths = Counter(len(part.mutate((5,), rng)) for _ in range(2000))
    # twenty ways to grow, two to change the number: as likely all the same
    assert abs(lengths[2] / 2000 - 0.5) < 0.05


def test_a_crossover_takes_every_choice_from_one_of_the_two() -> None:
    part, rng = Product(*[Values(10)] * 6), np.random.default_rng(0)
    a, b = (0,) * 6, (9,) * 6
    children = {part.cross(a, b, rng) for _ in range(1000)}
    assert children == set(itertools.product((0, 9), repeat=6))


def test_large_numbers_are_drawn_uniformly() -> None:
    rng = np.random.default_rng(0)
    n = 5 * 10**30
    drawn = [draw_below(n, rng) for _ in range(5000)]
    assert all(0 <= number < n for number in drawn)
    counts = np.bincount([5 * number // n for number in drawn], minlength=5)
    assert (abs(counts / 5000 - 0.2) < 0.03).all()
    assert {draw_below(3, rng) for _ in range(100)} == {0, 1, 2}
