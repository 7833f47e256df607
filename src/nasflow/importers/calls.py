"""A model as its importer reads it: calls of operations on constants and on each other's results.

PyTorch and ONNX write one network in different ways. Both are read as a `Program`, which
`nasflow.importers.normal_form` rewrites until nothing tells any more where it came from.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from nasflow.graphs.names import SKIP_OP
from nasflow.importers.assemble import RawGraph

Shape: TypeAlias = tuple[int | None, ...] | None
"""The sizes of a tensor, None for those not known; None if not even their number is known."""

Weights: TypeAlias = Mapping[Hashable, int]
"""Learned tensors: the number of elements by a name that is equal where two calls share one."""
NO_WEIGHTS: Weights = MappingProxyType({})


@dataclass(frozen=True)
class Constant:
    """A value that hangs on no input: a weight, a number, what is made of such or of sizes."""

    key: Hashable
    """Equal for equal constants of one model."""
    shape: Shape = None
    number: float | None = None
    """Its only number, or the one that all its elements are; None where that is not known."""
    is_learned: bool = False
    """Whether it is a weight with an axis, which only begins at its number."""
    weights: Weights = field(default_factory=lambda: NO_WEIGHTS, compare=False, repr=False)
    """The learned tensors that it is, or is made of."""


@dataclass(eq=False)
class Call:
    """One call of an operation; two calls are never equal, and one may change its operation."""

    op: str
    name: str
    """What the source calls it, for messages."""
    inputs: list[Operand] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    """What else it was given, by name: what rules read, and all that tells calls apart."""
    shapes: dict[int, Shape] = field(default_factory=dict)
    """The shapes of its results, as far as they are known, by position."""
    repeatable: bool = True
    """Whether a second call on the same operands gives the same: of what is random, it does not."""
    inside: list[tuple[str, str]] | None = None
    """Names and operations of the network that it holds, such as a loop's body, if it holds one."""
    numbers: dict[str, float] = field(default_factory=dict)
    """What its source says of its size besides shapes: its stride, its number of groups."""

    @property
    def result(self) -> Result:
        """Its first result."""
        return Result(self)

    @property
    def shape(self) -> Shape:
        """The shape of its first result."""
        return self.shapes.get(0)

    def become(self, op: str, inputs: Sequence[Operand], **parameters: Any) -> None:
        """Turn into a call of another operation that gives the same first result."""
        self.op, self.inputs, self.parameters = op, list(inputs), parameters
        self.numbers = {}


@dataclass(frozen=True)
class Result:
    """One result of a call."""

    call: Call
    index: int = 0

    @property
    def shape(self) -> Shape:
        """Its shape."""
        return self.call.shapes.get(self.index)


Operand: TypeAlias = Constant | Result


