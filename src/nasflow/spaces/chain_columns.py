"""`ChainColumns`: many chains of layers as one table, column after column.

The layers of all elements at one position are a column; where an element has none, it is absent
there. So 100,000 networks are built in some thirty steps of array arithmetic and no object each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.graphs.attributes import Float32
from nasflow.graphs.flat_arrays import smallest_dtype
from nasflow.graphs.table import ArchTable
from nasflow.spaces.layer_costs import Cost

Numbers = npt.NDArray[Any]

FEW = 1000  # chains whose numbers are put together at once


class ChainColumns:
    """Chains over one vocabulary that grow by one column at a time.

    Args:
        vocabulary: names of operations.
        attr_names: names of the numbers that nodes carry, sorted.
        n_graphs: number of chains.
    """

    def __init__(self, vocabulary: Sequence[str], attr_names: Sequence[str], n_graphs: int) -> None:
        self.vocabulary, self.attr_names, self.n_graphs = vocabulary, tuple(attr_names), n_graphs
        self._ops: list[Numbers] = []
        self._attrs: list[Float32] = []
        self.totals = {"params": np.zeros(n_graphs), "flops": np.zeros(n_graphs)}
        """Sums over the columns so far, (n_graphs,) each: exact, where float32 would round."""

    def add(
        self,
        op: npt.ArrayLike,
        width: npt.ArrayLike,
        positions: npt.ArrayLike = 1,
        *,
        cost: Cost | None = None,
        present: npt.ArrayLike = True,
        **numbers: npt.ArrayLike,
    ) -> None:
        """One column: a layer of every chain that has one there.

        Every argument is one for all chains, or an array (n_graphs,) of one for each.

        Args:
            op: index into the vocabulary.
            width: channels or features of the result.
            positions: pixels of the images, or tokens of the sequences, that it is.
            cost: parameters and multiply-adds; None where there is nothing to compute.
            present: whether the chain has the layer.
            numbers: others, by name.
        """
        numbers |= {"width": width, "outputs": np.asarray(width) * positions}
        if cost is not None:
            numbers |= {"params": cost.params, "flops": cost.flops}
        ops = np.full(self.n_graphs, op, np.int16)
        column = np.full((self.n_graphs, len(self.attr_names)), np.nan, np.float32)
        for name, values in numbers.items():
            column[:, self.attr_names.index(name)] = values
        # most layers are in every chain, and one chain is built far more often than many are
        if present is not True:
            there = np.asarray(present, bool)
            ops[~there], column[~there] = -1, np.nan
        if cost is not None:
            self.totals["params"] += cost.params * np.asarray(present)
            self.totals["flops"] += cost.flops * np.asarray(present)
        self._ops.append(ops)
        self._attrs.append(column)

    def table(self, globals: Mapping[str, npt.ArrayLike]) -> ArchTable:
        """The chains with the totals and other numbers of the whole graph."""
        ops = np.stack(self._ops, 1)  # (n_graphs, n_columns)
        there = ops >= 0
        sizes = there.sum(1)
        node_ptr = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        position = (np.cumsum(there, 1) - 1)[there]  # (n_nodes,)
        ends = np.repeat(sizes - 1, sizes)  # (n_nodes,)
        sources = position[position < ends]
        # every chain has an edge less than it has nodes
        edge_ptr = node_ptr - np.arange(self.n_graphs + 1)
        attrs = self._attrs_of(there)
        totals: dict[str, npt.ArrayLike] = {**globals, **self.totals}
        rows = [np.broadcast_to(np.asarray(totals[name]), self.n_graphs) for name in sorted(totals)]
        dtype = smallest_dtype(int(sizes.max(initial=1)))
        # built right: of 100,000 chains the checks of `from_arrays` would take half the time
        return ArchTable(
            tuple(self.vocabulary),
            ops[there].astype(np.uint8),
            node_ptr,
            np.stack([sources, sources + 1]).astype(dtype),
            edge_ptr,
            position.astype(dtype),
            attr_names=self.attr_names,
            attrs=attrs,
            global_names=tuple(sorted(totals)),
            globals=np.stack(rows, 1).astype(np.float32),
        )

    def _attrs_of(self, there: npt.NDArray[np.bool_]) -> Float32:
        """(n_nodes, n_attrs): the numbers of the layers that are there."""
        if self.n_graphs < FEW:
            return np.stack(self._attrs, 1)[there]
        attrs = np.empty((int(there.sum()), len(self.attr_names)), np.float32)
        for j in range(len(self.attr_names)):
            # name by name, since all at once would take the memory twice
            attrs[:, j] = np.stack([column[:, j] for column in self._attrs], 1)[there]
        return attrs
