"""A machine that reads pickles as data: it has no way to import, call or look up anything.

Python's own unpickler resolves names and calls what it finds; `pickles.load_pickle` restricts
which. Benchmark files need two things more, and this machine gives them:

* A name stands for an inert factory that the caller lists (`admit`), never for the object of that
  name. Any other name is refused before anything is built.
* The file is read as a stream, and a caller may shrink a dictionary as soon as it is filled
  (`on_items`). NAS-Bench-201's 15,625 architectures are 40 GB of Python objects when loaded whole
  (AutoDL issue 78) and 200 MB if the epochs of each training are dropped as they pass by. Text is
  interned, for its 75 million keys repeat.

It knows the opcodes of protocols 0 to 4 that containers, numbers, text and bytes take. It is 10 to
20 times slower than `pickle`, 0.4 us an opcode. The opcodes' meaning: `pickletools` in the standard
library.
"""

from __future__ import annotations

import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from reprlib import repr as shown
from typing import Any, BinaryIO, NoReturn

from nasflow.datasets.pickles import StandIn
from nasflow.errors import DataError, UnsafeFileError

Factory = Callable[..., Any]
_MARK = object()
_LONGEST_INT = 64  # bytes; a number of 512 bits is an attack on whoever prints it
_SCALARS = (str, int, float, bool, bytes, type(None))


class Name:
    """What a pickle's reference to a class or function becomes: its name, and the inert factory it
    stands for.
    """

    def __init__(self, module: str, name: str, factory: Factory) -> None:
        self.module, self.name, self.factory = module, name, factory


