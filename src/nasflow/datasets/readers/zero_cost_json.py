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

Metrics of `cifar10` keep their names, those of other tasks begin with the task's. Seconds per proxy
are left unread. TransNAS-Bench-101's files have keys of the same form but other operations, and are
refused. Source: https://github.com/automl/NASLib, branch zerocost (Apache-2.0), read off its
published format.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from functools import partial
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.darts_cell import VOCABULARY as DARTS
from nasflow.datasets.readers.darts_cell import cells_of_indices, darts_graph
from nasflow.datasets.readers.json_stream import entries
from nasflow.datasets.readers.nb101_cell import VOCABULARY as NB101_VOCABULARY
from nasflow.datasets.readers.nb101_cell import matrix_rows, nb101_cell
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.nb201 import NB201, PAIRS, PAIRS_BY_SOURCE

_NB101_CODES = ("input", "output", "maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")
_NB201_CODES = ("skip", "none", "conv3x3", "conv1x1", "avgpool3x3")
_TRANSNAS_TASKS = (
    "autoencoder",
    "class_object",
    "class_scene",
    "jigsaw",
    "normal",
    "room_layout",
    "segmentsemantic",
)
_SPACES = {"nb101": NB101_VOCABULARY, "nb201": NB201().ops, "darts": DARTS}
_LOWER_IS_BETTER = ("flops", "params")
_VALIDATION = "val_accuracy"
_LONGEST_KEY = 2000  # characters; NAS-Bench-301's have 130


class ZeroCostJson(Reader):
    """One row per task and architecture, numbered from 0 over all tasks of the file."""

    format: ClassVar[str] = "zero-cost-json"
    preferred = (_VALIDATION,)
    file_order_is_random = True

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        for number, (task, key, entry) in enumerate(entries(self.path, progress)):
            # its keys would pass for NAS-Bench-201's, whose operations are others
            if task in _TRANSNAS_TASKS:
                raise DataError(
                    f"{self.path} has the task {task!r}: it is of TransNAS-Bench-101, which this"
                    " reader does not know; legal: the files of NAS-Bench-101, 201 and 301"
                )
            try:
                space, code = _code(key)
                # the first good entry settles the space
                if self.space not in (None, space):
                    raise DataError(
                        f"the key {short_repr(key)} is of {space}, those before it of {self.space}"
                    )
                values, fixed = _numbers(task, entry)
            except (DataError, GraphError) as error:
                yield Rejected(number, str(error))
                continue
            self.space, self.vocabulary = space, _SPACES[space]
            yield Row(number, partial(_CELLS[space], code), values, fixed, key=code)

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


def _code(key: str) -> tuple[str, tuple[Any, ...]]:
    """Space and tuple of a key."""
    # reading a literal may take long, or all memory, where it is long or nested deeply
    if len(key) > _LONGEST_KEY:
        raise DataError(f"a key of {len(key)} characters; legal: {_LONGEST_KEY}")
    try:
        code = ast.literal_eval(key)
        # it becomes the key of a row
        hash(code)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        code = None
    if isinstance(code, tuple):
        if len(code) == 2:
            return "darts", code
        if all(type(number) is int for number in code):
            # six numbers: NAS-Bench-101's cell of input and output alone is not in its table
            return ("nb201" if len(code) == len(PAIRS) else "nb101"), code
    raise GraphError(
        f"the key {short_repr(key)} is no tuple of numbers; legal: 56 (NAS-Bench-101), 6 (201), or"
        " two cells (301)"
    )


def _nb101(code: tuple[int, ...]) -> Architecture:
    n_nodes = math.isqrt(len(code))  # n * n + n numbers
    operations = code[-n_nodes:]
    has_legal_operations = all(0 <= op < len(_NB101_CODES) for op in operations)
    if n_nodes * (n_nodes + 1) != len(code) or not has_legal_operations:
        raise GraphError(
            f"{short_repr(code)} is no matrix of n x n digits followed by n operations of 0..4"
        )
    return nb101_cell(matrix_rows(code, n_nodes), [_NB101_CODES[op] for op in operations])


def _nb201(code: tuple[int, ...]) -> Architecture:
    if not all(0 <= op < len(_NB201_CODES) for op in code):
        raise GraphError(f"{code} has an operation out of 0..{len(_NB201_CODES) - 1}")
    operation = {pair: _NB201_CODES[op] for pair, op in zip(PAIRS_BY_SOURCE, code, strict=True)}
    space = NB201()
    return space.from_choices([space.choices.index(operation[pair]) for pair in PAIRS])


def _darts(code: tuple[Any, ...]) -> Architecture:
    return darts_graph(*cells_of_indices(code))


_CELLS = {"nb101": _nb101, "nb201": _nb201, "darts": _darts}


def _numbers(task: str, entry: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Validation accuracy and proxies of one entry; what is no finite number was not measured."""
    if not isinstance(entry, dict):
        raise DataError(f"the entry is {short_repr(entry)}; it needs an object of proxies")
    prefix = "" if task == "cifar10" else task.lower().replace("-", "_") + "_"
    values, fixed = {}, {}
    for name, value in entry.items():
        score = value.get("score") if isinstance(value, dict) else value
        # identifiers, times, notes
        if isinstance(score, bool) or not isinstance(score, (int, float)):
            continue
        if name == _VALIDATION:
            if not 0 <= score <= 100:
                raise DataError(f"{_VALIDATION} is {short_repr(score)}; legal: 0 to 100")
            values[prefix + name] = float(score)
        elif isinstance(value, dict) and abs(score) < 1e300:
            fixed[prefix + name] = float(score)
    if not values and not fixed:
        raise DataError("the entry has neither val_accuracy nor a proxy with a score")
    return values, fixed
