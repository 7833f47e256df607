"""PyTorch models: an `nn.Module` that torch.fx can trace, a `GraphModule`, an `ExportedProgram`.

All three, and the ONNX file of the model, give the same architecture
(`nasflow.importers.normal_form`). Weights are no nodes, and neither is what computes shapes, or
depends on no input.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.export import ExportedProgram

from nasflow.errors import GraphError, NasflowError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import assemble_model
from nasflow.importers.calls import Program, Result
from nasflow.importers.mapping import Names, read_mapping
from nasflow.importers.normal_graph import in_normal_form
from nasflow.importers.torch_models.exported import (
    check_input_shapes,
    flat,
    give_weights,
    read_outputs,
    user_inputs,
)
from nasflow.importers.torch_models.inputs import give_inputs, new_input
from nasflow.importers.torch_models.nodes import read_node
from nasflow.importers.torch_models.propagation import InputShapes, with_sizes
from nasflow.importers.torch_models.reader import GraphReader, Target
from nasflow.importers.torch_models.tracing import traced

_HOW_TO_GIVE_SIZES = (
    "give input_shapes=(1, 3, 224, 224), or the model as torch.export.export(model, example_inputs)"
)


def from_torch(
    model: nn.Module | ExportedProgram,
    mapping: Names = None,
    cycles: str = "refuse",
    *,
    input_shapes: InputShapes | None = None,
    numbers: bool = True,
    fold: bool = False,
) -> Architecture:
    """The architecture of a PyTorch model, in the mode (training or inference) that it is in.

    Args:
        model: a module (traced symbolically, so without data-dependent branches), a `GraphModule`,
            or what `torch.export.export(module, example_inputs)` gives.
        mapping: names for operations that the vocabulary lacks, or a mapping file.
        cycles: as in `assemble`; a PyTorch graph has none.
        input_shapes: of a module that is traced, the shape of its input, or a list with a shape or
            a tensor for each input, in the order of `forward` or by name; an exported program knows
            its own. From these follow all sizes.
        numbers: whether nodes and graph carry the numbers of `nasflow.importers.numbers`. False:
            operations and edges alone.
        fold: whether blocks that repeat become one (`nasflow.importers.folding`).

    Warns:
        DataWarning: products are missing, since sizes are not known.

    Raises:
        ConfigError: shapes that do not fit the inputs, or an exported program's.
        UnknownOperationsError: operations that neither the vocabulary nor the mapping names; lists
            them all.
        GraphError: the module cannot be traced, has no input, or computes the weight of a
            convolution from its input, so that the trace does not tell its kernel.

    Example:
        >>> from_torch(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())).ops
        ('input', 'conv3x3', 'relu', 'output')
    """
    renaming = read_mapping(mapping)
    program = Program()
    target = Target(program, kept=renaming, as_in_example=numbers or input_shapes is not None)
    exported = model if isinstance(model, ExportedProgram) else None
    if isinstance(model, ExportedProgram):
        graph = model.graph_module
        check_input_shapes(model, input_shapes)
    else:
        graph = traced(model)
        graph = graph if input_shapes is None else with_sizes(graph, input_shapes)
    reader = GraphReader(target, graph, read_node)
    try:
        program.outputs = _read(reader, exported)
    except NasflowError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # a graph may be changed by hand, so that a node has arguments that its function never takes
        raise GraphError(
            f"the node {reader.node or 'of an input'!r} of the model cannot be read ({error!r}): is"
            " its graph one that PyTorch made, and does the model run?"
        ) from error
    if not any(call.op == "input" for call in program.calls):
        raise GraphError("the model has no input; an architecture starts from one")
    raw = in_normal_form(program, target.passing, numbers, _HOW_TO_GIVE_SIZES)
    return assemble_model(raw, renaming, cycles, fold)


def _read(reader: GraphReader, exported: ExportedProgram | None) -> list[Any]:
    """The outputs of the model, its calls read; `exported` where it was."""
    if exported is None:
        give_inputs(reader)
        returned: Any = reader.read()
        return [value for value in flat(returned) if isinstance(value, Result)]
    give_weights(reader, exported)
    for node in user_inputs(exported):
        reader.give(node, new_input(reader, node))
    return list(read_outputs(reader, exported))
