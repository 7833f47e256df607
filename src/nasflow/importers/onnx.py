"""ONNX files (extra `onnx`): the graph of a model; of its weights, only their shapes are read.

Operators share the vocabulary of PyTorch (`Conv` with a 3 x 3 kernel is `conv3x3`, `Gemm` is
`linear`, and so is a `MatMul` with a weight), and what exporters do to a graph is undone
(`nasflow.importers.normal_form`). What depends on no input is no node; all outputs feed one
`output`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import assemble_model
from nasflow.importers.calls import Program
from nasflow.importers.mapping import Names, read_mapping
from nasflow.importers.normal_graph import in_normal_form
from nasflow.importers.onnx_files.axes import Sizes
from nasflow.importers.onnx_files.contents import Contents
from nasflow.importers.onnx_files.files import (
    check_names,
    inferred_shapes,
    load,
    with_functions_written_out,
)
from nasflow.importers.onnx_files.reader import GraphReader
from nasflow.running.files import PathLike

_HOW_TO_GIVE_SIZES = (
    'give the sizes of open axes, dims={"height": 224}, or of the inputs,'
    " input_shapes=[(1, 3, 224, 224)]"
)


def from_onnx(
    model: Any | PathLike,
    mapping: Names = None,
    cycles: str = "refuse",
    *,
    dims: Mapping[str, int] | None = None,
    input_shapes: Sequence[Any] | Mapping[str, Any] | None = None,
    numbers: bool = True,
    fold: bool = False,
) -> Architecture:
    """The architecture of an ONNX model.

    Args:
        model: a file, or a loaded `onnx.ModelProto`.
        mapping: names for operators that the vocabulary lacks, or a mapping file.
        cycles: "refuse" or "condense"; a valid ONNX graph has none.
        dims: sizes of axes that the file leaves open, by the name that it has for them. The first
            axis of an input, the batch, is 1 unless something else is said.
        input_shapes: the shape of the input, or a list of shapes, or shapes by name: another way
            to say the same.
        numbers: whether nodes and graph carry the numbers of `nasflow.importers.numbers`. False:
            operations and edges alone.
        fold: whether blocks that repeat become one (`nasflow.importers.folding`).

    Warns:
        DataWarning: products are missing, since sizes are not known.

    Raises:
        ConfigError: a name that no axis has, or a shape that does not fit an input.
        MissingExtraError: onnx is not installed.
        MissingDataError, DataError: no such file, or no ONNX.
        UnknownOperationsError: operators that neither the vocabulary nor the mapping names, those
            in branches, loops and functions too; lists them all.
        GraphError: a cycle, a tensor with two producers, no input, or a convolution whose kernel
            the file does not tell.
    """
    loaded = load(model)
    check_names(loaded.graph)
    renaming = read_mapping(mapping)
    loaded = with_functions_written_out(loaded, renaming)
    program = Program()
    sizes = Sizes(dims or {}, input_shapes, one_example=numbers)
    contents = Contents(loaded, inferred_shapes(loaded, sizes))
    GraphReader(program, contents, renaming).read_model(loaded.graph)
    raw = in_normal_form(program, (), numbers, _HOW_TO_GIVE_SIZES)
    return assemble_model(raw, renaming, cycles, fold)
