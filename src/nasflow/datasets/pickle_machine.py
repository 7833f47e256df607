"""A machine that reads pickles as data: it has no way to import, call or look up anything.

A pickle is a program: `GLOBAL os.system` followed by `REDUCE` runs a command when Python's own
unpickler meets it. This machine gives the same opcodes a harmless meaning:

* A name stands for an inert factory that the caller lists (`admit`), never for the object of that
  name. Any other name is refused before anything is built.
* The file is read as a stream, and a caller may shrink a dictionary as soon as it is filled
  (`on_items`). NAS-Bench-201's 15,625 architectures are 40 GB of Python objects when loaded whole
  (AutoDL issue 78) and 200 MB if the epochs of each training are dropped as they pass by.

It knows the opcodes of protocols 0 to 4 that containers, numbers, text and bytes take. It is 10 to
20 times slower than `pickle`, 0.4 us an opcode. The opcodes' meaning: `pickletools` in the standard
library. Numbers, text and bytes are read by `pickle_literals.py`; here are the stack, the memory
and the names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from reprlib import repr as short_repr
from typing import Any, BinaryIO

from nasflow.datasets.pickle_literals import Literals
from nasflow.errors import DataError, UnsafeFileError

Factory = Callable[..., Any]
_MARK = object()
_SCALARS = (str, int, float, bool, bytes, type(None))
_LONGEST_GAP = 1000  # places in the memory that a writer may leave out


class StandIn:
    """An object of a foreign class: its attributes, and nothing else."""


class Stateful(ABC):
    """Base of the values whose pickles set a state after making them."""

    @abstractmethod
    def set_state(self, state: Any) -> None:
        """Take the state, or raise `DataError`."""


class Name:
    """A pickle's reference to a class or function, and the inert factory it stands for."""

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
        self._literals = Literals(file, origin)
        self._stack: list[Any] = []
        # a list: a dictionary of NATS-Bench's 78 million places would take 8 GB
        self._memo: list[Any] = []
        self._steps = {opcode: getattr(self, name) for opcode, name in _OPCODES.items()}

    def load(self) -> Any:
        """The next pickle's content.

        Raises:
            UnsafeFileError: it names something that is not admitted; the message says what.
            DataError: no pickle, damaged, or of opcodes that data does not need.
        """
        self._stack.clear()
        self._memo.clear()
        # looked up once: the loop turns 78 million times for NATS-Bench
        read, push = self._file.read, self._stack.append
        literals, steps = self._literals.by_opcode, self._steps
        try:
            while (opcode := read(1)) != b".":
                # first the literals: they are two of three opcodes in NATS-Bench's files
                literal = literals.get(opcode)
                if literal is not None:
                    push(literal())
                    continue
                step = steps.get(opcode)
                if step is None:
                    raise self._no_data_opcode(opcode)
                step()
            result = self._stack.pop()
        except (UnsafeFileError, DataError):
            raise
        except Exception as error:  # a damaged pickle may make any step fail in any way
            problem = f"{type(error).__name__}: {str(error)[:80]}"
            raise self._literals.unreadable(problem) from None
        if result is _MARK:
            raise self._literals.unreadable("it ends with a mark")
        return result

    def _no_data_opcode(self, opcode: bytes) -> DataError:
        if not opcode:
            return self._literals.incomplete()
        return DataError(f"{self._origin} is no readable pickle of data (opcode {opcode!r})")

    # -- the pickle as a whole

    def _protocol(self) -> None:
        if (version := self._literals.uint1()) > 5:
            raise DataError(f"{self._origin} is a pickle of protocol {version}; legal: 0 to 5")

    def _frame(self) -> None:
        # a frame's length helps who reads ahead; nothing here does
        self._literals.take(8)

    # -- the stack

    def _mark(self) -> None:
        self._stack.append(_MARK)

    def _pop(self) -> None:
        self._stack.pop()

    def _pop_mark(self) -> None:
        self._since_mark()

    def _duplicate(self) -> None:
        self._stack.append(self._stack[-1])

    def _since_mark(self) -> list[Any]:
        """What lies above the topmost mark; it and the mark leave the stack."""
        stack = self._stack
        position = len(stack) - 1
        while stack[position] is not _MARK:
            position -= 1
            # a negative position would count from the other end
            if position < 0:
                raise self._literals.unreadable("a missing mark")
        items = stack[position + 1 :]
        del stack[position:]
        return items

    # -- containers

    def _list(self) -> None:
        self._stack.append(self._since_mark())

    def _tuple(self) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _tuple1(self) -> None:
        self._stack[-1:] = [(self._stack[-1],)]

    def _tuple2(self) -> None:
        self._stack[-2:] = [(self._stack[-2], self._stack[-1])]

    def _tuple3(self) -> None:
        self._stack[-3:] = [(self._stack[-3], self._stack[-2], self._stack[-1])]

    def _dict(self) -> None:
        items = self._since_mark()
        self._stack.append({})
        self._fill(items)

    def _append(self) -> None:
        value = self._stack.pop()
        self._extend([value])

    def _appends(self) -> None:
        self._extend(self._since_mark())

    def _extend(self, values: list[Any]) -> None:
        """Put values at the end of the list on the stack."""
        target = self._stack[-1]
        # only what is a list itself: a stand-in's or subclass's `extend` could be anything
        if type(target) is not list:
            raise self._literals.unreadable(f"items for a {type(target).__name__}")
        target.extend(values)

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._fill([key, value])

    def _set_items(self) -> None:
        self._fill(self._since_mark())

    def _fill(self, items: list[Any]) -> None:
        """Put alternating keys and values into the dictionary on the stack."""
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise self._literals.unreadable(f"items for a {type(target).__name__}")
        keys, values = items[::2], items[1::2]
        for key in keys:
            if not isinstance(key, _SCALARS) and not _is_flat_tuple(key):
                raise DataError(
                    f"{self._origin} has a {type(key).__name__} as a key; legal: numbers, text, and"
                    " tuples of them"
                )
        target.update(zip(keys, values, strict=True))
        if self._on_items:
            self._on_items(target)

    # -- memory: values that the pickle refers to again, by their place

    def _memoize(self) -> None:
        self._memo.append(self._stack[-1])

    def _put(self, place: int) -> None:
        memo = self._memo
        if place == len(memo):
            memo.append(self._stack[-1])
        elif 0 <= place < len(memo):
            memo[place] = self._stack[-1]
        elif place < len(memo) + _LONGEST_GAP:
            # a writer may leave gaps; a false place must not fill the machine's memory
            memo.extend([_MARK] * (place - len(memo)))
            memo.append(self._stack[-1])
        else:
            raise self._no_place(place)

    def _put1(self) -> None:
        self._put(self._literals.uint1())

    def _put4(self) -> None:
        self._put(self._literals.uint4())

    def _put_line(self) -> None:
        self._put(self._literals.int_line())

    def _get(self, place: int) -> None:
        # a mark stands in gaps: no value was ever put there
        if not 0 <= place < len(self._memo) or self._memo[place] is _MARK:
            raise self._no_place(place)
        self._stack.append(self._memo[place])

    def _get1(self) -> None:
        self._get(self._literals.uint1())

    def _get4(self) -> None:
        self._get(self._literals.uint4())

    def _get_line(self) -> None:
        self._get(self._literals.int_line())

    def _no_place(self, place: int) -> DataError:
        return self._literals.unreadable(f"memory place {place} of {len(self._memo)}")

    # -- names: inert

    def _global(self) -> None:
        self._name(self._literals.line().decode(), self._literals.line().decode())

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._name(module, name)

    def _name(self, module: Any, name: Any) -> None:
        """Put the inert `Name` on the stack; the one place where a name is judged."""
        # text first: what is no text may have a hash or an equality of its own
        is_text = isinstance(module, str) and isinstance(name, str)
        if not is_text or (module, name) not in self._admit:
            admitted = sorted(".".join(key) for key in self._admit)
            raise UnsafeFileError(
                f"{self._origin} asks for {_plain(module)}.{_plain(name)}, which is no plain data; "
                "nothing was executed. Legal besides containers, numbers and text: "
                f"{', '.join(admitted) or 'nothing'}"
            )
        self._stack.append(Name(module, name, self._admit[module, name]))

    def _call(self) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        # nothing but an admitted name is ever called, whatever else the stack holds
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise self._literals.unreadable(f"a call of a {type(name).__name__}")
        self._stack.append(name.factory(*arguments))

    def _build(self) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        if isinstance(target, StandIn) and _has_text_keys(state):
            vars(target).update(state)
        elif isinstance(target, Stateful):
            target.set_state(state)
        else:
            raise self._literals.unreadable(f"a state for a {type(target).__name__}")

    def _outside(self) -> None:
        reference = self._stack.pop()
        if self._persistent is None:
            raise UnsafeFileError(
                f"{self._origin} refers to an object outside of it; nothing was executed"
            )
        self._stack.append(self._persistent(reference))


