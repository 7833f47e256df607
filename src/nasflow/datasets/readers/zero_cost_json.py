"""NAS-Bench-Suite-Zero's tables of proxies: `zc_nasbench101.json`, `...201.json`, `...301.json`.

    {"cifar10": {"(4, 0, 3, 1, 4, 3)": {"val_accuracy": 91.2,
                                        "jacov": {"score": -31.2, "time": 1.1}, ...}, ...}, ...}

The key is a Python tuple, read as a literal and never evaluated:

    NAS-Bench-101   56 numbers: a 7 x 7 matrix row by row, then seven of input, output, maxpool,
                    conv1x1, conv3x3 (n x n and n for smaller cells)
    NAS-Bench-201   six operations skip, none, conv3x3, conv1x1, avgpool3x3 on the edges *by
                    source*: 0>1, 0>2, 0>3, 1>2, 1>3, 2>3, which is not the order of the official
                    strings
    NAS-Bench-301   two cells of eight pairs (input, operation)

Lists stand for tuples in some files, and earlier ones have a proxy's score alone: `"jacov": -31.2`.
A key may also be in a notation of the space.

Metrics of `cifar10` keep their names, those of other tasks begin with the task's. Seconds per proxy
are left unread. TransNAS-Bench-101's files have keys of the same form but other operations, and are
refused. Source: https://github.com/automl/NASLib, branch zerocost (Apache-2.0), read off its
published format.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.darts_cell import VOCABULARY as DARTS
from nasflow.datasets.readers.darts_cell import cells_of_indices, darts_graph
from nasflow.datasets.readers.json_stream import entries
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.running.numbers import number_of
from nasflow.spaces.nb101 import NB101
from nasflow.spaces.nb201 import NB201, PAIRS
from nasflow.spaces.registry import load_space

_TRANSNAS_TASKS = (
    "autoencoder",
    "class_object",
    "class_scene",
    "jigsaw",
    "normal",
    "room_layout",
    "segmentsemantic",
)
_SPACES = {"nb101": NB101.ops, "nb201": NB201().ops, "darts": DARTS}
# how keys begin that are no tuples
_BY_NOTATION = {"|": "nb201", "Genotype(": "darts", "{": "nb101"}
_LOWER_IS_BETTER = ("flops", "params")
_VALIDATION = "val_accuracy"
# what stands beside proxies as a plain number too
_NO_PROXY = re.compile(r"^(id|index|hash)$|time|seconds|epoch", re.IGNORECASE)
_LONGEST_KEY = 2000  # characters; NAS-Bench-301's have 130


class ZeroCostJson(Reader):
    """One row per task and architecture, numbered from 0 over all tasks of the file."""

    format: ClassVar[str] = "zero-cost-json"
    version: ClassVar[int] = 2
    preferred = (_VALIDATION,)
    file_order_is_random = True

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        unread: set[str] = set()
        for number, (task, key, entry) in enumerate(entries(self.path, progress)):
            # its keys would pass for NAS-Bench-201's, whose operations are others
            if task in _TRANSNAS_TASKS:
                raise DataError(
                    f"{self.path} has the task {task!r}: it is of TransNAS-Bench-101, which this"
                    " reader does not know; legal: the files of NAS-Bench-101, 201 and 301"
                )
            try:
                space, code, cell = _code(key)
                # the first good entry settles the space
                if self.space not in (None, space):
                    raise DataError(
                        f"the key {short_repr(key)} is of {space}, those before it of {self.space}"
                    )
                values, fixed = _numbers(task, entry, unread)
            except (DataError, GraphError) as error:
                yield Rejected(number, str(error))
                continue
            self.space, self.vocabulary = space, _SPACES[space]
            yield Row(number, cell, values, fixed, key=code)
        if unread:
            self.notes.append(f"no numbers of proxies, left unread: {', '.join(sorted(unread))}")

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        if name.endswith(_VALIDATION):
            task = name.removesuffix(_VALIDATION).rstrip("_") or "cifar10"
            return Metric(name, f"validation accuracy on {task} (the benchmark's)")
        lower = name.endswith(_LOWER_IS_BETTER)
        unit = "million" if lower else ""
        return Metric(
            name,
            f"zero-cost proxy {name} (NAS-Bench-Suite-Zero)",
            unit,
            maximise=not lower,
            trained=False,
        )


def _code(key: str) -> tuple[str, Hashable, Callable[[], Architecture]]:
    """Space of a key, what tells it from other keys, and a function that makes its cell."""
    # reading a literal may take long, or all memory, where it is long or nested deeply
    if len(key) > _LONGEST_KEY:
        raise DataError(f"a key of {len(key)} characters; legal: {_LONGEST_KEY}")
    for start, space in _BY_NOTATION.items():
        if key.lstrip().startswith(start):
            return space, key, partial(load_space(space).parse, key)
    try:
        code = _as_tuples(ast.literal_eval(key))
        # it becomes the key of a row
        hash(code)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        code = None
    if isinstance(code, tuple):
        if len(code) == 2:
            return "darts", code, lambda: darts_graph(*cells_of_indices(code))
        if all(type(number) is int for number in code):
            # six numbers: NAS-Bench-101's cell of input and output alone is not in its table
            if len(code) == len(PAIRS):
                return "nb201", code, partial(NB201().from_codes, code)
            return "nb101", code, partial(NB101().from_codes, code)
    raise GraphError(
        f"the key {short_repr(key)} is no tuple of numbers; legal: 56 (NAS-Bench-101), 6 (201), two"
        " cells (301), or a notation of these spaces"
    )


def _as_tuples(code: Any) -> Any:
    """A literal with its lists as tuples: files of one benchmark write either."""
    return tuple(map(_as_tuples, code)) if isinstance(code, (list, tuple)) else code


def _numbers(task: str, entry: Any, unread: set[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Validation accuracy and proxies of one entry; what is no finite number was not measured.

    The names of what is no proxy are put into `unread`.
    """
    if not isinstance(entry, dict):
        raise DataError(f"the entry is {short_repr(entry)}; it needs an object of proxies")
    prefix = "" if task == "cifar10" else task.lower().replace("-", "_") + "_"
    values, fixed = {}, {}
    for name, value in entry.items():
        # earlier files have the score alone
        score = number_of(value.get("score") if isinstance(value, dict) else value)
        # identifiers, times, notes
        if score is None or _NO_PROXY.search(name):
            unread.add(name)
        elif name == _VALIDATION:
            if not 0 <= score <= 100:
                raise DataError(f"{_VALIDATION} is {short_repr(score)}; legal: 0 to 100")
            values[prefix + name] = score
        elif math.isfinite(score):
            fixed[prefix + name] = score
    if not values and not fixed:
        raise DataError("the entry has neither val_accuracy nor a proxy with a score")
    return values, fixed
