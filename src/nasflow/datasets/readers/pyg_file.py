"""FlowerFormer-style `.pt` files: a list of PyTorch Geometric `Data`, read without either library.

    [Data(x=(n, n_ops) one-hot, edge_index=(2, n_edges), y=accuracy, ...), ...]
    [(Data, Data), ...]    two cells an architecture (NAS-Bench-301): every sink of the first feeds
                           every source of the second, as in the merged graph
    (attributes, slices, class)    what an `InMemoryDataset` keeps as `processed/data.pt`: see
                                   `pyg_collated`

The file does not say which operation a column means: they are called `op0`, `op1`, ... unless a
text file of the same name with the suffix `.ops` lists their names, one a line. Every attribute
with a single number is a metric, `y` first. Source:
https://github.com/y0ngjaenius/CVPR2024_FLOWERFormer, read off how it uses its files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.pickle_machine import StandIn
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.pyg_collated import separated
from nasflow.datasets.torch_files import Tensor, load_torch
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.features import operation_names


def _object(*_arguments: Any) -> StandIn:
    return StandIn()


# PyG 2 keeps a graph's attributes in a storage, and describes them by two more classes
_CLASSES = {
    ("torch_geometric.data.data", "Data"): _object,
    ("torch_geometric.data.storage", "GlobalStorage"): _object,
    ("torch_geometric.data.data", "DataEdgeAttr"): _object,
    ("torch_geometric.data.data", "DataTensorAttr"): _object,
}
_LARGEST = 100_000  # nodes of one graph
_LABEL = "y"
_STRUCTURE = ("x", "edge_index")


class PygFile(Reader):
    """One row per graph or pair of graphs; a row's number is its position in the list, from 0."""

    format: ClassVar[str] = "pyg"
    version: ClassVar[int] = 2
    preferred = (_LABEL,)
    file_order_is_random = False

    def sources(self) -> list[Path]:
        """See `Reader.sources`: the file, and its `.ops` where there is one."""
        names = [self._names_file()] if self._names_file().is_file() else []
        return [*super().sources(), *names]

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        n_entries, entries = self._entries(load_torch(self.path, _CLASSES))
        names = self._names()
        self.vocabulary = names
        unread: set[str] = set()
        for number, entry in enumerate(entries):
            try:
                pair = entry if isinstance(entry, tuple) else (entry,)
                cells = list(map(_attributes, pair))
                graph = _joined([_graph(cell, names) for cell in cells])
                # of a pair, the first graph has the labels
                labels = _labels(cells[0])
                unread |= {str(name) for name in cells[0] if name not in (*labels, *_STRUCTURE)}
                yield Row(number, graph, labels)
            except (DataError, GraphError, IndexError) as error:
                yield Rejected(number, str(error))
            progress(number + 1, n_entries)
        if unread:
            self.notes.append(
                "attributes that are no single number were left unread: "
                f"{', '.join(sorted(unread))}"
            )

    def _entries(self, content: Any) -> tuple[int, Iterable[Any]]:
        """How many entries there are, each a graph or a pair of graphs, and the entries."""
        if isinstance(content, list):
            return len(content), content
        # of a pair of graphs, the second is no dictionary
        if isinstance(content, tuple) and len(content) >= 2:
            attributes, slices = content[:2]
            if slices is None or isinstance(slices, dict):
                return separated(self.path, _attributes(attributes), slices)
        raise DataError(
            f"{self.path} holds a {type(content).__name__}; it needs a list of graphs, or what an"
            " InMemoryDataset keeps: (attributes, slices, ...)"
        )

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        return Metric(name, f"attribute {name} of each graph in {self.path.name}", unit="")

    def _names_file(self) -> Path:
        return self.path.with_suffix(".ops")

    def _names(self) -> tuple[str, ...] | None:
        if not self._names_file().is_file():
            return None
        try:
            names = tuple(self._names_file().read_text(encoding="utf-8").split())
        except UnicodeDecodeError as error:
            raise DataError(f"{self._names_file()} is no UTF-8 text ({error})") from None
        if not names or len(set(names)) != len(names):
            raise DataError(
                f"{self._names_file()} must list each operation's name once, one a line; seen"
                f" {names}"
            )
        return names


def _attributes(graph: Any) -> dict[str, Any]:
    """The attributes of a `Data`: since PyG 2.0 in a storage, before that in the object itself."""
    inner = vars(graph).get("_store", graph) if isinstance(graph, StandIn) else graph
    # `_store` is what the file says, so it may be anything
    attributes = vars(inner).get("_mapping", vars(inner)) if isinstance(inner, StandIn) else inner
    if not isinstance(attributes, dict):
        raise DataError(
            f"an entry is {short_repr(graph)}; it needs a torch_geometric Data, or a pair of them"
        )
    return attributes


def _graph(attributes: dict[str, Any], names: tuple[str, ...] | None) -> Architecture:
    features, edges = attributes.get("x"), attributes.get("edge_index")
    if not isinstance(features, Tensor) or not isinstance(edges, Tensor):
        raise DataError(
            f"a graph without tensors x and edge_index; it has {short_repr(list(attributes))}"
        )
    pairs = edges.array()  # (2, n_edges)
    if pairs.ndim != 2 or pairs.shape[0] != 2 or pairs.dtype.kind not in "iu":
        raise GraphError(
            f"edge_index has shape {pairs.shape} and type {pairs.dtype}; legal: (2, n_edges)"
            " integers"
        )
    numbers = features.array()  # (n_nodes, n_ops) or (n_nodes,)
    # before the graph is checked, which takes long for millions of nodes
    if numbers.ndim and len(numbers) > _LARGEST:
        raise GraphError(f"a graph of {len(numbers)} nodes; legal: at most {_LARGEST}")
    return Architecture(tuple(operation_names(numbers, names)), tuple(map(tuple, pairs.T.tolist())))


def _joined(cells: list[Architecture]) -> Architecture:
    """One graph of a row of cells: each one's sinks feed the next one's sources."""
    if not 1 <= len(cells) <= 2:
        raise GraphError(f"an entry of {len(cells)} graphs; legal: one, or a pair")
    if len(cells) == 1:
        return cells[0]
    first, second = cells
    sinks = [node for node, after in enumerate(first.successors) if not after]
    sources = [node for node, before in enumerate(second.predecessors) if not before]
    shifted = [(s + first.n_nodes, t + first.n_nodes) for s, t in second.edges]
    between = [(sink, source + first.n_nodes) for sink in sinks for source in sources]
    return Architecture(first.ops + second.ops, (*first.edges, *shifted, *between))


def _labels(attributes: dict[str, Any]) -> dict[str, float]:
    """Every attribute that is a single number; the label `y` must be finite."""
    labels = {}
    for name, value in attributes.items():
        # what makes the graph is no label, even where it is a single number
        if not isinstance(name, str) or name in _STRUCTURE:
            continue
        number = _single_number(value)
        if number is None:
            continue
        # without its label a row is of no use; of any other attribute it lacks a value
        if not math.isfinite(number) and name == _LABEL:
            raise DataError(f"the label y is {number}; it needs a finite number")
        labels[name] = float(number) if math.isfinite(number) else math.nan
    return labels


def _single_number(value: Any) -> int | float | None:
    """The number of a number, or of a tensor that holds one; None for anything else."""
    if isinstance(value, Tensor):
        numbers = value.array()
        if numbers.size != 1 or numbers.ndim > 2 or numbers.dtype.kind not in "iuf":
            return None
        value = numbers.item()
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number else None