def _is_flat_tuple(key: Any) -> bool:
    """Whether a key is a tuple of scalars; nested ones could overflow the C stack when hashed."""
    return type(key) is tuple and all(isinstance(part, _SCALARS) for part in key)


def _has_text_keys(state: Any) -> bool:
    return isinstance(state, dict) and all(type(key) is str for key in state)


def _plain(name: Any) -> str:
    return name[:80] if isinstance(name, str) else short_repr(name)


# what `Literals` does not read; an opcode that is in neither is refused
_OPCODES = {
    b"\x80": "_protocol",
    b"\x95": "_frame",
    b"(": "_mark",
    b"0": "_pop",
    b"1": "_pop_mark",
    b"2": "_duplicate",
    b"l": "_list",
    b"t": "_tuple",
    b"\x85": "_tuple1",
    b"\x86": "_tuple2",
    b"\x87": "_tuple3",
    b"d": "_dict",
    b"a": "_append",
    b"e": "_appends",
    # sets are lists here (see `Literals`), filled and frozen as those are
    b"\x90": "_appends",
    b"\x91": "_list",
    b"s": "_set_item",
    b"u": "_set_items",
    b"\x94": "_memoize",
    b"q": "_put1",
    b"r": "_put4",
    b"p": "_put_line",
    b"h": "_get1",
    b"j": "_get4",
    b"g": "_get_line",
    b"c": "_global",
    b"\x93": "_stack_global",
    b"R": "_call",
    b"\x81": "_call",
    b"b": "_build",
    b"Q": "_outside",
}
