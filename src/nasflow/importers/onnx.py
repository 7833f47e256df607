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
from nasflow.importers.assemble import RawGraph, assemble
from nasflow.importers.mapping import IGNORE, Names, read_mapping
from nasflow.importers.vocabulary import (
    DROPPED,
    JOINED,
    convolution,
    is_known,
    plain_name,
    with_kernel,
)
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
        them all. GraphError: a cycle, a tensor with two producers, or no input.
    """
    graph = _load(model).graph
    _check_names(graph)
    renaming = read_mapping(mapping)
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    raw = RawGraph()
    producer: dict[str, int] = {}
    for value in graph.input:
        if value.name not in weights:
            _produce(producer, value.name, raw.add(value.name, "input"))
    if not producer:
        raise GraphError(
            "the model has no input besides its weights; an architecture starts from one"
        )
    nodes = [(node, _operation(node, weights)) for node in graph.node]
    # a node's inputs may come later in a malformed file: first all producers, then the edges
    kept = []
    for node, op in nodes:
        if op not in DROPPED or op in renaming:
            kept.append((node, raw.add(node.name or f"{node.op_type}_{len(raw.ops)}", op)))
            for name in node.output:
                if name:
                    _produce(producer, name, kept[-1][1])
    raw.edges = [
        (producer[name], place) for node, place in kept for name in node.input if name in producer
    ]
    output = raw.add("output", "output")
    raw.edges += [
        (producer[value.name], output) for value in graph.output if value.name in producer
    ]
    names = {**dict.fromkeys(JOINED, IGNORE), **renaming}
    fed = _fed(raw)
    return assemble(fed, names, cycles, known=[op for op in fed.ops if is_known(op)])


def _load(model: Any) -> Any:
    onnx = require_extra("onnx", "onnx", "reading ONNX files")
    if isinstance(model, onnx.ModelProto):
        return model
    path = require_file(model)
    try:
        return onnx.load(str(path), load_external_data=False, format="protobuf")
    except (
        Exception
    ) as error:  # protobuf's DecodeError, which has no public name, and built-in ones
        raise DataError(
            f"{path} is no readable ONNX file ({type(error).__name__}: {str(error)[:80]})"
        ) from None


def _check_names(graph: Any) -> None:
    """Return if all names are text: protobuf hands out bytes where a damaged file holds no
    UTF-8.
    """
    names = [
        item.name
        for part in (graph.input, graph.output, graph.initializer, graph.node)
        for item in part
    ]
    for node in graph.node:
        names += [
            node.op_type,
            *node.input,
            *node.output,
            *(attribute.name for attribute in node.attribute),
        ]
    for name in names:
        if not isinstance(name, str):
            raise DataError(
                f"the model holds the name {name[:60]!r}, which is no UTF-8 text; the file is"
                " damaged"
            )


def _produce(producer: dict[str, int], name: str, place: int) -> None:
    if name in producer:
        raise GraphError(
            f"the tensor {name[:60]!r} has two producers; an ONNX graph gives each tensor one"
        )
    producer[name] = place


def _operation(node: Any, weights: dict[str, tuple[int, ...]]) -> str:
    name = plain_name(node.op_type)
    if name in ("conv", "convtranspose"):
        shape = weights.get(node.input[1]) if len(node.input) > 1 else None
        kernel = _integers(node, "kernel_shape") or (shape[2:] if shape else None)
        groups = (_integers(node, "group") or (1,))[0]
        return convolution(
            kernel,
            groups,
            shape[1] * groups if shape and len(shape) > 1 else None,
            transposed=name == "convtranspose",
        )
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


def _fed(raw: RawGraph) -> RawGraph:
    """The graph less the nodes that no input reaches: they compute constants. The output stays."""
    after: list[list[int]] = [[] for _ in raw.ops]
    for source, target in raw.edges:
        after[source].append(target)
    front = [node for node, op in enumerate(raw.ops) if op == "input"]
    reached = {*front, len(raw.ops) - 1}
    while front:
        for node in after[front.pop()]:
            if node not in reached:
                reached.add(node)
                front.append(node)
    place = {node: position for position, node in enumerate(sorted(reached))}
    edges = [(place[s], place[t]) for s, t in raw.edges if s in place and t in place]
    return RawGraph([raw.names[node] for node in place], [raw.ops[node] for node in place], edges)
