"""The wire format of Protocol Buffers: the few rules it takes to read a message.

A message is a sequence of fields, each a varint `number << 3 | type` and a value: type 0 a varint,
1 eight bytes, 2 a length and that many bytes (text, or a message), 5 four bytes. Fields may come in
any order and repeat. https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from nasflow.errors import DataError

_FIXED = {1: 8, 5: 4}
_DOUBLE = struct.Struct("<d")


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """(field number, wire type, value) of each field: an int for a varint, else bytes.

    Raises:
        DataError: the bytes are no message.
    """
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        wire_type, number = tag & 7, tag >> 3
        value: int | bytes
        if wire_type == 0:
            value, position = _varint(message, position)
            yield number, wire_type, value
            continue
        # everything else is bytes, of a length that is written or that goes with the type
        if wire_type == 2:
            size, position = _varint(message, position)
        elif wire_type in _FIXED:
            size = _FIXED[wire_type]
        else:
            raise DataError(
                f"wire type {wire_type} at byte {position}; legal in a protobuf message: 0, 1, 2, 5"
            )
        value = message[position : position + size]
        position += size
        # a slice beyond the end is short, and no error by itself
        if len(value) < size:
            raise DataError(
                f"the protobuf message ends inside field {number}, {size - len(value)} bytes short"
            )
        yield number, wire_type, value


def doubles(message: bytes) -> dict[int, float]:
    """The fields of type double, by number; of a repeated one the last counts."""
    return {
        number: _DOUBLE.unpack(value)[0]
        for number, wire_type, value in fields(message)
        if wire_type == 1 and isinstance(value, bytes)
    }


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """The varint at `position`, and where it ends."""
    result = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        # seven bits of the number a byte, the lowest first; the eighth says that more follow
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
        if shift > 63:
            raise DataError(f"the varint before byte {position} is longer than 64 bits")
    raise DataError("the protobuf message ends inside a varint")
