"""What the name of an operation may be, and what four names mean.

    input...     a name that starts so marks an input node
    output...    a name that starts so marks an output node
    none         a node that passes nothing on (NAS-Bench-201's zeroize)
    skip         the identity

A graph that uses none of them is taken as it is. `skip_connect`, which halves the resolution in a
DARTS reduction cell, is no identity and hence another name.
"""

from __future__ import annotations

NONE_OP = "none"
SKIP_OP = "skip"

OP_NAME_RULE = "that UTF-8 can write and that does not end in a null character"


def is_op_name(op: object) -> bool:
    """Whether `op` can name an operation.

    Content hashes write names as UTF-8, and NumPy drops final nulls.
    """
    if not isinstance(op, str) or not op or op.endswith("\0"):
        return False
    return op.isascii() or not any("\ud800" <= character <= "\udfff" for character in op)


def is_input(op: str) -> bool:
    """Whether an operation's name marks an input node."""
    return op.startswith("input")


def is_output(op: str) -> bool:
    """Whether an operation's name marks an output node."""
    return op.startswith("output")
