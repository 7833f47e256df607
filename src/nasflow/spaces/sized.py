"""`SizedSpace`: spaces whose elements differ in numbers on their layers.

An element is a value of `choices` (`nasflow.spaces.choices`): that is what is drawn, changed and
numbered. Its graph carries the chosen numbers and what follows from them by a formula of each layer
(outputs, parameters, multiply-adds), which are no choices: a notation leaves them out, and a
mutation changes them as it must.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.base import Space
from nasflow.spaces.choices import Part, Value

MAX_LISTED = 200_000  # elements with numbers on a dozen nodes: 100 MB
MAX_RECENT = 1000  # elements that are kept, some 10 kB each


class SizedSpace(Space):
    """A space given by `choices`, the tables of values, and the values of graphs and texts.

    `name`, `ops`, `choices` and four methods: `tables`, `read`, `parse_value` and `format_value`.
    """

    choices: Part
    """What is to be chosen."""

    @property
    def n_elements(self) -> int:
        """The exact number of elements, also where they are too many to list."""
        return self.choices.n

    @property
    def size(self) -> int | None:  # type: ignore[override]  # computed here, a constant elsewhere
        """Number of elements; None where there are too many to list (`n_elements` counts them)."""
        return self.choices.n if self.choices.n <= MAX_LISTED else None

    @abstractmethod
    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements that are given by their choices."""

    @abstractmethod
    def read(self, architecture: Architecture) -> Value:
        """The choices that the numbers on a graph tell of.

        May raise ValueError, IndexError or KeyError, or give any choices, where the graph is no
        element: `value` compares.
        """

    @abstractmethod
    def parse_value(self, text: str) -> Value:
        """The choices that a text denotes.

        Raises:
            GraphError: it denotes none.
        """

    @abstractmethod
    def format_value(self, value: Value) -> str:
        """The notation of some choices."""

    # -- elements and choices ---------------------------------------------------------------------

    def element(self, value: Value) -> Architecture:
        """The element with these choices."""
        recent: dict[Value, Architecture] = self.__dict__.setdefault("_recent", {})
        element = recent.get(value)
        if element is None:
            # a search formats, checks and changes what it has just drawn: each asks for it again
            if len(recent) >= MAX_RECENT:
                recent.clear()
            element = recent[value] = self.table_of_values([value])[0]
        return element

    def value(self, architecture: Architecture) -> Value:
        """The choices of an element.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        try:
            value = self.read(architecture)
            is_element = self.element(value) == architecture
        except (ValueError, IndexError, KeyError, TypeError, GraphError):
            is_element = False
        if not is_element:
            raise GraphError(
                f"{str(architecture)[:300]} is no element of {self.name}; legal: graphs such as"
                f" {self.format_value(self.choices.unrank(0))} denotes, with all their numbers"
            )
        return value

    def parse(self, text: str) -> Architecture:
        """The element that a text denotes."""
        return self.element(self.parse_value(text))

    def format(self, architecture: Architecture) -> str:
        """The choices of an element as a text; what follows from them is not written."""
        return self.format_value(self.value(architecture))

    # -- numbers ----------------------------------------------------------------------------------

    def unrank(self, index: int) -> Architecture:
        """Element number `index`, from 0: all of them have one, listed or not.

        Raises:
            GraphError: there is no such element.
        """
        if not 0 <= index < self.n_elements:
            raise GraphError(
                f"element {index} of {self.name}; legal: 0..{self.n_elements - 1}, as it has"
                f" {self.n_elements:,} elements"
            )
        return self.element(self.choices.unrank(int(index)))

    def rank(self, architecture: Architecture) -> int:
        """The number of an element: `unrank(rank(a)) == a`."""
        return self.choices.rank(self.value(architecture))

    def enumerate(self) -> ArchTable:
        """All elements in the order of their numbers, if they are few enough."""
        if self.size is None:
            raise GraphError(
                f"{self.name} has {self.n_elements:,} elements, too many to list; draw with"
                " sample(), or take some by number with unrank()"
            )
        return self.table_of_values([self.choices.unrank(i) for i in range(self.n_elements)])

    # -- chance and change ------------------------------------------------------------------------

    def sample(self, rng: np.random.Generator) -> Architecture:
        """An element, each choice uniform among what is legal there.

        So all elements are equally likely where the same choices are made for each; where a depth
        decides how many there are, every depth is equally likely, and a shallow element more so
        than a deep one.
        """
        return self.element(self.choices.draw(rng))

    def sample_table(self, n: int, rng: np.random.Generator) -> ArchTable:
        """The table of `n` elements as `sample` draws them, twins included."""
        return self.table_of_values([self.choices.draw(rng) for _ in range(n)])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every element with one number a step away, or one operation or layer changed."""
        yield from self.table_of_values(list(self.choices.neighbours(self.value(architecture))))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A neighbour: one change at a place (a number, an operation, a depth) drawn uniformly."""
        changed = self.choices.mutate(self.value(architecture), rng)
        if changed is None:
            raise GraphError(
                f"{self.format(architecture)} is the only element of {self.name}: "
                "there is nothing to change it to"
            )
        return self.element(changed)

    def mutate_table(
        self, architecture: Architecture, n: int, rng: np.random.Generator
    ) -> ArchTable:
        """The table of `n` elements as `mutate` draws them of one, but for those drawn before."""
        value = self.value(architecture)
        drawn = [self.choices.mutate(value, rng) for _ in range(n)]
        # an element has some dozens of neighbours: of a thousand draws most are repeats
        return self.table_of_values([one for one in dict.fromkeys(drawn) if one is not None])

    def crossover(self, a: Architecture, b: Architecture, rng: np.random.Generator) -> Architecture:
        """An element whose choices are each one of the two elements'."""
        return self.element(self.choices.cross(self.value(a), self.value(b), rng))


def legal_numbers(
    title: str, numbers: npt.ArrayLike, legal: Sequence[Any], shape: tuple[int | None, ...]
) -> npt.NDArray[np.int64]:
    """Whole numbers (N, ...), each of them a legal one.

    Args:
        title: what they are, for errors.
        numbers: the array.
        legal: the legal ones.
        shape: of the array; None for any length.

    Raises:
        GraphError: another shape, or a number that is not legal; names its position.
    """
    array = np.asarray(numbers)
    fits = array.ndim == len(shape) and all(
        wanted in (None, length) for wanted, length in zip(shape, array.shape, strict=True)
    )
    if not fits or (array.size and array.dtype.kind not in "iufb"):
        wanted = ", ".join("n_graphs" if length is None else str(length) for length in shape)
        raise GraphError(
            f"{title} is {array.dtype} of shape {array.shape}; legal: numbers of shape ({wanted})"
        )
    wrong = np.argwhere(~np.isin(array, legal))
    if len(wrong):
        position = wrong[0].tolist()
        raise GraphError(
            f"{title}{position} is {array[tuple(position)].item()!r}; legal:"
            f" {', '.join(map(str, legal))}"
        )
    return array.astype(np.int64)


def one_of(title: str, number: Any, legal: Sequence[Any]) -> int:
    """The index of a number among the legal ones.

    Raises:
        GraphError: it is none of them.
    """
    if number not in legal:
        raise GraphError(f"{title} is {number!r}; legal: {', '.join(map(str, legal))}")
    return list(legal).index(number)
