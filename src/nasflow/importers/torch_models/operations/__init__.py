"""What each operation of PyTorch is called, given its arguments by name.

Most are named by the vocabulary and read all tensors among their arguments. Those that have a
reader carry what the rules of the normal form need to know, or are several operations, or none.
"""

from __future__ import annotations

from nasflow.importers.calls import Operand, Result
from nasflow.importers.torch_models.operations import arithmetic, layers, layout
from nasflow.importers.torch_models.operations.reading import Reading
from nasflow.importers.vocabulary import is_known, simple_name

_READERS = {**arithmetic.READERS, **layers.READERS, **layout.READERS}
# torchvision's and timm's function that drops whole paths in training
_PATHS = ("stochasticdepth", "droppath")


def read_operation(reading: Reading) -> Operand:
    """The first result of what a node calls."""
    reader = _READERS.get(simple_name(reading.official)) or _READERS.get(reading.op)
    if reader is not None:
        return reader(reading)
    return reading.make(reading.op, *reading.tensors(), **reading.other_parameters())


def read_foreign(reading: Reading) -> Operand:
    """The first result of a function that is not PyTorch's: an operation of its name, or none."""
    if simple_name(reading.official) in _PATHS:
        return layers.dropout(reading)
    # a helper inside of a library may share a name with what it does only sometimes
    is_private = reading.official.startswith("_") and is_known(reading.op)
    op = reading.official if is_private else reading.op
    result = reading.make(op, *reading.tensors(), **reading.other_parameters())
    if isinstance(result, Result) and not is_known(op):
        # it may hold layers: a trace does not look into it
        result.call.inside = []
    return result
