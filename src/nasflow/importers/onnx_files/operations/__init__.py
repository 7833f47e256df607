"""What each operator of ONNX is called, given its operands and attributes.

Most are named by the vocabulary and read all their operands. Those that have a reader carry what
the rules of the normal form need to know, or are several operations, or none.
"""

from __future__ import annotations

from nasflow.importers.calls import Operand
from nasflow.importers.onnx_files.operations import arithmetic, layers, layout
from nasflow.importers.onnx_files.operations.reading import Reading

_READERS = {**arithmetic.READERS, **layers.READERS, **layout.READERS}


def read_operation(reading: Reading) -> Operand:
    """The first result of a node that hangs on an input."""
    reader = _READERS.get(reading.node.op_type)
    # an operator of somebody's own may have other operands under the same name
    if reader is not None and reading.node.domain in ("", "ai.onnx"):
        return reader(reading)
    return reading.make(reading.op, *reading.given(), **reading.parameters())
