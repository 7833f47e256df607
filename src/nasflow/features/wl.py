"""wl: neighbourhoods of the nodes, as counts (Shervashidze et al., JMLR 2011, section 3).

    colour_0(v) = op_v
    colour_i(v) = hash(colour_{i-1}(v), {colours of predecessors}, {colours of successors})
    column      = how many nodes of the graph have a colour that hashes to it, round after round

Both edge directions count apart, so that what feeds a node is not what it feeds. Colours are hashed
to `WIDTH` columns a round: graphs that are the same up to the order of nodes have the same counts,
others rarely.
"""

from __future__ import annotations

import numpy as np

from nasflow.features.base import FeatureGroup, FloatArray, Seen
from nasflow.graphs.canonical import mix_words
from nasflow.graphs.canonical import op_hashes as hashes_of_ops

WIDTH = 64
ROUNDS = 2
_INTO, _OUT_OF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)


class Neighbourhoods(FeatureGroup):
    """Counts of what surrounds a node, near and a little farther."""

    @property
    def names(self) -> list[str]:
        """`wl.1.37`: round, then column."""
        names = []
        for turn in range(1, ROUNDS + 1):
            names += [f"wl.{turn}.{column}" for column in range(WIDTH)]
        return names

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, ROUNDS * WIDTH): counts of colours; those of the operations alone are in `counts`."""
        table = rows.pruned
        source, target = table.global_edges()
        colour = hashes_of_ops(table.vocabulary)[table.ops]  # (n_nodes,) uint64
        parts = []
        for _ in range(ROUNDS):
            # sums of hashed colours do not depend on the order of the neighbours
            into = np.zeros_like(colour)
            np.add.at(into, target, mix_words(colour ^ _INTO)[source])
            out_of = np.zeros_like(colour)
            np.add.at(out_of, source, mix_words(colour ^ _OUT_OF)[target])
            colour = mix_words(colour + mix_words(into ^ _INTO) + mix_words(out_of ^ _OUT_OF))
            column = (colour % np.uint64(WIDTH)).astype(np.int64)
            cell = table.node_graph * WIDTH + column
            counts = np.bincount(cell, minlength=len(table) * WIDTH)
            parts.append(counts.reshape(len(table), WIDTH))
        return np.hstack(parts).astype(np.float64)
