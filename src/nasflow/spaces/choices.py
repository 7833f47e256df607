"""What an element of a space of sizes consists of: choices, put together.

    Values(n)                    one of n values, by its index; ordered ones move one step at a time
    Product(a, b, ...)           one of each
    Either({op: {name: part}})   an operation, with a choice for each of its own names
    Repeat(part, lengths)        a list of them, as long as one of the lengths

A value is a whole number for `Values` and a tuple of values for the others, so that it can be
compared, hashed and counted without any graph. Every part knows how many values it has (exactly: a
Python integer), the value of each number from 0 to n - 1 and the way back, and what one change
leads to. Changes come in places, one for each number, operation and length: who draws a place
first and a change there afterwards does not lengthen a network nine times in ten because there are
so many layers that could be added.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
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
        self.n = math.prod(part.n for part in parts)

    def unrank(self, index: int) -> Value:
        """The digits of the index, each part having its own base."""
        digits = []
        for part in reversed(self.parts):
            index, digit = divmod(index, part.n)
            digits.append(part.unrank(digit))
        return tuple(reversed(digits))

    def rank(self, value: Value) -> int:
        """The number with these digits."""
        index = 0
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
                yield Place(place.n, partial(_replaced, value, i, place.move))

    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """Part by part."""
        parts = zip(self.parts, a, b, strict=True)
        return tuple(part.cross(x, y, rng) for part, x, y in parts)


class Either(Part):
    """An operation and its attributes: the value is (index of the operation, its attributes).

    Another operation keeps the attributes that both have with the same part (the same object), and
    may have any value of the rest, so that every change can be undone by one.

    Args:
        attributes: for each operation the parts of its attributes by name.
    """

    def __init__(self, attributes: Mapping[str, Mapping[str, Part]]) -> None:
        self.ops = tuple(attributes)
        self.names = [tuple(named) for named in attributes.values()]
        self.parts = [Product(*named.values()) for named in attributes.values()]
        self.n = sum(part.n for part in self.parts)

    def unrank(self, index: int) -> Value:
        """The values of the first operation, then those of the second, and so on."""
        for op, part in enumerate(self.parts):
            if index < part.n:
                return op, part.unrank(index)
            # counted from the first value of the next operation on
            index -= part.n
        raise IndexError(index)

    def rank(self, value: Value) -> int:
        """The number of values before it."""
        op, inner = value
        return sum(part.n for part in self.parts[:op]) + self.parts[op].rank(inner)

    def draw(self, rng: np.random.Generator) -> Value:
        """The operation uniformly, then its attributes."""
        op = int(rng.integers(len(self.parts)))
        return op, self.parts[op].draw(rng)

    def places(self, value: Value) -> Iterator[Place]:
        """The operation, then its attributes."""
        op, inner = value
        others = []
        for other in range(len(self.parts)):
            if other != op:
                kept, free = self._kept_and_free(op, inner, other)
                others.append((other, kept, free))
        if others:
            n = sum(free.n for _, _, free in others)
            yield Place(n, partial(self._switched, others))
        for place in self.parts[op].places(inner):
            yield Place(place.n, partial(_replaced, value, 1, place.move))

    def _kept_and_free(self, op: int, inner: Value, other: int) -> tuple[list[Value], Product]:
        """What another operation takes over (None for what it chooses), and what it chooses."""
        here = dict(zip(self.names[op], zip(self.parts[op].parts, inner, strict=True), strict=True))
        kept, free = [], []
        for name, part in zip(self.names[other], self.parts[other].parts, strict=True):
            part_here, value_here = here.get(name, (None, None))
            kept.append(value_here if part_here is part else None)
            if part_here is not part:
                free.append(part)
        return kept, Product(*free)

    def _switched(self, others: list[tuple[int, list[Value], Product]], i: int) -> Value:
        """The value after change i of the operation."""
        for other, kept, free in others:
            if i < free.n:
                chosen = iter(free.unrank(i))
                return other, tuple(next(chosen) if v is None else v for v in kept)
            # counted from the first value of the next operation on
            i -= free.n
        raise IndexError(i)

    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """Attribute by attribute where the operations agree, else one of the two as it is."""
        if a[0] == b[0]:
            return a[0], self.parts[a[0]].cross(a[1], b[1], rng)
        return b if rng.integers(2) else a


class Repeat(Part):
    """A tuple of values of one part, of one of some lengths.

    Args:
        part: what is repeated.
        lengths: the legal ones, ascending.
        anywhere: items come and go at any position (by one: lengths without gaps), not at the end
            alone.
    """

    def __init__(self, part: Part, lengths: Sequence[int], anywhere: bool = False) -> None:
        self.part, self.lengths, self.anywhere = part, tuple(lengths), anywhere
        self.n = sum(part.n**length for length in self.lengths)

    def unrank(self, index: int) -> Value:
        """The shortest ones first."""
        for length in self.lengths:
            if index < self.part.n**length:
                return self._fixed(length).unrank(index)
            # counted from the first one of the next length on
            index -= self.part.n**length
        raise IndexError(index)

    def rank(self, value: Value) -> int:
        """The number of values before it."""
        before = sum(self.part.n**length for length in self.lengths if length < len(value))
        return before + self._fixed(len(value)).rank(value)

    def _fixed(self, length: int) -> Product:
        return Product(*[self.part] * length)

    def draw(self, rng: np.random.Generator) -> Value:
        """The length uniformly, then each item."""
        length = self.lengths[int(rng.integers(len(self.lengths)))]
        return self._fixed(length).draw(rng)

    def places(self, value: Value) -> Iterator[Place]:
        """Those of the items, then what may go, then what may come."""
        yield from self._fixed(len(value)).places(value)
        at = self.lengths.index(len(value))
        if at > 0:
            shorter = self.lengths[at - 1]
            n = len(value) if self.anywhere else 1
            yield Place(n, partial(self._removed, value, shorter))
        if at + 1 < len(self.lengths):
            new = self._fixed(self.lengths[at + 1] - len(value))
            positions = len(value) + 1 if self.anywhere else 1
            yield Place(positions * new.n, partial(self._inserted, value, new))

    def _removed(self, value: Value, shorter: int, i: int) -> Value:
        return value[:i] + value[i + 1 :] if self.anywhere else value[:shorter]

    def _inserted(self, value: Value, new: Product, i: int) -> Value:
        position, index = divmod(i, new.n)
        # one position alone: the end
        position = position if self.anywhere else len(value)
        return value[:position] + new.unrank(index) + value[position:]

    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """The length of one of the two; item by item, and the rest from the longer one."""
        longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
        length = len((a, b)[int(rng.integers(2))])
        pairs = zip(longer, shorter, strict=False)
        items = [self.part.cross(x, y, rng) for x, y in pairs]
        return (*items, *longer[len(items) :])[:length]


def _replaced(value: Value, i: int, move: Callable[[int], Value], change: int) -> Value:
    """A tuple with entry `i` after its change."""
    return (*value[:i], move(change), *value[i + 1 :])


def draw_below(n: int, rng: np.random.Generator) -> int:
    """A uniform whole number from 0 to n - 1, however large n is."""
    if n <= 2**62:
        return int(rng.integers(n))
    n_bytes = (n.bit_length() + 7) // 8
    surplus = 8 * n_bytes - n.bit_length()
    while True:
        # refused above n, at most every second time: a remainder would favour small numbers
        number = int.from_bytes(rng.bytes(n_bytes), "little") >> surplus
        if number < n:
            return number
