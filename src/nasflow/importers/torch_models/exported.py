"""The inputs, weights and outputs of a torch.export program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import fx
from torch.export import ExportedProgram
from torch.export.graph_signature import OutputKind, TensorArgument

from nasflow.errors import ConfigError
from nasflow.importers.calls import Operand
from nasflow.importers.torch_models.constants import constant_of, shape_of
from nasflow.importers.torch_models.reader import GraphReader


def user_inputs(program: ExportedProgram) -> list[fx.Node]:
    """The placeholders that the user gives tensors for."""
    names = {name for name in program.graph_signature.user_inputs if isinstance(name, str)}
    placeholders = [node for node in program.graph.nodes if node.op == "placeholder"]
    # an argument that is a number or a text has no tensor
    return [node for node in placeholders if node.name in names and _is_tensor(node)]


def _is_tensor(node: fx.Node) -> bool:
    return shape_of(node.meta.get("val")) is not None


def check_input_shapes(program: ExportedProgram, shapes: Any) -> None:
    """Return if a program was exported with inputs of some shapes, but for the batch.

    Raises:
        ConfigError: it was not.
    """
    if shapes is None:
        return
    own = [shape_of(node.meta.get("val"), as_in_example=True) for node in user_inputs(program)]
    listed = list(shapes.values()) if isinstance(shapes, Mapping) else list(shapes)
    if all(type(size) is int for size in listed):
        listed = [listed]
    given = [tuple(getattr(shape, "shape", shape)) for shape in listed]
    # numbers are of one example, so that another batch would change none
    if [shape[1:] for shape in given] != [None if shape is None else shape[1:] for shape in own]:
        raise ConfigError(
            f"input_shapes is {given}, and the program was exported with {own}; export it with"
            " inputs of the shapes that are wanted"
        )


def give_weights(reader: GraphReader, program: ExportedProgram) -> None:
    """Set the values of the placeholders that are weights, or arguments without tensors."""
    signature = program.graph_signature
    paths = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    inputs = set(user_inputs(program))
    for node in program.graph.nodes:
        if node.op == "placeholder" and node not in inputs:
            path = paths.get(node.name, node.name)
            content = program.state_dict.get(path, program.constants.get(path))
            content = node.meta.get("val") if content is None else content
            value = constant_of(("attribute", reader.prefix, path), content)
            reader.give(node, value, content)


def read_outputs(reader: GraphReader, program: ExportedProgram) -> list[Operand]:
    """Read the graph; what the model returns, without the buffers that it changes."""
    returned: Any = reader.read()
    specs = program.graph_signature.output_specs
    kept = []
    for value, spec in zip(returned, specs, strict=True):
        if spec.kind is OutputKind.USER_OUTPUT and isinstance(spec.arg, TensorArgument):
            kept.append(value)
    return kept


def flat(values: Any) -> Iterator[Any]:
    """The values in nested lists, tuples and dictionaries."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, (list, tuple)):
        for value in values:
            yield from flat(value)
    else:
        yield values
