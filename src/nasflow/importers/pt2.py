"""Files that `torch.export.save` writes (.pt2), read as exported programs."""

from __future__ import annotations

from nasflow.graphs.architecture import Architecture
from nasflow.importers.mapping import Names
from nasflow.importers.torch_fx import from_torch
from nasflow.importers.torch_models.propagation import InputShapes
from nasflow.importers.torch_models.stored import load_program
from nasflow.running.files import PathLike


def from_pt2(
    path: PathLike,
    mapping: Names = None,
    cycles: str = "refuse",
    *,
    input_shapes: InputShapes | None = None,
    numbers: bool = True,
    fold: bool = False,
) -> Architecture:
    """The architecture of an exported program in a file, as `from_torch` gives it.

    Nothing that the file says is run, and no pickle in it is opened: it may be a stranger's. What
    hangs on such content (operators of extensions, objects besides tensors) is refused.

    Raises:
        MissingDataError, DataError: no such file, or none that can be read.
        As `from_torch`.
    """
    program = load_program(path)
    return from_torch(
        program, mapping, cycles, input_shapes=input_shapes, numbers=numbers, fold=fold
    )
