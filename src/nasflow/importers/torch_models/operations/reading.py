"""A node of a torch.fx graph that is being read: its arguments by name, and how to add calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nasflow.importers.calls import Constant, Operand, Result, Shape

Arguments = dict[str, Any]


class Maker(Protocol):
    """Adds calls to a program."""

    def make(
        self, op: str, inputs: Sequence[Operand], shape: Shape = None, **parameters: Any
    ) -> Operand:
        """The result of a new call; a constant where it reads nothing else."""


@dataclass
class Reading:
    """A node that is being read: what its arguments are, and how to add calls for it."""

    maker: Maker
    op: str
    """The vocabulary's name of its function, or a simplified one."""
    official: str
    """The function's own name."""
    node: str
    arguments: Arguments = field(default_factory=dict)

    @property
    def n_spatial(self) -> int:
        """2 of `MaxPool2d` or `max_pool2d_with_indices`."""
        name = self.official.lower()
        return next((n for n in (1, 2, 3) if f"{n}d" in name), 1)

    @property
    def input(self) -> Operand:
        """The tensor that it is called on."""
        first = next(iter(self.arguments.values()), None)
        return operand(self.arguments.get("input", first))

    def get(self, *names: str, default: Any = None) -> Any:
        """The first argument of some names that was given."""
        for name in names:
            if name in self.arguments:
                return self.arguments[name]
        return default

    def tensors(self) -> list[Operand]:
        """All operands among the arguments, in order."""
        return list(_operands(list(self.arguments.values())))

    def make(self, op: str, *inputs: Any, shape: Shape = None, **parameters: Any) -> Operand:
        """A call for this node."""
        operands = [operand(value) for value in inputs if value is not None]
        return self.maker.make(op, operands, shape, **parameters)

    def other_parameters(self) -> dict[str, Any]:
        """The arguments that are no operands, to tell this call from others."""
        parameters = {}
        for name, value in self.arguments.items():
            # a list with a tensor in it is read as operands, and its numbers with them
            if next(_operands([value]), None) is None:
                parameters[name] = value
        return parameters


def operand(value: Any) -> Operand:
    """An argument as an operand."""
    if isinstance(value, (Constant, Result)):
        return value
    if isinstance(value, (bool, int, float)):
        return Constant(("number", value), (), float(value))
    return Constant(("value", repr(value)))


def _operands(values: Sequence[Any]) -> Iterator[Operand]:
    # numbers and texts are parameters; only tensors, and what sizes give, are operands
    for value in values:
        if isinstance(value, (Constant, Result)):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _operands(value)


def whole_numbers(value: Any) -> tuple[int, ...] | None:
    """One integer, or several; None where one of them is not known."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, (list, tuple)) and all(isinstance(item, int) for item in value):
        return tuple(value)
    return None


def unknown(rank: int | None) -> Shape:
    """A shape of which only the number of sizes is known, if that."""
    return None if rank is None else (None,) * rank


def unknown_like(value: Operand) -> Shape:
    """As `unknown`, with as many sizes as another tensor has."""
    return None if value.shape is None else (None,) * len(value.shape)
