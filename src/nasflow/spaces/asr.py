"""NAS-Bench-ASR (Mehrotra et al., ICLR 2021): 13,824 speech recognition cells of three operations.

Operation i takes the output of step i - 1 (step 0 is the cell's input); step i is operation i plus,
for each earlier step that its bits select, that step's output. The cell's output is step 3.
Notation: `[[op, bit], [op, bit, bit], [op, bit, bit, bit]]`, the bits for steps 0, 1, 2.

Two graphs (`ASR(form=...)`), both with operations on the nodes:

* `"exact"` (default): steps 1 and 2 are nodes `skip` (the identity of a sum), so that what a
  selected step had itself selected is carried on. Nodes: input, operation, step, operation, step,
  operation, output.
* `"published"`: the benchmark's five nodes: input, three operations, output. An edge from node j to
  operation i + 1 says that step i selects step j, but carries operation j alone. Pruned, it has the
  published 8,242 classes.

The benchmark's `zero` is called `none`: it passes nothing on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.names import NONE_OP, SKIP_OP
from nasflow.graphs.table import ArchTable
from nasflow.running.json_text import strict_json
from nasflow.spaces.base import Space

OFFICIAL = {
    "linear": "linear",
    "conv5": "conv5",
    "conv5d2": "conv5d2",
    "conv7": "conv7",
    "conv7d2": "conv7d2",
    "zero": NONE_OP,
}
"""Official operation name -> nasflow's, in the benchmark's order; d2 is a dilation of 2."""

N_STEPS = 3

_OPERATIONS = tuple(OFFICIAL.values())
_LENGTHS = (2, 3, 4)  # of the three lists
_IS_OP = np.array([True, False, True, False, False, True, False, False, False])
_RADIX = np.where(_IS_OP, len(OFFICIAL), 2)
_STEP_NODES = (0, 2, 4, 6)  # in the exact form: input, two sums, output
_OP_NODES = (1, 3, 5)


class ASR(Space):
    """The 6^3 * 2^6 cells of NAS-Bench-ASR.

    Args:
        form: the graph that a predictor sees: `"exact"` or `"published"` (see the module's text).

    Example:
        >>> ASR().parse("[[0, 1], [1, 0, 0], [5, 1, 0, 0]]").ops
        ('input', 'linear', 'skip', 'conv5', 'skip', 'none', 'output')
    """

    name: ClassVar[str] = "nasbench-asr"
    size = int(np.prod(_RADIX))

    def __init__(self, form: str = "exact") -> None:
        if form not in ("exact", "published"):
            raise ConfigError(
                f"form={form!r}; legal: 'exact' (steps as nodes), 'published' (five nodes)"
            )
        self.form = form
        self.ops = ("input", *_OPERATIONS, *([SKIP_OP] if form == "exact" else []), "output")

    def from_choices(self, choice: Sequence[int]) -> Architecture:
        """The element of nine numbers in the notation's order: operation, bit, operation, ..."""
        ops, edges = ["input"], []
        position = 0
        for i, length in enumerate(_LENGTHS):
            op, *bits = choice[position : position + length]
            position += length
            # the last sum is the cell's output, so the output node takes the place of a skip
            ops += [_OPERATIONS[op], SKIP_OP if i < N_STEPS - 1 else "output"]
            step = _STEP_NODES[i + 1]
            # the operation stands between its step and the one before; a bit adds a way around it
            edges += [(step - 2, step - 1), (step - 1, step)]
            edges += [(_STEP_NODES[j], step) for j, bit in enumerate(bits) if bit]
        return Architecture(tuple(ops), tuple(edges))

    def to_choices(self, architecture: Architecture) -> list[int]:
        """The nine numbers of an element.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        if architecture.n_nodes == 7 and all(architecture.ops[v] in _OPERATIONS for v in _OP_NODES):
            edges = set(architecture.edges)
            choice: list[int] = []
            for i, node in enumerate(_OP_NODES):
                choice.append(_OPERATIONS.index(architecture.ops[node]))
                choice += [int((_STEP_NODES[j], node + 1) in edges) for j in range(i + 1)]
            # edges that no number stands for would be lost in silence: compare the whole graph
            if self.from_choices(choice) == architecture:
                return choice
        raise GraphError(
            f"{architecture} is no element of {self.name}: it needs an input, three operations of"
            f" {', '.join(_OPERATIONS)}, a skip node after each of the first two, an output, and"
            " edges along this chain and between the steps"
        )

    def parse(self, text: str) -> Architecture:
        """The cell of `[[0, 1], [5, 1, 0], [3, 1, 1, 1]]`, operations by index or official name."""
        try:
            lists = strict_json(text)
        except ValueError as error:
            raise GraphError(
                f"{text[:60]!r} is no JSON ({error}); legal: [[0, 1], [5, 1, 0], [3, 1, 1, 1]]"
            ) from None
        if _lengths(lists) != list(_LENGTHS):
            raise GraphError(
                f"{text[:60]!r} is no cell of {self.name}; it needs lists of 2, 3 and 4: an"
                " operation, then a bit for each earlier step"
            )
        values = [value for part in lists for value in part]
        return self.from_choices(
            [_index(value, is_op, text) for value, is_op in zip(values, _IS_OP, strict=True)]
        )

    def format(self, architecture: Architecture) -> str:
        """The official lists, `[[0, 1], [5, 1, 0], [3, 1, 1, 1]]`."""
        choice = self.to_choices(architecture)
        return json.dumps([choice[0:2], choice[2:5], choice[5:9]])

    def sample(self, rng: np.random.Generator) -> Architecture:
        """An element drawn uniformly."""
        return self.from_choices(rng.integers(_RADIX).tolist())

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every element with another operation (15) or with one bit flipped (6)."""
        choice = self.to_choices(architecture)
        for i, radix in enumerate(_RADIX.tolist()):
            for new in range(radix):
                if new != choice[i]:
                    yield self.from_choices([*choice[:i], new, *choice[i + 1 :]])

    def enumerate(self) -> ArchTable:
        """All elements, the last bit changing fastest."""
        return self.table_from_choices(
            np.indices(tuple(_RADIX.tolist())).reshape(len(_RADIX), -1).T
        )

    def table_from_choices(self, choices: npt.NDArray[np.int64]) -> ArchTable:
        """The table of (N, 9) numbers, each row as `to_choices` gives them."""
        return self.table([self.from_choices(row) for row in choices.tolist()])

    def graph(self, architecture: Architecture) -> Architecture:
        """The element in the chosen form."""
        if self.form == "exact":
            return architecture
        choice = self.to_choices(architecture)
        ops = ["input", *(_OPERATIONS[op] for op in (choice[0], choice[2], choice[5])), "output"]
        # a step has no node here: operation i stands for step i too, and step 0 is the input
        edges = {(v, v + 1) for v in range(N_STEPS + 1)}
        for i, bits in enumerate((choice[1:2], choice[3:5], choice[6:9])):
            edges |= {(j, i + 2) for j, bit in enumerate(bits) if bit}
        return Architecture(tuple(ops), tuple(edges))


def _lengths(lists: Any) -> list[int]:
    """The length of each of some lists; 0 for what is no list."""
    if not isinstance(lists, list):
        return []
    return [len(part) if isinstance(part, list) else 0 for part in lists]


def _index(value: Any, is_op: bool, text: str) -> int:
    """The number that a value of `text` stands for, or a `GraphError`."""
    if is_op and isinstance(value, str) and value in OFFICIAL:
        return list(OFFICIAL).index(value)
    n_legal = len(OFFICIAL) if is_op else 2
    # not isinstance: JSON's `true` is an integer to Python
    if type(value) is int and 0 <= value < n_legal:
        return value
    legal = f"an operation: {', '.join(OFFICIAL)} or 0..{n_legal - 1}" if is_op else "a bit: 0 or 1"
    raise GraphError(f"{str(value)[:40]!r} in {text[:60]!r} is not {legal}")
