"""The operations of a `CustomSpace` with the features that each of them has.

`features` names lists of numbers, or operations with lists of their own:

    features: {width: [64, 128]}                             # every operation has a width
    features: {conv: {width: [64, 128], kernel: [3, 5]}}     # conv alone has these

Both go together. `skip` and `none` never have features: an identity of width 64 is still one, and
with a feature in its name no longer known as such.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from reprlib import repr as short  # aliases can make a few lines of YAML endless text
from typing import Any

from nasflow.errors import ConfigError
from nasflow.graphs.flat_arrays import MAX_OPS
from nasflow.graphs.names import NONE_OP, SKIP_OP
from nasflow.running.numbers import number_in

Values = dict[Any, list[int | float]]
"""The values of each feature."""


@dataclass(frozen=True)
class Choice:
    """An operation with one value of each of its features."""

    op: str
    values: tuple[tuple[Any, int | float], ...]
    """Pairs of a feature and its value."""

    @property
    def name(self) -> str:
        """The operation's name in an architecture."""
        parts = [f"{feature}={value}" for feature, value in self.values]
        return f"{self.op}[{','.join(parts)}]" if parts else self.op


def operations(description: Mapping[str, Any]) -> dict[str, list[str]]:
    """Every operation's name with its features, and the names one choice away from it.

    Raises:
        ConfigError: no legal operations or features; the message says what is.
    """
    choices = choices_of(description)
    names = [choice.name for of_op in choices.values() for choice in of_op]
    if len(set(names)) != len(names):
        raise ConfigError(
            "two operations with features have one name; rename an operation or a feature"
        )
    features = _features_of(list(choices), description)
    alternatives = {}
    for op, of_op in choices.items():
        for choice in of_op:
            others = _one_choice_away(choice, choices, features[op])
            alternatives[choice.name] = [other.name for other in others]
    return alternatives


def choices_of(description: Mapping[str, Any]) -> dict[str, list[Choice]]:
    """Every operation with all combinations of its features' values, by the operation's name.

    Raises:
        ConfigError: no legal operations or features; the message says what is.
    """
    ops = _names(description)
    features = _features_of(ops, description)
    # before the combinations are laid out
    if sum(map(_n_choices, features.values())) > MAX_OPS:
        raise ConfigError(
            f"ops and features give more than {MAX_OPS} combinations: fewer values, or coarser ones"
        )
    return {op: _choices(op, features[op]) for op in ops}


def _names(description: Mapping[str, Any]) -> list[str]:
    """The names of the operations, less their features."""
    ops: Any = description.get("ops")
    is_list = isinstance(ops, (list, tuple)) and len(ops) > 0
    if not is_list or not all(isinstance(op, str) and op for op in ops):
        raise ConfigError(
            f"ops is {short(ops)}; legal: a list of names such as [attn, mlp, norm], in quotes"
            " where YAML would read another thing, a number or (yes, no, on, off) a truth value"
        )
    for op in ops:
        # such a name would mark where data enters or leaves
        if op.startswith(("input", "output")):
            raise ConfigError(
                f"operation {op!r} has the name of an end: choose one not starting with input or"
                " output"
            )
    if len(set(ops)) != len(ops):
        raise ConfigError(f"ops names an operation twice: {', '.join(ops)}")
    return list(ops)


def _features_of(ops: list[str], description: Mapping[str, Any]) -> dict[str, Values]:
    """The features of each operation: those of all, then its own."""
    features = description.get("features") or {}
    if not isinstance(features, Mapping):
        raise ConfigError(
            f"features is {short(features)}; legal: names with lists of numbers, {{width: [64,"
            " 128]}, or operations with such, {conv: {width: [64, 128]}}"
        )
    shared: Values = {}
    of_one: dict[str, Values] = {}
    for name, values in features.items():
        # what stands behind a name tells a feature from an operation
        if not isinstance(values, Mapping):
            shared[name] = _values(name, values)
            continue
        if name not in ops:
            raise ConfigError(
                f"features names the operation {short(name)}, which is not among ops; legal:"
                f" {', '.join(ops)}"
            )
        if name in (NONE_OP, SKIP_OP) and values:
            raise ConfigError(
                f"features gives {name!r} features, but it computes nothing that could have some;"
                " name another operation"
            )
        of_one[name] = {feature: _values(feature, listed) for feature, listed in values.items()}
    for op, own in of_one.items():
        for feature in own:
            # one of the two would be without effect
            if feature in shared:
                raise ConfigError(
                    f"feature {short(feature)} is given to every operation and to {op} as well;"
                    " give it once"
                )
    features_of: dict[str, Values] = {op: {**shared, **of_one.get(op, {})} for op in ops}
    for op in (NONE_OP, SKIP_OP):
        # shared ones do not reach them: their names must stay what they are
        if op in features_of:
            features_of[op] = {}
    return features_of


def _values(feature: Any, values: Any) -> list[int | float]:
    """The values of one feature."""
    numbers = list(map(_meant, values)) if isinstance(values, (list, tuple)) else []
    if not numbers or not all(map(_is_number, numbers)) or len(set(numbers)) != len(numbers):
        raise ConfigError(
            f"feature {str(feature)!r} is {short(values)}; legal: a list of different numbers"
        )
    return numbers


def _meant(value: Any) -> Any:
    """The number that a text plainly is; any other value as it is."""
    # YAML takes 1e-3 for a text, since it asks for a point
    number = number_in(value) if isinstance(value, str) else None
    return value if number is None else number


def _is_number(value: Any) -> bool:
    # by type: True and False are integers to Python, and `yes` is True to YAML
    return type(value) is int or (type(value) is float and bool(math.isfinite(value)))


def _n_choices(features: Values) -> int:
    """How many combinations of values there are."""
    return math.prod(len(values) for values in features.values())


def _choices(op: str, features: Values) -> list[Choice]:
    """An operation with every combination of values, the last feature changing fastest."""
    combinations = itertools.product(*features.values())
    return [Choice(op, tuple(zip(features, values, strict=True))) for values in combinations]


def _one_choice_away(
    choice: Choice, choices_of: Mapping[str, list[Choice]], features: Values
) -> Iterator[Choice]:
    """The other operations, then this one with one feature changed.

    Another operation keeps the values of the features that both have, and may have any value of the
    rest: so a step and its reverse are both one choice.
    """
    values_here = dict(choice.values)
    for op, others in choices_of.items():
        if op == choice.op:
            continue
        for other in others:
            # a feature that this one lacks may have any value there
            if all(values_here.get(feature, value) == value for feature, value in other.values):
                yield other
    for place, (feature, value) in enumerate(choice.values):
        for changed in features[feature]:
            if changed != value:
                pairs = list(choice.values)
                pairs[place] = (feature, changed)
                yield Choice(choice.op, tuple(pairs))
