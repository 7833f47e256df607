"""ONNX files (extra `onnx`): the graph of a model; of its weights, only their shapes are read.

Operators share the vocabulary of PyTorch (`Conv` with a 3 x 3 kernel is `conv3x3`, `Gemm` is
`linear`, and so is a `MatMul` with a weight), and what exporters do to a graph is undone
(`nasflow.importers.normal_form`). What depends on no input is no node; all outputs feed one
`output`.
"""

from __future__ import annotations

from typing import Any

from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import assemble_model
from nasflow.importers.calls import Program
from nasflow.importers.mapping import Names, read_mapping
from nasflow.importers.normal_form import normalise
from nasflow.importers.onnx_files.contents import Contents
from nasflow.importers.onnx_files.files import (
    check_names,
    inferred_shapes,
    load,
    with_functions_written_out,
)
from nasflow.importers.onnx_files.reader import GraphReader
from nasflow.running.files import PathLike


def from_onnx(model: Any | PathLike, mapping: Names = None, cycles: str = "refuse") -> Architecture:
    """The architecture of an ONNX model.

    Args:
        model: a file, or a loaded `onnx.ModelProto`.
        mapping: names for operators that the vocabulary lacks, or a mapping file.
        cycles: "refuse" or "condense"; a valid ONNX graph has none.

    Raises:
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
    contents = Contents(loaded, inferred_shapes(loaded))
    GraphReader(program, contents, renaming).read_model(loaded.graph)
    normalise(program)
    return assemble_model(program.raw_graph(), renaming, cycles)
