from __future__ import annotations

import numpy as np

from nasflow.graphs.architecture import Architecture

EDGES = ("01", "03", "05", "06", "14", "15", "16", "23", "25", "26", "35", "36", "56")
OPS = ("input", "maxpool3x3", "conv1x1", "conv3x3", "conv3x3", "conv3x3", "output")


def test_one_cell_in_four_types_has_one_id_and_prunes_alike() -> None:
    """Valid, then a KeyError: the hash depended on the matrix's type."""
    matrix = np.zeros((7, 7))
    for i, j in EDGES:
        matrix[int(i), int(j)] = 1
    typed = [matrix, matrix.astype(int), matrix.astype(bool), matrix.astype(int).tolist()]
    cells = [Architecture.from_adjacency(m, OPS) for m in typed]
    assert len({cell.canonical_id for cell in cells}) == 1
    # node 2 is not fed and node 4 feeds nothing
    live = [0, 1, 3, 5, 6]
    kept = Architecture.from_adjacency(matrix[np.ix_(live, live)], [OPS[i] for i in live])
    assert all(cell.pruned() == kept for cell in cells)
