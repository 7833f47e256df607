"""What an element of a space of sizes consists of: choices, put together.

    Values(n)                    one of n values, by its index; ordered ones move one step at a time
    Product(a, b, ...)           one of each
    Either({op: {name: part}})   an operation, with a choice for each of its own names
    Repeat(part, lengths)        a list of them, as long as one of the lengths

The last two are in `nasflow.spaces.structure`. A value is a whole number for `Values` and a tuple
of values for the others, so that it can be compared, hashed and counted without any graph. Every
part knows how many values it has (exactly: a Python integer), the value of each number from 0 to
n - 1 and the way back, and what one change leads to. Changes come in places, one for each number,
operation and length: who draws a place first and a change there afterwards does not lengthen a
network nine times in ten because there are so many layers that could be added.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Value = Any
"""A whole number, or a tuple of values."""


@dataclass(frozen=True)
class Place:
    """What can be changed at one place."""

    n: int
    """Number of changes."""
    move: Callable[[int], Value]
    """The value after change 0..n-1; never the one before it."""


class Part(ABC):
    """Something to choose."""

    n: int
    """Number of values."""

    @abstractmethod
    def unrank(self, index: int) -> Value:
        """Value number `index`, 0 <= index < n."""

    @abstractmethod
    def rank(self, value: Value) -> int:
        """The number of a value; the way back of `unrank`."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Value:
        """A random value, every choice drawn uniformly among what is legal there."""

    @abstractmethod
    def places(self, value: Value) -> Iterator[Place]:
        """The places where one change is possible; each change has one that undoes it."""

    @abstractmethod
    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """A value whose choices are each taken from one of two values."""

    def neighbours(self, value: Value) -> Iterator[Value]:
        """Every value one change away, each once, in a fixed order."""
        seen = {value}
        for place in self.places(value):
            for i in range(place.n):
                neighbour = place.move(i)
                # a layer doubled from the left is the layer doubled from the right
                if neighbour not in seen:
                    seen.add(neighbour)
                    yield neighbour

    def mutate(self, value: Value, rng: np.random.Generator) -> Value | None:
        """A change drawn uniformly at a place drawn uniformly; None where nothing can change."""
        places = list(self.places(value))
        if not places:
            return None
        place = places[int(rng.integers(len(places)))]
        return place.move(draw_below(place.n, rng))


class Values(Part):
    """One of `n` values; `ordered` ones change by one step, others to any other."""

    def __init__(self, n: int, ordered: bool = True) -> None:
        self.n, self.ordered = n, ordered

    def unrank(self, index: int) -> Value:
        """The index itself."""
        return index

    def rank(self, value: Value) -> int:
        """The value itself."""
        return int(value)

    def draw(self, rng: np.random.Generator) -> Value:
        """Uniform."""
        return int(rng.integers(self.n))

    def places(self, value: Value) -> Iterator[Place]:
        """One, unless there is one value alone."""
        # a width of 64 is nearer to 72 than to 512: what is learnt here holds there
        near = (value - 1, value + 1) if self.ordered else range(self.n)
        others = [other for other in near if other != value and 0 <= other < self.n]
        if others:
            yield Place(len(others), others.__getitem__)

    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """One of the two."""
        return b if rng.integers(2) else a


class Product(Part):
    """One value of each part; the last one changes fastest in the numbering."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self.n: int = math.prod(part.n for part in parts)

    def unrank(self, index: int) -> Value:
        """The digits of the index, each part having its own base."""
        digits = []
        # from the last part on, whose digit is the rest
        for part in reversed(self.parts):
            index, digit = divmod(index, part.n)
            digits.append(part.unrank(digit))
        return tuple(reversed(digits))

    def rank(self, value: Value) -> int:
        """The number with these digits."""
        index = 0
        # the first part's digit counts most
        for part, inner in zip(self.parts, value, strict=True):
            index = index * part.n + part.rank(inner)
        return index

    def draw(self, rng: np.random.Generator) -> Value:
        """Each part by itself."""
        return tuple(part.draw(rng) for part in self.parts)

    def places(self, value: Value) -> Iterator[Place]:
        """Those of each part."""
        for i, part in enumerate(self.parts):
            for place in part.places(value[i]):
                yield Place(place.n, partial(replaced, value, i, place.move))

    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """Part by part."""
        parts = zip(self.parts, a, b, strict=True)
        return tuple(part.cross(x, y, rng) for part, x, y in parts)


def replaced(value: Value, i: int, move: Callable[[int], Value], change: int) -> Value:
    """A tuple with entry `i` after its change."""
    return (*value[:i], move(change), *value[i + 1 :])


def draw_below(n: int, rng: np.random.Generator) -> int:
    """A uniform whole number from 0 to n - 1, however large n is."""
    # above that NumPy has no integers
    if n <= 2**62:
        return int(rng.integers(n))
    n_bytes = (n.bit_length() + 7) // 8
    surplus = 8 * n_bytes - n.bit_length()
    while True:
        # refused above n, at most every second time: a remainder would favour small numbers
        number = int.from_bytes(rng.bytes(n_bytes), "little") >> surplus
        if number < n:
            return number
