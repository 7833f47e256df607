"""A torch.fx graph, traced or exported, as calls: each node after those that it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import fx

from nasflow.importers.calls import (
    Call,
    Constant,
    Operand,
    Program,
    Result,
    Shape,
    is_known_shape,
    weights_of,
)
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.constants import constant_of, shape_of
from nasflow.importers.torch_models.indexing import Step
from nasflow.importers.torch_models.shapes import guessed_shape

# each is undone by another of its kind; any other view is of a part
_INVERSES = {
    "reshape": "reshape",
    "transpose": "transpose",
    "squeeze": "unsqueeze",
    "unsqueeze": "squeeze",
}


@dataclass
class Several:
    """What a node gives that returns several tensors; they are made as they are asked for."""

    part: Callable[[int], Cell]
    count: int | None = None
    """How many there are; None where that is not known."""


Value = Cell | Several


@dataclass
class Target:
    """What a graph is read into, together with the graphs inside of it."""

    program: Program
    kept: Collection[str] = ()
    """Operations that the user names: they stay, whatever the vocabulary says."""
    passing: set[Call] = field(default_factory=set)
    """Calls that go if nothing reads them: views, and what keeps a tensor up to date."""
    as_in_example: bool = False
    """Whether sizes that an exported graph leaves open are those of its example."""


class GraphReader:
    """Adds the calls of one graph to a program."""

    def __init__(
        self,
        target: Target,
        module: fx.GraphModule,
        read_node: Callable[[GraphReader, fx.Node], Value],
        prefix: str = "",
    ) -> None:
        self.target, self.module, self.prefix = target, module, prefix
        self.values: dict[fx.Node, Value] = {}
        self.contents: dict[fx.Node, Any] = {}
        """What the constants of the graph are, as far as that is known."""
        self.node = ""
        """The node that is being read."""
        self._read_node = read_node
        self._is_writing_back = False

    def give(self, node: fx.Node, value: Operand, content: Any = None) -> None:
        """Set the value of a placeholder, and what it is if it is a constant."""
        self.values[node] = Cell(value)
        self.contents[node] = content

    def read(self) -> Any:
        """What the graph returns, with operands for nodes; all that are not given are read."""
        returned: Any = None
        for node in self.module.graph.nodes:
            # a placeholder that was given
            if node in self.values:
                continue
            self.node = node.name
            if node.op == "output":
                returned = self.now(node.args[0])
            else:
                self.values[node] = self._read_node(self, node)
                self._describe(node)
        return returned

    def _describe(self, node: fx.Node) -> None:
        """Give the result of a node the sizes that the graph knows of it."""
        held = self.values[node]
        value = held.value if isinstance(held, Cell) and self.target.as_in_example else None
        if not isinstance(value, Result) or is_known_shape(value.shape):
            return
        # layers, views and items have no reader that knows of sizes
        shape = shape_of(node.meta.get("val"), as_in_example=True)
        if shape is not None:
            value.call.shapes[value.index] = shape

    def inner(self, module: fx.GraphModule, name: str) -> GraphReader:
        """A reader of a graph inside of this one."""
        return GraphReader(self.target, module, self._read_node, f"{self.prefix}{name}.")

    def make(
        self, op: str, inputs: Sequence[Operand], shape: Shape = None, **parameters: Any
    ) -> Operand:
        """The result of a new call; a constant where it reads nothing else."""
        # constants are no nodes, and neither is what is made of constants alone
        if not any(isinstance(value, Result) for value in inputs):
            key = (op, tuple(inputs), repr(parameters))
            return Constant(key, shape, weights=weights_of(inputs))
        call = Call(op, self.prefix + self.node, list(inputs), parameters)
        call.shapes[0] = guessed_shape(call) if shape is None else shape
        self.target.program.calls.append(call)
        if self._is_writing_back:
            self.target.passing.add(call)
        return call.result

    def now(self, value: Any) -> Any:
        """An argument with the values that its nodes have now."""
        if isinstance(value, fx.Node):
            held = self.values[value]
            return held.part(0).read() if isinstance(held, Several) else held.read()
        if isinstance(value, (list, tuple)):
            items = [self.now(item) for item in value]
            return items if isinstance(value, list) else tuple(items)
        if isinstance(value, dict):
            return {key: self.now(item) for key, item in value.items()}
        # bounds may be nodes, too
        if isinstance(value, slice):
            return slice(self.now(value.start), self.now(value.stop), self.now(value.step))
        return value

    def cell(self, value: Any) -> Cell | None:
        """The cell of an argument that is a tensor of the graph."""
        held = self.values.get(value) if isinstance(value, fx.Node) else None
        return held if isinstance(held, Cell) else None

    def attribute(self, name: str) -> Any:
        """An attribute of the module, by its path; None if it has none."""
        # a path to nowhere ends in None: graphs may name what was deleted since
        value: Any = self.module
        for part in name.split("."):
            value = getattr(value, part, None)
        return value

    def constant(self, node: fx.Node, content: Any, key: Any) -> Cell:
        """The value of a node that is a constant."""
        self.contents[node] = content
        return Cell(constant_of(key, content))

    def view(self, base: Cell, apply: Callable[[Operand], Operand]) -> Cell:
        """A view of a tensor, which changes with it."""
        # a view of all of a tensor is undone; of one of a part, the rest must be kept
        before = base.read()
        value = apply(before)
        # a view may be made only to be written to
        if isinstance(value, Result) and value != before:
            self.target.passing.add(value.call)
        inverse = _INVERSES.get(value.call.op) if isinstance(value, Result) else None
        write_back = self._scattered if inverse is None else partial(self._undone, inverse)
        return Cell(value, base, apply, write_back)

    def step(self, base: Cell, step: Step) -> Cell:
        """The view that one step of an index makes."""

        def apply(value: Operand) -> Operand:
            return self.make(step.op, [value, *step.others], **step.parameters)

        return self.view(base, apply)

    def part_of(self, base: Cell, value: Operand, apply: Callable[[Operand], Operand]) -> Cell:
        """One of several views of parts of a tensor, made already; `apply` makes it anew."""
        return Cell(value, base, apply, self._scattered)

    def _undone(self, inverse: str, before: Operand, value: Operand) -> Operand:
        """The whole of a tensor, from the value of a view of all of it."""
        return self._written(inverse, [value], before.shape)

    def _scattered(self, before: Operand, value: Operand) -> Operand:
        """The whole of a tensor, from the value of a view of a part of it."""
        return self._written("scatter", [before, value], before.shape)

    def _written(self, op: str, inputs: list[Operand], shape: Shape) -> Operand:
        # marked, so that it goes where nothing reads the tensor again
        self._is_writing_back = True
        value = self.make(op, inputs, shape)
        self._is_writing_back = False
        return value


def same_tensor(base: Cell) -> Cell:
    """Another name of a tensor: what changes the one changes the other."""
    return Cell(base.read(), base, lambda value: value, lambda _, value: value)
