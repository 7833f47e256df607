"""Choices whose number depends on other choices: an operation's attributes, a list's items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np

from nasflow.running.cached import cached_property
from nasflow.spaces.choices import Part, Place, Product, Value, replaced

MAX_CROSSINGS = 100  # tries to cross two legal values into a legal one


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
        self.n: int = sum(part.n for part in self.parts)

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
        before: int = sum(part.n for part in self.parts[:op])
        return before + int(self.parts[op].rank(inner))

    def draw(self, rng: np.random.Generator) -> Value:
        """The operation uniformly, then its attributes."""
        op = int(rng.integers(len(self.parts)))
        return op, self.parts[op].draw(rng)

    def places(self, value: Value) -> Iterator[Place]:
        """The operation, then its attributes."""
        op, inner = value
        # one place for all other operations, however many attributes they would choose
        others = []
        for other in range(len(self.parts)):
            if other != op:
                kept, free = self._kept_and_free(op, inner, other)
                others.append((other, kept, free))
        if others:
            n = sum(free.n for _, _, free in others)
            yield Place(n, partial(self._switched, others))
        for place in self.parts[op].places(inner):
            yield Place(place.n, partial(replaced, value, 1, place.move))

    def _kept_and_free(self, op: int, inner: Value, other: int) -> tuple[list[Value], Product]:
        """What another operation takes over (None for what it chooses), and what it chooses."""
        here = dict(zip(self.names[op], zip(self.parts[op].parts, inner, strict=True), strict=True))
        kept, free = [], []
        for name, part in zip(self.names[other], self.parts[other].parts, strict=True):
            part_here, value_here = here.get(name, (None, None))
            # of another list the same number may be missing: then the way back would be too
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
        grows: how the length changes: new items come at the `end`, whatever they are; `anywhere`,
            one at a time; or as a `copy` of the items from the first on, and only such a copy goes.
    """

    def __init__(
        self,
        part: Part,
        lengths: Sequence[int],
        grows: Literal["end", "anywhere", "copy"] = "end",
    ) -> None:
        self.part, self.lengths, self.grows = part, tuple(lengths), grows
        self.n: int = sum(part.n**length for length in self.lengths)

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
        before: int = sum(self.part.n**length for length in self.lengths if length < len(value))
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
            yield from self._shorter(value, self.lengths[at - 1])
        if at + 1 < len(self.lengths):
            yield self._longer(value, self.lengths[at + 1])

    def _shorter(self, value: Value, length: int) -> Iterator[Place]:
        """What may go: one item, or all behind a length."""
        if self.grows == "anywhere":
            yield Place(len(value), lambda i: value[:i] + value[i + 1 :])
        # what did not come as a copy could not come back by one change
        elif self.grows == "end" or _repeated(value[:length], len(value)) == value:
            yield Place(1, lambda _: value[:length])

    def _longer(self, value: Value, length: int) -> Place:
        """What may come."""
        if self.grows == "copy":
            return Place(1, lambda _: _repeated(value, length))
        new = self._fixed(length - len(value))
        # at the end is the last position, and the only one where several items come
        first = 0 if self.grows == "anywhere" else len(value)
        return Place((len(value) + 1 - first) * new.n, partial(_inserted, value, new, first))

    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """The length of one of the two; item by item, and the rest from the longer one."""
        longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
        length = len((a, b)[int(rng.integers(2))])
        pairs = zip(longer, shorter, strict=False)
        items = [self.part.cross(x, y, rng) for x, y in pairs]
        return (*items, *longer[len(items) :])[:length]


def _inserted(value: Value, new: Product, first: int, change: int) -> Value:
    """A tuple with items inserted at the position `first` or a later one."""
    position, index = divmod(change, new.n)
    position += first
    return value[:position] + new.unrank(index) + value[position:]


def _repeated(value: Value, length: int) -> Value:
    """A tuple repeated from the first item on, until it is `length` long."""
    n_times = -(-length // max(1, len(value)))
    return (value * n_times)[:length]


class Among(Part):
    """The values of a part that are legal, of which there are few enough to list.

    Args:
        part: what is chosen from.
        legal: whether a value is an element.
        n: how many there are, where that is known: then they are listed when the first is asked
            for.
    """

    def __init__(self, part: Part, legal: Callable[[Value], bool], n: int | None = None) -> None:
        self.part, self._legal = part, legal
        self.n = len(self.values) if n is None else n

    @cached_property
    def values(self) -> list[Value]:
        """The legal values, in the order of the part."""
        return [value for value in map(self.part.unrank, range(self.part.n)) if self._legal(value)]

    @cached_property
    def index(self) -> dict[Value, int]:
        """The number of each legal value."""
        return {value: i for i, value in enumerate(self.values)}

    def unrank(self, index: int) -> Value:
        """In the order of the part."""
        return self.values[index]

    def rank(self, value: Value) -> int:
        """The number of legal values before it."""
        return self.index[value]

    def draw(self, rng: np.random.Generator) -> Value:
        """Uniform over the legal values."""
        return self.values[int(rng.integers(self.n))]

    def places(self, value: Value) -> Iterator[Place]:
        """Those of the part, less what is not legal there."""
        for place in self.part.places(value):
            moved = [place.move(i) for i in range(place.n)]
            legal = [other for other in moved if other in self.index]
            if legal:
                yield Place(len(legal), legal.__getitem__)

    def cross(self, a: Value, b: Value, rng: np.random.Generator) -> Value:
        """As the part does it, until the value is legal: one of the two may be."""
        for _ in range(MAX_CROSSINGS):
            child = self.part.cross(a, b, rng)
            # two legal values may have no legal mixture but themselves
            if child in self.index:
                return child
        return a
