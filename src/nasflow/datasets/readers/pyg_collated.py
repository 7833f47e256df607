"""The graphs of PyG's `processed/data.pt`: one graph of all of them, and where each begins.

    (attributes, slices, class)        since PyG 2.4
    (Data, slices)                     before that
    attributes: {"x": (all nodes, n_ops), "edge_index": (2, all edges), "y": (N,), ...}
    slices: {"x": (N + 1,), "edge_index": (N + 1,), ...}, or None of a single graph

Node positions in `edge_index` count from 0 in each graph. Source: `collate` and `separate` of
https://github.com/pyg-team/pytorch_geometric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets.torch_files import Tensor
from nasflow.errors import DataError


class Part(Tensor):
    """Numbers that were cut out of a tensor."""

    def __init__(self, numbers: npt.NDArray[Any]) -> None:
        self.shape, self._numbers = numbers.shape, numbers

    def array(self) -> npt.NDArray[Any]:
        """The numbers."""
        return self._numbers


def separated(
    path: Path, attributes: Mapping[str, Any], slices: Any
) -> tuple[int, Iterator[dict[str, Any]]]:
    """The number of graphs, and the attributes of each.

    Raises:
        DataError: slices that do not cut the attributes into graphs.
    """
    if slices is None:
        return 1, iter([dict(attributes)])
    if not isinstance(slices, dict) or not isinstance(slices.get("x"), Tensor):
        raise DataError(
            f"{path} is no collated data set: its slices are {short_repr(slices)}; they need those"
            " of x and edge_index"
        )
    bounds = {name: _bounds(path, name, where) for name, where in slices.items()}
    n_graphs = len(bounds["x"]) - 1
    columns = {}
    for name, value in attributes.items():
        # what is not cut belongs to the data set as a whole
        if isinstance(name, str) and name in bounds:
            columns[name] = _Column(path, name, value, bounds[name], n_graphs)

    def graphs() -> Iterator[dict[str, Any]]:
        for i in range(n_graphs):
            yield {name: column.of_graph(i) for name, column in columns.items()}

    return n_graphs, graphs()


def _bounds(path: Path, name: Any, where: Any) -> npt.NDArray[np.int64]:
    """(N + 1,) where the graphs begin in an attribute, and where the last one ends."""
    numbers = where.array() if isinstance(where, Tensor) else np.empty(0)
    rises = numbers.ndim == 1 and numbers.dtype.kind in "iu" and len(numbers) > 0
    if not rises or numbers[0] != 0 or (np.diff(numbers.astype(np.int64)) < 0).any():
        raise DataError(
            f"{path} has slices {short_repr(numbers.tolist())} of {name}; they need whole numbers"
            " that rise from 0"
        )
    return numbers.astype(np.int64)


class _Column:
    """One attribute of all graphs."""

    def __init__(
        self, path: Path, name: str, value: Any, bounds: npt.NDArray[np.int64], n_graphs: int
    ) -> None:
        self._bounds = bounds
        self._value = value.array() if isinstance(value, Tensor) else value
        # as PyG joins them: positions side by side, everything else one below the other
        self._axis = -1 if "index" in name or name == "face" else 0
        if isinstance(self._value, np.ndarray):
            size = self._value.shape[self._axis] if self._value.ndim else 0
        else:
            size = len(value) if isinstance(value, list) else 0
        if len(bounds) != n_graphs + 1 or bounds[-1] > size:
            raise DataError(
                f"{path} has {size} values of {name} and slices of {len(bounds) - 1} graphs up to"
                f" {bounds[-1]}; x has {n_graphs} graphs"
            )

    def of_graph(self, i: int) -> Any:
        """The attribute of graph i."""
        start, end = self._bounds[i], self._bounds[i + 1]
        if not isinstance(self._value, np.ndarray):
            return self._value[start] if end > start else None
        if self._axis:
            return Part(self._value[..., start:end])
        return Part(self._value[start:end])