@dataclass
class Program:
    """All calls of a model, in the order of its source, and what it returns.

    Inputs are calls of `input` without operands.
    """

    calls: list[Call] = field(default_factory=list)
    outputs: list[Operand] = field(default_factory=list)

    def of(self, *ops: str) -> Iterator[Call]:
        """The calls of some operations, as they are now."""
        return (call for call in list(self.calls) if call.op in ops)

    def live(self) -> set[Call]:
        """The calls that an output hangs on."""
        return reached(self.outputs)

    def users(self) -> dict[Call, list[Call | None]]:
        """For each live call those that read its results, past identities; None is the output."""
        # what no output hangs on reads nothing that counts: a rule may join past it
        users: dict[Call, list[Call | None]] = {}
        for operand in self.outputs:
            _add_user(users, operand, None)
        for call in self.live():
            if call.op != SKIP_OP:
                for operand in call.inputs:
                    _add_user(users, operand, call)
        return users

    def insert(self, call: Call, before: Call) -> Call:
        """Add a call at the place of another."""
        self.calls.insert(self.calls.index(before), call)
        return call

    def replace(self, replacements: dict[Call, Operand]) -> None:
        """Let all that read the first result of a call read another operand instead."""
        if not replacements:
            return
        for call in self.calls:
            call.inputs = [_followed(operand, replacements) for operand in call.inputs]
        self.outputs = [_followed(operand, replacements) for operand in self.outputs]

    def bypass(self, dropped: Iterable[Call]) -> None:
        """Take calls out, and let what read their first result read their first operand."""
        # replaced before removed: a reader of what is gone would lead to nowhere
        replacements = {call: call.inputs[0] for call in dropped}
        self.replace(replacements)
        self.remove(replacements)

    def remove(self, dropped: Collection[Call]) -> None:
        """Take calls out that nothing reads any more."""
        self.calls = [call for call in self.calls if call not in dropped]

    def keep(self, kept: Collection[Call]) -> None:
        """Take all other calls out."""
        self.calls = [call for call in self.calls if call in kept]

    def raw_graph(self) -> RawGraph:
        """The graph of the calls, with one output."""
        raw = RawGraph()
        # the order of the source: nodes of an architecture have a number, and it is kept
        position = {call: raw.add(call.name, call.op) for call in self.calls}
        for call in self.calls:
            if call.inside is not None:
                raw.inside[position[call]] = call.inside
        readers = [(position[call], call.inputs) for call in self.calls]
        readers.append((raw.add("output", "output"), self.outputs))
        for target, operands in readers:
            for operand in operands:
                if isinstance(operand, Result):
                    raw.edges.append((position[operand.call], target))
        return raw


def reached(operands: Iterable[Operand], calls: Iterable[Call] = ()) -> set[Call]:
    """Some calls, those that give some operands, and all that these hang on."""
    # constants hang on nothing
    front = [operand.call for operand in operands if isinstance(operand, Result)]
    front += calls
    seen = set(front)
    # no recursion: networks are deeper than Python's stack
    while front:
        for operand in front.pop().inputs:
            # each call is looked at once: a malformed file may have cycles
            if isinstance(operand, Result) and operand.call not in seen:
                seen.add(operand.call)
                front.append(operand.call)
    return seen


def weights_of(operands: Iterable[Operand]) -> Weights:
    """The learned tensors among some operands, and those that they are made of."""
    weights: dict[Hashable, int] = {}
    for operand in operands:
        if isinstance(operand, Constant):
            weights.update(operand.weights)
    # most calls have none: they share one mapping
    return weights or NO_WEIGHTS


def behind(operand: Operand) -> Operand:
    """The operand that identities pass on."""
    # of a malformed file, identities may pass on each other
    seen: set[Call] = set()
    while isinstance(operand, Result) and operand.call.op == SKIP_OP:
        if operand.call in seen or not operand.call.inputs:
            break
        seen.add(operand.call)
        operand = operand.call.inputs[0]
    return operand


def call_of(operand: Operand | None, *ops: str) -> Call | None:
    """The call behind identities that gives an operand, if it is of one of some operations."""
    source = None if operand is None else behind(operand)
    return source.call if isinstance(source, Result) and source.call.op in ops else None


def number_of(operand: Operand) -> float | None:
    """The number that an operand is."""
    source = behind(operand)
    return source.number if isinstance(source, Constant) else None


def rank_of(operand: Operand) -> int | None:
    """The number of an operand's dimensions."""
    return None if operand.shape is None else len(operand.shape)


def is_known_shape(shape: Shape) -> bool:
    """Whether all sizes of a shape are known."""
    return shape is not None and None not in shape


def _add_user(users: dict[Call, list[Call | None]], operand: Operand, user: Call | None) -> None:
    source = behind(operand)
    if isinstance(source, Result):
        users.setdefault(source.call, []).append(user)


def _followed(operand: Operand, replacements: dict[Call, Operand]) -> Operand:
    # a replacement may itself have been replaced; in a malformed file, each by the other
    for _ in replacements:
        if not isinstance(operand, Result) or operand.index or operand.call not in replacements:
            break
        operand = replacements[operand.call]
    return operand
