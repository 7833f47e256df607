"""Nodes that hold graphs: those that only run one, in some mode, are read as if it stood there."""

from __future__ import annotations

from typing import Any

from torch import fx

from nasflow.importers.calls import Call, Constant, Result
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.operations.reading import operand
from nasflow.importers.torch_models.reader import GraphReader, Several, Value
from nasflow.importers.torch_models.schemas import function_name
from nasflow.importers.vocabulary import plain_name, words

# They run their graph once, whatever the values: without gradients, in another precision, with
# activations recomputed or compiled apart.
_RUN_ONCE = words(
    "wrap_with_set_grad_enabled wrap_with_autocast wrap invoke_subgraph strict_mode hints_wrapper",
    "tag_activation_checkpoint wrap_activation_checkpoint checkpoint invoke_quant",
)


def holds_graphs(reader: GraphReader, node: fx.Node) -> bool:
    """Whether a node is given graphs to run."""
    return any(_graph(reader, argument) is not None for argument in node.args)


def _graph(reader: GraphReader, argument: Any) -> fx.GraphModule | None:
    is_attribute = isinstance(argument, fx.Node) and argument.op == "get_attr"
    content = reader.attribute(str(argument.target)) if is_attribute else None
    return content if isinstance(content, fx.GraphModule) else None


def read_nested(reader: GraphReader, node: fx.Node) -> Value:
    """The results of a node that holds graphs."""
    name = function_name(node.target)
    op = plain_name(name)
    graphs = [_graph(reader, argument) for argument in node.args]
    places = [i for i, graph in enumerate(graphs) if graph is not None]
    if name in _RUN_ONCE and len(places) == 1 and op not in reader.target.kept:
        graph = graphs[places[0]]
        assert graph is not None
        return read_inner(reader, node, graph, _tensors(node.args[places[0] + 1 :]))
    call = Call(op, reader.prefix + node.name, _operands(reader, node), inside=[])
    for graph in graphs:
        if graph is not None and call.inside is not None:
            call.inside += operations_in(graph)
    reader.target.program.calls.append(call)
    return Several(lambda index: Cell(Result(call, index)))


def read_inner(
    reader: GraphReader, node: fx.Node, graph: fx.GraphModule, arguments: list[Any]
) -> Value:
    """What a graph returns that is run on some arguments, its nodes read into the program."""
    inner = reader.inner(graph, node.name)
    placeholders = [inside for inside in graph.graph.nodes if inside.op == "placeholder"]
    # settings of the wrapper stand before the tensors
    arguments = arguments[len(arguments) - len(placeholders) :]
    for placeholder, argument in zip(placeholders, arguments, strict=True):
        cell = reader.cell(argument)
        content = reader.contents.get(argument) if isinstance(argument, fx.Node) else argument
        if cell is None:
            inner.give(placeholder, operand(reader.now(argument)), content)
        else:
            # the same tensor: what the graph changes in place is changed outside
            inner.values[placeholder] = cell
            inner.contents[placeholder] = content
    returned = inner.read()
    if not isinstance(returned, (list, tuple)):
        return Cell(operand(returned))
    results = [operand(value) for value in returned]
    return Several(lambda index: Cell(results[index]))


def _tensors(arguments: Any) -> list[Any]:
    """Arguments one after another, those in tuples too."""
    # wrappers group the tensors in tuples of their own; only the order counts
    flat: list[Any] = []
    for argument in arguments:
        flat += _tensors(argument) if isinstance(argument, (list, tuple)) else [argument]
    return flat


def _operands(reader: GraphReader, node: fx.Node) -> list[Any]:
    """The operands of a node that is kept whole."""
    values = []
    # what its graphs read is given to it: an exported graph reads nothing from around it
    for source in node.all_input_nodes:
        if _graph(reader, source) is None:
            value = reader.now(source)
            values += [value] if isinstance(value, (Constant, Result)) else []
    return values


def operations_in(graph: fx.GraphModule) -> list[tuple[str, str]]:
    """The names and operations of the nodes of a graph, and of those inside."""
    found: list[tuple[str, str]] = []
    for node in graph.graph.nodes:
        if node.op in ("call_function", "call_method"):
            found.append((node.name, plain_name(function_name(node.target))))
        elif node.op == "get_attr":
            # a weight, or a graph that one of the calls runs
            content = getattr(graph, str(node.target), None)
            if isinstance(content, fx.GraphModule):
                found += operations_in(content)
    return found
