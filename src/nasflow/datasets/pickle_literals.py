"""The literals of a pickle: opcodes that stand for a number, a text or bytes, read off the stream.

A literal is an opcode and its operand, and what it stands for depends on nothing else: not on the
stack, not on the memory of the machine that reads the whole (`pickle_machine.py`). The opcodes that
make an empty container are literals without an operand. The opcodes' meaning: `pickletools` in the
standard library.
"""

from __future__ import annotations

import codecs
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from nasflow.errors import DataError

_LONGEST_INT = 64  # bytes; a number of 512 bits is an attack on whoever prints it
_LONGEST_LINE = 150  # bytes of a name or a number; so many digits are about 512 bits, as above
_LONGEST_TEXT_LINE = 1 << 24  # bytes; protocol 0 writes each text as one line
_CHUNK = 1 << 20
_DOUBLE = struct.Struct(">d")


class Literals:
    """Reads literals, and the operands of other opcodes, from a stream.

    Args:
        file: the stream, positioned behind the opcode when a function of `by_opcode` is called.
        origin: the file's name, for errors.
    """

    def __init__(self, file: BinaryIO, origin: str) -> None:
        self._file, self._origin = file, origin
        self.by_opcode: dict[bytes, Callable[[], Any]] = {
            **{opcode: getattr(self, name) for opcode, name in _READERS.items()},
            b"N": lambda: None,
            b"\x88": lambda: True,
            b"\x89": lambda: False,
            b"]": list,
            b"}": dict,
            b")": tuple,
            # a set of what cannot be checked for hashing is as good as a list
            b"\x8f": list,
        }
        """For each opcode of a literal the function that returns its value."""

    # -- operands of any opcode

    def take(self, size: int) -> bytes:
        """The next `size` bytes.

        Raises:
            DataError: the stream ends before.
        """
        # nearly all operands are short, and one read is faster than the loop
        first = self._file.read(min(size, _CHUNK))
        if len(first) == size:
            return first
        parts = [first]
        size -= len(first)
        # in pieces, so that a false length costs no more memory than the file has bytes
        while size > 0:
            part = self._file.read(min(size, _CHUNK))
            if not part:
                raise self.incomplete()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def line(self, longest: int = _LONGEST_LINE) -> bytes:
        """The bytes up to the next line break, without it.

        Raises:
            DataError: there is none within `longest` bytes.
        """
        line = self._file.readline(longest + 1)
        if not line.endswith(b"\n"):
            raise self.unreadable(f"a line of more than {longest} bytes, or the end")
        return line[:-1]

    def uint1(self) -> int:
        """A byte as a number."""
        return self._file.read(1)[0]

    def uint4(self) -> int:
        """Four bytes as a number, the lowest first."""
        return self._unpacked("<I")

    def int_line(self) -> int:
        """A line of decimal digits as a number."""
        return int(self.line())

    # -- numbers

    def _int4(self) -> int:
        return self._unpacked("<i")

    def _uint2(self) -> int:
        return self._unpacked("<H")

    def _uint8(self) -> int:
        return self._unpacked("<Q")

    def _unpacked(self, form: str) -> int:
        number: int
        (number,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return number

    def _float8(self) -> Any:
        return _DOUBLE.unpack(self._file.read(8))[0]

    def _long1(self) -> int:
        return self._long(self._unpacked("<B"))

    def _long4(self) -> int:
        return self._long(self._int4())

    def _long(self, size: int) -> int:
        if not 0 <= size <= _LONGEST_INT:
            raise DataError(
                f"{self._origin} holds an integer of {size} bytes; legal: {_LONGEST_INT}"
            )
        return int.from_bytes(self.take(size), "little", signed=True)

    def _int_or_bool_line(self) -> int:
        text = self.line()
        # protocol 0 has no opcode for truth values: it writes them with a leading zero
        return text == b"01" if text in (b"00", b"01") else int(text)

    def _long_line(self) -> int:
        return int(self.line().rstrip(b"L"))

    def _float_line(self) -> float:
        return float(self.line())

    # -- text

    def _text1(self) -> str:
        return self._text(self.uint1())

    def _text4(self) -> str:
        return self._text(self.uint4())

    def _text8(self) -> str:
        return self._text(self._uint8())

    def _text(self, size: int) -> str:
        # interned, since files repeat their keys: 75 million times in NAS-Bench-201
        return sys.intern(self.take(size).decode("utf-8", "surrogatepass"))

    def _text_line(self) -> str:
        return self.line(_LONGEST_TEXT_LINE).decode("raw-unicode-escape")

    def _quoted_line(self) -> str | bytes:
        line = self.line(_LONGEST_TEXT_LINE)
        if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
            raise self.unreadable("text without quotes")
        return _old_text(codecs.escape_decode(line[1:-1])[0])

    def _old_text1(self) -> str | bytes:
        return _old_text(self.take(self.uint1()))

    def _old_text4(self) -> str | bytes:
        return _old_text(self.take(self.uint4()))

    # -- bytes

    def _bytes1(self) -> bytes:
        return self.take(self.uint1())

    def _bytes4(self) -> bytes:
        return self.take(self.uint4())

    def _bytes8(self) -> bytes:
        return self.take(self._uint8())

    # -- errors

    def unreadable(self, reason: str) -> DataError:
        """The error for a stream that is no pickle, or a damaged one."""
        return DataError(f"{self._origin} is no readable pickle ({reason})")

    def incomplete(self) -> DataError:
        """The error for a stream that ends too early."""
        return DataError(f"{self._origin} ends inside a pickle; it is incomplete")


def _old_text(raw: bytes) -> str | bytes:
    """Python 2's str: text where it is ASCII, as names of fields are."""
    return sys.intern(raw.decode("ascii")) if raw.isascii() else raw


_READERS = {
    b"J": "_int4",
    b"K": "uint1",
    b"M": "_uint2",
    b"G": "_float8",
    b"\x8a": "_long1",
    b"\x8b": "_long4",
    b"I": "_int_or_bool_line",
    b"L": "_long_line",
    b"F": "_float_line",
    b"\x8c": "_text1",
    b"X": "_text4",
    b"\x8d": "_text8",
    b"V": "_text_line",
    b"S": "_quoted_line",
    b"U": "_old_text1",
    b"T": "_old_text4",
    b"C": "_bytes1",
    b"B": "_bytes4",
    b"\x8e": "_bytes8",
}
