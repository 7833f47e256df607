"""`Levels`: the values of one number that a description gives as a list, a range or words.

    [16, 32, 64]                        numbers, ascending or not: a step goes along the list
    {from: 16, to: 512, step: 16}       16, 32, ..., 512
    {from: 8, to: 512, log2: true}      8, 16, ..., 512; log10 likewise
    [none, batch, layer]                words: their numbers are their positions, 0, 1, 2

Numbers are float32, as graphs carry them: two values that are one there are refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from reprlib import repr as short  # aliases can make a few lines of YAML endless text
from typing import Any

import numpy as np

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.attributes import plain, shortest
from nasflow.running.numbers import number_in, number_of
from nasflow.spaces.choices import Values

MAX_VALUES = 10_000
_SHOWN = 12  # values in a message, before it says from where to where they go
_SPACINGS = ("step", "log2", "log10")
_LEGAL = (
    "a list of different numbers or of different words, or a range {from: 16, to: 512, step: 16},"
    " with log2: true or log10: true in place of step for factors of 2 and 10"
)


@dataclass(frozen=True, eq=False)
class Levels:
    """The values of one number, in the order in which a step goes."""

    name: str
    numbers: tuple[float, ...]
    texts: tuple[str, ...]
    """How a notation writes each of them."""
    part: Values = field(init=False)
    """The choice of one. What is shared by operations is one object."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "part", Values(len(self.numbers)))

    def index_of(self, number: float | None) -> int:
        """The index of a number on a graph.

        Raises:
            ValueError: it is none of the values.
        """
        return self.numbers.index(math.nan if number is None else number)

    def index_of_text(self, text: str, title: str) -> int:
        """The index of a value as a notation writes it.

        Raises:
            GraphError: it is none of them; `title` says of what.
        """
        number = number_in(text)
        if text in self.texts:
            return self.texts.index(text)
        # 64.0 and 6.4e1 are 64 too; words have no other spelling
        if number is not None and not is_word(self.texts[0]) and number in self.numbers:
            return self.numbers.index(number)
        raise GraphError(f"{self.name} of {title} is {text[:40]!r}; legal: {self.legal}")

    @property
    def legal(self) -> str:
        """The values as a message lists them."""
        if len(self.texts) <= _SHOWN:
            return ", ".join(self.texts)
        return f"{', '.join(self.texts[:3])}, ..., {self.texts[-1]}"


def levels(key: str, name: str, given: Any) -> Levels:
    """The values of a number that a description gives under `key`.

    Raises:
        ConfigError: neither a list nor a range, or one with illegal values; names the key.
    """
    if isinstance(given, Mapping):
        return _of_numbers(key, name, _range(key, given))
    values = [_meant(value) for value in given] if isinstance(given, (list, tuple)) else []
    if not values or len(values) > MAX_VALUES:
        raise ConfigError(f"{key} is {short(given)}; legal: {_LEGAL}")
    # texts that are no numbers: their order is their meaning
    if all(isinstance(value, str) for value in values):
        for word in values:
            if not is_word(word):
                raise ConfigError(f"{key} has the word {short(word)}; legal: {WORD_RULE}")
        if len(set(values)) != len(values):
            raise ConfigError(f"{key} has a word twice: {short(given)}; name each once")
        return Levels(name, tuple(map(float, range(len(values)))), tuple(values))
    for value in values:
        if not math.isfinite(_float(value)):
            raise ConfigError(
                f"{key} has the value {short(value)}; legal: {_LEGAL}; words in quotes where YAML"
                " would read a truth value (yes, no, on, off) or nothing (null)"
            )
    return _of_numbers(key, name, values)


WORD_RULE = "letters, digits and _ . + - / *, with a letter or _ in front"
_INNER = frozenset("_.+-/*")


def is_word(text: Any) -> bool:
    """Whether a text can stand in a notation: as an operation, a name or a word."""
    if not isinstance(text, str) or not text or not (text[0].isalpha() or text[0] == "_"):
        return False
    return all(letter.isalnum() or letter in _INNER for letter in text)


def _meant(value: Any) -> Any:
    """The number that a text plainly is; any other value as it is."""
    # YAML takes 1e-3 for a text, since it asks for a point
    number = number_in(value) if isinstance(value, str) else None
    return value if number is None or not math.isfinite(number) else number


def _range(key: str, given: Mapping[Any, Any]) -> list[float]:
    """The numbers of a range, its end included."""
    spacings = [name for name in _SPACINGS if name in given]
    if len(spacings) != 1 or given.keys() != {"from", "to", *spacings}:
        raise ConfigError(
            f"{key} is {short(dict(given))}; legal: {{from: .., to: ..}} and one of step, log2 and"
            " log10"
        )
    (spacing,) = spacings
    first, last = _bound(key, "from", given["from"]), _bound(key, "to", given["to"])
    if spacing == "step":
        step = _bound(key, "step", given["step"])
        if step <= 0 or last < first:
            raise ConfigError(
                f"{key} goes from {first} to {last} by {step}; legal: upwards by a positive step"
            )
        n = int((last - first) / step) + 1
        _check_number(key, n)
        # decimals: 0.1 + 0.2 is 0.3 here
        numbers = [first + i * step for i in range(n)]
    else:
        if given[spacing] is not True or not 0 < first <= last:
            raise ConfigError(
                f"{key} is {short(dict(given))}; legal with {spacing}: true: upwards from a"
                " positive number"
            )
        numbers = [first]
        factor = 2 if spacing == "log2" else 10
        while numbers[-1] * factor <= last:
            # by itself and not by a power: decimals stay exact
            numbers.append(numbers[-1] * factor)
    if numbers[-1] != last:
        raise ConfigError(
            f"{key} goes from {first} by {spacing} to {numbers[-1]} and does not meet {last};"
            f" legal: an end that it meets, such as to: {numbers[-1]}"
        )
    return [float(number) for number in numbers]


def _bound(key: str, name: str, given: Any) -> Decimal:
    """A finite number as the decimal that is written."""
    value = _meant(given)
    if not math.isfinite(_float(value)):
        raise ConfigError(f"{key}: {name} is {short(given)}; legal: a number")
    return Decimal(str(value))


def _float(value: Any) -> float:
    """A number as a float; what is none, or beyond the floats, is infinite."""
    # truth values are none, as `yes` and `no` are to YAML
    number = number_of(value)
    return math.inf if number is None else number


def _check_number(key: str, n: int) -> None:
    if n > MAX_VALUES:
        raise ConfigError(f"{key} has {n:,} values; legal: at most {MAX_VALUES:,}: a larger step")


def _of_numbers(key: str, name: str, values: Sequence[float]) -> Levels:
    """Levels of numbers, which must differ as float32."""
    with np.errstate(over="ignore"):
        rounded = np.array(values, np.float64).astype(np.float32)
    if not np.isfinite(rounded).all():
        raise ConfigError(f"{key} has a number beyond 3.4e38, the largest 32-bit float")
    numbers = [shortest(value) for value in rounded]
    if len(set(numbers)) != len(numbers):
        twice = next(value for value in numbers if numbers.count(value) > 1)
        raise ConfigError(f"{key} has {plain(twice)} twice as a 32-bit float; name each value once")
    return Levels(name, tuple(numbers), tuple(str(plain(number)) for number in numbers))