class PickleMachine:
    """Reads the pickles of a stream, one `load` after the other.

    Args:
        file: the stream, positioned at a pickle.
        origin: the file's name, for errors.
        admit: inert factories by (module, name). A factory gets the pickle's arguments, unchecked.
        persistent: what a reference to an object outside of the pickle becomes; None to refuse
            them.
        on_items: called with each dictionary after items were put into it; it may change the
            dictionary.
    """

    def __init__(
        self,
        file: BinaryIO,
        origin: str,
        admit: Mapping[tuple[str, str], Factory] | None = None,
        persistent: Callable[[Any], Any] | None = None,
        on_items: Callable[[dict[Any, Any]], None] | None = None,
    ) -> None:
        self._file, self._origin, self._admit = file, origin, admit or {}
        self._persistent, self._on_items = persistent, on_items
        self._stack: list[Any] = []
        self._memo: list[
            Any
        ] = []  # a list: a dictionary of NATS-Bench's 78 million would take 8 GB
        self._steps = {opcode: getattr(self, name) for opcode, name in _OPCODES.items()}

    def load(self) -> Any:
        """The next pickle's content.

        Raises:
            UnsafeFileError: it names something that is not admitted; the message says what.
            DataError: no pickle, damaged, or of opcodes that data does not need.
        """
        self._stack.clear()
        self._memo.clear()
        read, steps = self._file.read, self._steps
        try:
            while (opcode := read(1)) != b".":
                step = steps.get(opcode)
                if step is None:
                    self._refuse_opcode(opcode)
                step()
            result = self._stack.pop()
        except (UnsafeFileError, DataError):
            raise
        except Exception as error:  # a damaged pickle may make any step fail in any way
            problem = f"{type(error).__name__}: {str(error)[:80]}"
            raise DataError(f"{self._origin} is no readable pickle ({problem})") from None
        if result is _MARK:
            raise DataError(f"{self._origin} is no readable pickle (it ends with a mark)")
        return result

    def _refuse_opcode(self, opcode: bytes) -> NoReturn:
        if not opcode:
            raise DataError(f"{self._origin} ends inside a pickle; it is incomplete")
        raise DataError(f"{self._origin} is no readable pickle of data (opcode {opcode!r})")

    def _take(self, size: int) -> bytes:
        parts = []
        while (
            size > 0
        ):  # in pieces, so that a false length costs no more memory than the file has bytes
            part = self._file.read(min(size, 1 << 20))
            if not part:
                raise DataError(f"{self._origin} ends inside a pickle; it is incomplete")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _line(self, longest: int = 150) -> bytes:
        line = self._file.readline(longest + 1)
        if not line.endswith(b"\n"):
            raise DataError(
                f"{self._origin} is no readable pickle (a line of more than {longest} bytes, or the"
                " end)"
            )
        return line[:-1]

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _since_mark(self) -> list[Any]:
        stack = self._stack
        at = len(stack) - 1
        while stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise DataError(f"{self._origin} is no readable pickle (a missing mark)")
        items = stack[at + 1 :]
        del stack[at:]
        return items

    # -- numbers, text, bytes
    # ---------------------------------------------------------------------------

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _none(self) -> None:
        self._push(None)

    def _true(self) -> None:
        self._push(True)

    def _false(self) -> None:
        self._push(False)

    def _int4(self) -> None:
        self._push(self._number("<i"))

    def _int1(self) -> None:
        self._push(self._file.read(1)[0])

    def _int2(self) -> None:
        self._push(self._number("<H"))

    def _float8(self) -> None:
        self._push(_DOUBLE.unpack(self._file.read(8))[0])

    def _long1(self) -> None:
        self._long(self._number("<B"))

    def _long4(self) -> None:
        self._long(self._number("<i"))

    def _long(self, size: int) -> None:
        if not 0 <= size <= _LONGEST_INT:
            raise DataError(
                f"{self._origin} holds an integer of {size} bytes; legal: {_LONGEST_INT}"
            )
        self._push(int.from_bytes(self._take(size), "little", signed=True))

    def _int_text(self) -> None:
        text = self._line()
        self._push(text == b"01" if text in (b"00", b"01") else int(text))

    def _long_text(self) -> None:
        self._push(int(self._line().rstrip(b"L")))

    def _float_text(self) -> None:
        self._push(float(self._line()))

    def _text(self, size: int) -> None:
        self._push(sys.intern(self._take(size).decode("utf-8", "surrogatepass")))

    def _text1(self) -> None:
        self._text(self._file.read(1)[0])

    def _text4(self) -> None:
        self._text(self._number("<I"))

    def _text8(self) -> None:
        self._text(self._number("<Q"))

    def _text_line(self) -> None:
        self._push(self._line(1 << 24).decode("raw-unicode-escape"))

    def _bytes1(self) -> None:
        self._push(self._take(self._file.read(1)[0]))

    def _bytes4(self) -> None:
        self._push(self._take(self._number("<I")))

    def _bytes8(self) -> None:
        self._push(self._take(self._number("<Q")))

    def _old_text1(self) -> None:  # Python 2's str: text if it is ASCII, as field names are
        self._old_text(self._file.read(1)[0])

    def _old_text4(self) -> None:
        self._old_text(self._number("<I"))

    def _old_text(self, size: int) -> None:
        raw = self._take(size)
        self._push(sys.intern(raw.decode("ascii")) if raw.isascii() else raw)

    # -- containers
    # -------------------------------------------------------------------------------------

    def _mark(self) -> None:
        self._push(_MARK)

    def _pop(self) -> None:
        self._stack.pop()

    def _pop_mark(self) -> None:
        self._since_mark()

    def _dup(self) -> None:
        self._push(self._stack[-1])

    def _empty_list(self) -> None:
        self._push([])

    def _empty_dict(self) -> None:
        self._push({})

    def _empty_tuple(self) -> None:
        self._push(())

    def _empty_set(self) -> None:
        self._push([])  # a set of what cannot be checked for hashing is as good as a list

    def _list(self) -> None:
        self._push(self._since_mark())

    def _tuple(self) -> None:
        self._push(tuple(self._since_mark()))

    def _tuple1(self) -> None:
        self._stack[-1:] = [(self._stack[-1],)]

    def _tuple2(self) -> None:
        self._stack[-2:] = [(self._stack[-2], self._stack[-1])]

    def _tuple3(self) -> None:
        self._stack[-3:] = [(self._stack[-3], self._stack[-2], self._stack[-1])]

    def _dict(self) -> None:
        items = self._since_mark()
        self._push({})
        self._fill(items)

    def _append(self) -> None:
        value = self._stack.pop()
        self._extend([value])

    def _appends(self) -> None:
        self._extend(self._since_mark())

    def _extend(self, values: list[Any]) -> None:
        if type(self._stack[-1]) is not list:
            raise DataError(
                f"{self._origin} is no readable pickle (items for a"
                f" {type(self._stack[-1]).__name__})"
            )
        self._stack[-1].extend(values)

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._fill([key, value])

    def _set_items(self) -> None:
        self._fill(self._since_mark())

    def _fill(self, items: list[Any]) -> None:
        """Put alternating keys and values into the dictionary on the stack."""
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise DataError(
                f"{self._origin} is no readable pickle (items for a {type(target).__name__})"
            )
        for key in items[::2]:
            # deeply nested tuples would overflow the C stack when hashed
            if not isinstance(key, _SCALARS) and not (
                type(key) is tuple and all(isinstance(k, _SCALARS) for k in key)
            ):
                raise DataError(
                    f"{self._origin} has a {type(key).__name__} as a key; legal: numbers, text, and"
                    " tuples of them"
                )
        target.update(zip(items[::2], items[1::2], strict=True))
        if self._on_items:
            self._on_items(target)

    # -- memory
    # -----------------------------------------------------------------------------------------

    def _memoize(self) -> None:
        self._memo.append(self._stack[-1])

    def _put(self, place: int) -> None:
        memo = self._memo
        if place == len(memo):
            memo.append(self._stack[-1])
        elif 0 <= place < len(memo):
            memo[place] = self._stack[-1]
        elif (
            place < len(memo) + 1000
        ):  # a writer may leave gaps; a false place must not fill the memory
            memo.extend([_MARK] * (place - len(memo)))
            memo.append(self._stack[-1])
        else:
            raise DataError(
                f"{self._origin} is no readable pickle (memory place {place} of {len(memo)})"
            )

    def _put1(self) -> None:
        self._put(self._file.read(1)[0])

    def _put4(self) -> None:
        self._put(self._number("<I"))

    def _put_text(self) -> None:
        self._put(int(self._line()))

    def _get(self, place: int) -> None:
        if not 0 <= place < len(self._memo) or self._memo[place] is _MARK:
            raise DataError(
                f"{self._origin} is no readable pickle (memory place {place} of {len(self._memo)})"
            )
        self._push(self._memo[place])

    def _get1(self) -> None:
        self._get(self._file.read(1)[0])

    def _get4(self) -> None:
        self._get(self._number("<I"))

    def _get_text(self) -> None:
        self._get(int(self._line()))

    # -- names: inert
    # ------------------------------------------------------------------------------------

    def _global(self) -> None:
        self._name(self._line().decode(), self._line().decode())

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._name(module, name)

    def _name(self, module: Any, name: Any) -> None:
        if (
            not isinstance(module, str)
            or not isinstance(name, str)
            or (module, name) not in self._admit
        ):
            raise UnsafeFileError(
                f"{self._origin} asks for {_plain(module)}.{_plain(name)}, which is no plain data; "
                "nothing was executed. Legal besides containers, numbers and text: "
                f"{', '.join(sorted('.'.join(key) for key in self._admit)) or 'nothing'}"
            )
        self._push(Name(module, name, self._admit[module, name]))

    def _call(self) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise DataError(
                f"{self._origin} is no readable pickle (a call of a {type(name).__name__})"
            )
        self._push(name.factory(*arguments))

    def _build(self) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        if (
            isinstance(target, StandIn)
            and isinstance(state, dict)
            and all(type(key) is str for key in state)
        ):
            vars(target).update(state)
        elif isinstance(target, Stateful):
            target.set_state(state)
        else:
            raise DataError(
                f"{self._origin} is no readable pickle (a state for a {type(target).__name__})"
            )

    def _outside(self) -> None:
        reference = self._stack.pop()
        if self._persistent is None:
            raise UnsafeFileError(
                f"{self._origin} refers to an object outside of it; nothing was executed"
            )
        self._push(self._persistent(reference))

    def _protocol(self) -> None:
        if (version := self._file.read(1)[0]) > 5:
            raise DataError(f"{self._origin} is a pickle of protocol {version}; legal: 0 to 5")

    def _frame(self) -> None:
        self._take(8)


