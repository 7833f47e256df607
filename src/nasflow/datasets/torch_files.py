"""Files that `torch.save` wrote, read without torch and without executing what they hold.

Two containers: a zip with `data.pkl` and one member for each storage (since torch 1.6), and before
that five pickles in a row (a magic number, the protocol, the machine, the content, the storages'
names) with the storages behind them. The content goes through `PickleMachine`; tensors become
`Tensor`, bounds checked when they are looked at.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nasflow.datasets.pickle_machine import Factory, Name, PickleMachine
from nasflow.datasets.pickle_numbers import NUMBERS
from nasflow.errors import DataError, NasflowError
from nasflow.running.files import require_file

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_MOST_DIMENSIONS = 8
# how zipfile and struct word damage
_DAMAGE = (
    zipfile.BadZipFile,
    OSError,
    KeyError,
    ValueError,
    EOFError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


class Storage:
    """A flat run of numbers; its bytes are set before any tensor on it is looked at."""

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self.content: bytes = b""


class Tensor:
    """A view of a storage: shape, strides and offset as the file has them, checked by `array`."""

    def __init__(self, storage: Any, offset: Any, shape: Any, stride: Any, *_rest: Any) -> None:
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride

    def array(self) -> npt.NDArray[Any]:
        """The numbers, copied.

        Raises:
            DataError: the view leaves its storage, or repeats numbers of it.
        """
        shape, stride = _tuple(self.shape), _tuple(self.stride)
        numbers = [self.offset, *shape, *stride]
        # no file has 2**40 numbers, and NumPy takes no integers above 2**63
        are_positions = all(type(n) is int and 0 <= n < 2**40 for n in numbers)
        has_form = len(shape) == len(stride) <= _MOST_DIMENSIONS
        if not isinstance(self.storage, Storage) or not has_form or not are_positions:
            raise DataError(f"a tensor of shape {short_repr(self.shape)} is no view of a storage")
        itemsize = self.storage.dtype.itemsize
        n_values = len(self.storage.content) // itemsize
        values = np.frombuffer(self.storage.content, self.storage.dtype, count=n_values)
        last = self.offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
        size = math.prod(shape)
        # a stride of 0 repeats numbers: four bytes could claim to be terabytes
        if size > n_values or (size and last >= n_values):
            raise DataError(
                f"a tensor of shape {short_repr(shape)} leaves its {n_values} numbers, or repeats"
                " them"
            )
        # `last` was checked above, which `as_strided` does not do
        view = np.lib.stride_tricks.as_strided(
            values[self.offset :], shape, [step * itemsize for step in stride], writeable=False
        )
        return view.copy()


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (None,)


def _wrapped(value: Any, *_rest: Any) -> Any:
    """What `torch.Size` and `Parameter` hold."""
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _no_call(*_arguments: Any) -> Any:
    raise DataError(
        "a torch storage that is made by a call; legal: references to storages of the same file"
    )


TENSORS: Mapping[tuple[str, str], Factory] = {
    **NUMBERS,
    ("torch._utils", "_rebuild_tensor_v2"): Tensor,
    ("torch._utils", "_rebuild_tensor"): Tensor,
    ("torch._utils", "_rebuild_parameter"): _wrapped,
    ("torch", "Size"): _wrapped,
    # named in references to storages, and never called
    **{("torch", name): _no_call for name in _STORAGES},
}
"""What every torch file may name besides the classes its reader lists."""


def load_torch(
    path: Path,
    admit: Mapping[tuple[str, str], Factory] | None = None,
    on_items: Callable[[dict[Any, Any]], None] | None = None,
) -> Any:
    """The content of a torch file; tensors as `Tensor`, everything else as in `PickleMachine`.

    Raises:
        UnsafeFileError: it names something that is neither a number, a tensor nor in `admit`.
        MissingDataError, DataError: no such file, or none that torch wrote.
    """
    allowed = {**TENSORS, **(admit or {})}
    with require_file(path).open("rb") as file:
        start = file.read(4)
        file.seek(0)
        try:
            if start.startswith(b"PK"):
                return _load_zip(file, path, allowed, on_items)
            return _load_row(file, path, allowed, on_items)
        except NasflowError:
            raise
        except _DAMAGE as error:
            raise DataError(
                f"{path} is no readable torch file ({type(error).__name__}: {str(error)[:80]})"
            ) from None


def _load_zip(
    file: BinaryIO,
    path: Path,
    allowed: Mapping[tuple[str, str], Factory],
    on_items: Callable[[Any], None] | None,
) -> Any:
    with zipfile.ZipFile(file) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise DataError(f"{path} is a zip without one data.pkl; torch.save writes one")
        root = pickles[0].removesuffix("data.pkl")
        order = f"{root}byteorder"
        # older versions of torch do not write it
        if order in archive.namelist() and archive.read(order) != b"little":
            raise DataError(
                f"{path} was written on a big-endian machine; save it anew on a little-endian one"
            )
        storages: dict[str, Storage] = {}

        def storage(reference: Any) -> Storage:
            key, dtype = _reference(path, reference)
            if key not in storages:
                info = archive.getinfo(f"{root}data/{key}")
                # torch stores; a compressed one could be a bomb
                if info.compress_type != zipfile.ZIP_STORED:
                    raise DataError(
                        f"{path}: {info.filename} is compressed; torch.save does not do that"
                    )
                storages[key] = Storage(dtype)
                storages[key].content = archive.read(info)
            return storages[key]

        with archive.open(pickles[0]) as content:
            buffered: Any = io.BufferedReader(content, 1 << 20)
            return PickleMachine(buffered, str(path), allowed, storage, on_items).load()


def _load_row(
    file: BinaryIO,
    path: Path,
    allowed: Mapping[tuple[str, str], Factory],
    on_items: Callable[[Any], None] | None,
) -> Any:
    storages: dict[str, Storage] = {}

    def storage(reference: Any) -> Storage:
        key, dtype = _reference(path, reference)
        return storages.setdefault(key, Storage(dtype))

    plain = PickleMachine(file, str(path))
    if plain.load() != _MAGIC:
        raise DataError(
            f"{path} is no torch file: it is neither a zip nor starts with torch's magic number"
        )
    protocol, machine = plain.load(), plain.load()
    is_little_endian = isinstance(machine, dict) and machine.get("little_endian") is True
    if protocol != _PROTOCOL or not is_little_endian:
        raise DataError(
            f"{path} is a torch file of protocol {short_repr(protocol)}; legal: 1001, little-endian"
        )
    content = PickleMachine(file, str(path), allowed, storage, on_items).load()
    # the storages follow in the order of their keys; tensors above refer to them already
    keys = plain.load()
    if not isinstance(keys, list):
        raise DataError(
            f"{path} is no readable torch file: its list of storages is a {type(keys).__name__}"
        )
    for key in keys:
        (n_numbers,) = struct.unpack("<q", file.read(8))
        if not isinstance(key, str) or key not in storages:
            raise DataError(f"{path} has a storage {short_repr(key)} that nothing refers to")
        size = n_numbers * storages[key].dtype.itemsize
        # a false length must not take more memory than the file has bytes
        if not 0 <= size <= path.stat().st_size:
            raise DataError(f"{path} ends inside storage {key[:40]}; it is incomplete")
        storages[key].content = file.read(size)
    return content


def _reference(path: Path, reference: Any) -> tuple[str, str]:
    """Key and number type of `("storage", type, key, location, size, ...)`."""
    if isinstance(reference, tuple) and len(reference) >= 5 and reference[0] == "storage":
        kind, key = reference[1], reference[2]
        if isinstance(kind, Name) and kind.name in _STORAGES and isinstance(key, str):
            return key, _STORAGES[kind.name]
    raise DataError(
        f"{path} refers to something else than a storage of numbers: {short_repr(reference)}"
    )
