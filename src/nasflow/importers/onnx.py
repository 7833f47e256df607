"""ONNX files (extra `onnx`): the graph of a model, its weights left unread.

Operators share the vocabulary of PyTorch (`Conv` with a 3 x 3 kernel is `conv3x3`, `Gemm` is
`linear`, and so is a `MatMul` with a weight). Initialisers and what depends on no input are no
nodes; all outputs feed one `output`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import RawGraph, assemble_model
from nasflow.importers.mapping import Names, read_mapping
from nasflow.importers.vocabulary import DROPPED, convolution, plain_name, with_kernel
from nasflow.running.extras import require_extra
from nasflow.running.files import PathLike, require_file

_POOLS = {"maxpool": "maxpool", "averagepool": "avgpool"}


def from_onnx(model: Any | PathLike, mapping: Names = None, cycles: str = "refuse") -> Architecture:
    """The architecture of an ONNX model.

    Args:
        model: a file, or a loaded `onnx.ModelProto`.
        mapping: names for operators that the vocabulary lacks, or a mapping file.
        cycles: "refuse" or "condense"; a valid ONNX graph has none.

    Raises:
        MissingExtraError: onnx is not installed.
        MissingDataError, DataError: no such file, or no ONNX.
        UnknownOperationsError: operators that neither the vocabulary nor the mapping names; lists
            them all.
        GraphError: a cycle, a tensor with two producers, or no input.
    """
    graph = _load(model).graph
    _check_names(graph)
    renaming = read_mapping(mapping)
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    raw = RawGraph()
    # the node that makes each tensor
    producer: dict[str, int] = {}
    for value in graph.input:
        # old files list the weights among the inputs
        if value.name not in weights:
            _produce(producer, value.name, raw.add(value.name, "input"))
    if not producer:
        raise GraphError(
            "the model has no input besides its weights; an architecture starts from one"
        )
    nodes = [(node, _operation(node, weights)) for node in graph.node]
    # a node's inputs may come later in a malformed file: first all producers, then the edges
    consumers = []
    for node, op in nodes:
        # what the user names is kept, even where the vocabulary would drop it
        if op in DROPPED and op not in renaming:
            continue
        position = raw.add(node.name or f"{node.op_type}_{len(raw.ops)}", op)
        consumers.append((position, node.input))
        for name in node.output:
            # an output that is optional and not used has no name
            if name:
                _produce(producer, name, position)
    output = raw.add("output", "output")
    consumers.append((output, [value.name for value in graph.output]))
    for position, tensors in consumers:
        # a weight, and what a dropped node made, has no producer
        raw.edges += [(producer[name], position) for name in tensors if name in producer]
    return assemble_model(_reached(raw), renaming, cycles)


def _load(model: Any) -> Any:
    onnx = require_extra("onnx", "onnx", "reading ONNX files")
    if isinstance(model, onnx.ModelProto):
        return model
    path = require_file(model)
    # the errors are built-in ones and protobuf's DecodeError, which has no public name
    try:
        return onnx.load(str(path), load_external_data=False, format="protobuf")
    except Exception as error:
        raise DataError(
            f"{path} is no readable ONNX file ({type(error).__name__}: {str(error)[:80]})"
        ) from None


def _check_names(graph: Any) -> None:
    """Return if all names are text: of a damaged file, protobuf hands out bytes for some."""
    names: list[Any] = []
    for part in (graph.input, graph.output, graph.initializer, graph.node):
        names += [item.name for item in part]
    for node in graph.node:
        names += [node.op_type, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
    for name in names:
        if not isinstance(name, str):
            raise DataError(
                f"the model holds the name {name[:60]!r}, which is no UTF-8 text; the file is"
                " damaged"
            )


def _produce(producer: dict[str, int], name: str, position: int) -> None:
    if name in producer:
        raise GraphError(
            f"the tensor {name[:60]!r} has two producers; an ONNX graph gives each tensor one"
        )
    producer[name] = position


def _operation(node: Any, weights: dict[str, tuple[int, ...]]) -> str:
    name = plain_name(node.op_type)
    if name in ("conv", "convtranspose"):
        shape = weights.get(node.input[1]) if len(node.input) > 1 else None
        kernel = _integers(node, "kernel_shape") or (shape[2:] if shape else None)
        groups = (_integers(node, "group") or (1,))[0]
        # a weight's second number counts the channels of one group
        in_channels = shape[1] * groups if shape and len(shape) > 1 else None
        return convolution(kernel, groups, in_channels, transposed=name == "convtranspose")
    if name in _POOLS:
        return with_kernel(_POOLS[name], _integers(node, "kernel_shape"))
    if name == "matmul" and any(operand in weights for operand in node.input):
        return "linear"
    return name


def _integers(node: Any, attribute: str) -> Sequence[int]:
    """The integers of an attribute; none where it is absent."""
    for candidate in node.attribute:
        if candidate.name == attribute:
            return tuple(candidate.ints) or (candidate.i,)
    return ()


def _reached(raw: RawGraph) -> RawGraph:
    """The graph less the nodes that no input reaches: they compute constants. The output stays."""
    after: list[list[int]] = [[] for _ in raw.ops]
    for source, target in raw.edges:
        after[source].append(target)
    # reached nodes whose successors are still to be looked at
    front = [node for node, op in enumerate(raw.ops) if op == "input"]
    reached = {*front, len(raw.ops) - 1}
    while front:
        for node in after[front.pop()]:
            if node not in reached:
                reached.add(node)
                front.append(node)
    kept = sorted(reached)
    position = {node: index for index, node in enumerate(kept)}
    return RawGraph(
        names=[raw.names[node] for node in kept],
        ops=[raw.ops[node] for node in kept],
        edges=[
            (position[source], position[target])
            for source, target in raw.edges
            if source in reached and target in reached
        ],
    )
