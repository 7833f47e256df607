"""Tensors that are changed in place, as values that are not.

A graph of PyTorch may change a tensor (`relu_`, `y += x`, `x[:, 0] = y`) that is read again, itself
or by way of a view. Each value of such a graph sits in a `Cell`; to change it is to put another
value there, and to write that back through the views to the tensor whose memory they share. Whoever
reads a view of changed memory gets it made anew: as PyTorch itself makes a graph functional.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nasflow.importers.calls import Operand


@dataclass
class _Memory:
    """What a tensor and its views share."""

    n_changes: int = 0


@dataclass(eq=False)
class Cell:
    """The value of a tensor, as it is now."""

    value: Operand
    base: Cell | None = None
    """The tensor that it is a view of."""
    view: Callable[[Operand], Operand] | None = None
    """Makes its value from the base's."""
    write_back: Callable[[Operand, Operand], Operand] | None = None
    """Makes the base's value from the base's before and the view's now."""
    memory: _Memory = field(default_factory=_Memory)
    seen: int = 0
    """How many changes of the memory its value takes in."""

    def __post_init__(self) -> None:
        if self.base is not None:
            self.memory = self.base.memory
        self.seen = self.memory.n_changes

    def read(self) -> Operand:
        """Its value, made anew if the memory was changed since."""
        if self.seen < self.memory.n_changes:
            if self.base is not None and self.view is not None:
                self.value = self.view(self.base.read())
            self.seen = self.memory.n_changes
        return self.value

    def change(self, value: Operand) -> None:
        """Put another value there, and write it back to the base."""
        if self.base is not None and self.write_back is not None:
            self.base.change(self.write_back(self.base.read(), value))
        else:
            self.memory.n_changes += 1
        self.value = value
        self.seen = self.memory.n_changes
