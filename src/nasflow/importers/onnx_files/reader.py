"""ONNX graphs as calls: the main graph, and the branches that are sure to be taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from nasflow.errors import GraphError
from nasflow.graphs.names import SKIP_OP
from nasflow.importers.calls import (
    NO_WEIGHTS,
    Call,
    Constant,
    Operand,
    Program,
    Result,
    weights_of,
)
from nasflow.importers.onnx_files.contents import Contents
from nasflow.importers.onnx_files.files import subgraphs
from nasflow.importers.onnx_files.operations import read_operation
from nasflow.importers.onnx_files.operations.reading import Reading
from nasflow.importers.onnx_files.weights import in_a_layer, read_by
from nasflow.importers.vocabulary import DROPPED, JOINED, plain_name

Names = Mapping[str, Operand]


class GraphReader:
    """Adds the calls of a model's graphs to a program."""

    def __init__(self, program: Program, contents: Contents, kept: Collection[str]) -> None:
        self.program, self.contents, self.kept = program, contents, kept

    def read_model(self, graph: Any) -> None:
        """Read the main graph.

        Raises:
            GraphError: it has no input, or a tensor with two producers.
        """
        weights = {tensor.name for tensor in graph.initializer}
        # old files list the weights among the inputs
        names: dict[str, Operand] = {}
        for value in graph.input:
            if value.name not in weights:
                call = Call("input", value.name, shapes={0: self.contents.shapes.get(value.name)})
                _check_new(value.name, names)
                self.program.calls.append(call)
                names[value.name] = call.result
        if not names:
            raise GraphError(
                "the model has no input besides its weights; an architecture starts from one"
            )
        names = self._read_graph(graph, names)
        self.program.outputs = [names.get(value.name) or _nothing() for value in graph.output]

    def _read_graph(self, graph: Any, outer: Names) -> dict[str, Operand]:
        """The values of all names in a graph, those of the graph around it among them."""
        names = dict(outer)
        for tensor in graph.initializer:
            names[tensor.name] = self._constant(tensor.name)
        made: set[str] = set()
        # what comes later in a malformed file is put in at the end
        awaited: dict[str, Call] = {}
        later = {name for node in graph.node for name in node.output}
        for node in graph.node:
            operands: list[Operand | None] = []
            for name in node.input:
                if name in later and name not in names:
                    awaited.setdefault(name, Call("awaited", name))
                    operands.append(awaited[name].result)
                else:
                    # an operand that is optional and not given has no name
                    operands.append(names.get(name, self._constant(name)) if name else None)
            results = self._read_node(node, operands, names)
            for name, result in results.items():
                _check_new(name, made)
                made.add(name)
                names[name] = result
        self.program.replace({call: names[name] for name, call in awaited.items()})
        return names

    def _constant(self, name: str) -> Constant:
        contents = self.contents
        number, is_weight = contents.number(name), contents.is_weight(name)
        weights = contents.weights(name)
        return Constant(name, contents.shapes.get(name), number, is_weight, weights)

    def _read_node(
        self, node: Any, operands: list[Operand | None], names: Names
    ) -> dict[str, Operand]:
        """The values of a node's outputs."""
        outputs = [name for name in node.output if name]
        # what the graphs inside read from around them counts as if it were an operand
        captured = _captured(node, names)
        is_computed = any(isinstance(operand, Result) for operand in [*operands, *captured])
        op = plain_name(node.op_type)
        # what the user names is kept, even where the vocabulary would drop it
        is_kept = op in self.kept
        operands = read_by(node, operands)
        if not is_computed or (op in DROPPED and not is_kept):
            # what is computed from weights is a weight still; a size is none
            made_of = NO_WEIGHTS if op in DROPPED else weights_of(_given(operands))
            return {name: replace(self._constant(name), weights=made_of) for name in outputs}
        operands = in_a_layer(node, operands)
        graphs = list(subgraphs(node))
        if graphs and not is_kept:
            branch = self._branch(node)
            if branch is not None:
                return self._read_branch(branch, node, names)
        # its other operands give a type or nothing
        if op in JOINED and not is_kept:
            first = next(operand for operand in operands if operand is not None)
            return dict.fromkeys(outputs[:1], first)
        name = node.name or f"{node.op_type}_{len(self.program.calls)}"
        if graphs or is_kept:
            call = Call(op, name, [value for value in [*operands, *captured] if value is not None])
            call.inside = (
                [inside for graph in graphs for inside in _operations_in(graph)] if graphs else None
            )
            self.program.calls.append(call)
            return {output: Result(call, i) for i, output in enumerate(node.output) if output}
        result = read_operation(Reading(self.program, self.contents, node, name, operands))
        if isinstance(result, Constant):
            return dict.fromkeys(outputs, result)
        first = Result(result.call, result.index)
        others = {
            output: Result(result.call, i) for i, output in enumerate(node.output) if output and i
        }
        return {**({node.output[0]: first} if node.output and node.output[0] else {}), **others}

    def _branch(self, node: Any) -> Any:
        """The branch of an `If` that is taken whatever the input; None if that is not sure."""
        if node.op_type != "If" or not node.input:
            return None
        condition = self.contents.of(node.input[0])
        if condition is None or condition.size != 1:
            return None
        wanted = "then_branch" if bool(condition.reshape(-1)[0]) else "else_branch"
        return next((a.g for a in node.attribute if a.name == wanted), None)

    def _read_branch(self, branch: Any, node: Any, names: Names) -> dict[str, Operand]:
        self.contents.add(branch)
        inside = self._read_graph(branch, names)
        returned = [inside.get(value.name) or _nothing() for value in branch.output]
        return {name: value for name, value in zip(node.output, returned, strict=False) if name}


def _given(operands: list[Operand | None]) -> list[Operand]:
    """The operands that are not left out."""
    return [operand for operand in operands if operand is not None]


def _nothing() -> Constant:
    """The value of a name that nothing in the file makes."""
    return Constant("nothing")


def _check_new(name: str, known: Collection[str]) -> None:
    if name in known:
        raise GraphError(
            f"the tensor {name[:60]!r} has two producers; an ONNX graph gives each tensor one"
        )


def _captured(node: Any, names: Names) -> list[Operand]:
    """What the graphs inside a node read from around it."""
    # in the order of reading: the edges of an architecture keep it
    read: dict[str, None] = {}
    for graph in subgraphs(node):
        _read_outside(graph, set(), read)
    return [names[name] for name in read if name in names]


def _read_outside(graph: Any, inner: set[str], read: dict[str, None]) -> None:
    # names of the graph itself hide those around it
    own = inner | {value.name for value in (*graph.input, *graph.initializer)}
    for node in graph.node:
        for name in node.input:
            if name not in own:
                read[name] = None
        for deeper in subgraphs(node):
            _read_outside(deeper, own, read)
        own |= set(node.output)
    for value in graph.output:
        if value.name not in own:
            read[value.name] = None


def _operations_in(graph: Any) -> list[tuple[str, str]]:
    """The names and operations of the nodes of a graph, and of those inside."""
    found: list[tuple[str, str]] = []
    for node in graph.node:
        # what a reader of the message would not miss is not listed
        op = plain_name(node.op_type)
        if op not in DROPPED and op not in JOINED:
            found.append((node.name or node.op_type, SKIP_OP if op == SKIP_OP else op))
        for inner in subgraphs(node):
            found += _operations_in(inner)
    return found