def _plain(name: Any) -> str:
    return name[:80] if isinstance(name, str) else shown(name)


class Stateful(ABC):
    """Base of the values whose pickles set a state after making them."""

    @abstractmethod
    def set_state(self, state: Any) -> None:
        """Take the state, or raise `DataError`."""


_DOUBLE = struct.Struct(">d")
_OPCODES = {
    b"N": "_none",
    b"\x88": "_true",
    b"\x89": "_false",
    b"J": "_int4",
    b"K": "_int1",
    b"M": "_int2",
    b"G": "_float8",
    b"\x8a": "_long1",
    b"\x8b": "_long4",
    b"I": "_int_text",
    b"L": "_long_text",
    b"F": "_float_text",
    b"\x8c": "_text1",
    b"X": "_text4",
    b"\x8d": "_text8",
    b"V": "_text_line",
    b"U": "_old_text1",
    b"T": "_old_text4",
    b"C": "_bytes1",
    b"B": "_bytes4",
    b"\x8e": "_bytes8",
    b"(": "_mark",
    b"0": "_pop",
    b"1": "_pop_mark",
    b"2": "_dup",
    b"]": "_empty_list",
    b"}": "_empty_dict",
    b")": "_empty_tuple",
    b"\x8f": "_empty_set",
    b"l": "_list",
    b"t": "_tuple",
    b"\x85": "_tuple1",
    b"\x86": "_tuple2",
    b"\x87": "_tuple3",
    b"d": "_dict",
    b"a": "_append",
    b"e": "_appends",
    b"\x90": "_appends",
    b"\x91": "_list",
    b"s": "_set_item",
    b"u": "_set_items",
    b"\x94": "_memoize",
    b"q": "_put1",
    b"r": "_put4",
    b"p": "_put_text",
    b"h": "_get1",
    b"j": "_get4",
    b"g": "_get_text",
    b"c": "_global",
    b"\x93": "_stack_global",
    b"R": "_call",
    b"\x81": "_call",
    b"b": "_build",
    b"Q": "_outside",
    b"\x80": "_protocol",
    b"\x95": "_frame",
}
