"""Operations of nodes that a file gives as numbers: one-hot rows, or indices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError


def operation_names(features: npt.ArrayLike, names: Sequence[str] | None = None) -> list[str]:
    """The operation of each node.

    Args:
        features: (n_nodes, n_ops) one-hot, or (n_nodes,) or (n_nodes, 1) indices.
        names: what column or index i is called; `op0`, `op1`, ... if None.

    Raises:
        GraphError: a row that is not one-hot, an index that is no whole number, or more operations
            than names.
    """
    values = np.asarray(features)
    if values.dtype.kind not in "biuf" or values.ndim not in (1, 2) or not values.size:
        raise GraphError(
            f"node features of shape {values.shape} and type {values.dtype}; legal: a one-hot row"
            " or an index for each node"
        )
    if values.ndim == 2 and values.shape[1] > 1:
        index = values.argmax(axis=1)  # (n_nodes,)
        one_hot = np.arange(values.shape[1]) == index[:, None]  # (n_nodes, n_ops)
        bad = np.flatnonzero((values != one_hot).any(axis=1))
        if len(bad):
            raise GraphError(
                f"the features of node {int(bad[0])} are {values[bad[0]][:12].tolist()}; they must"
                " be one-hot: a single 1 at the operation's column, else 0"
            )
        largest = values.shape[1] - 1
    else:
        flat = values.reshape(-1)  # (n_nodes,)
        # worded so that NaN, of which no comparison is true, is bad too
        bad = np.flatnonzero(~((flat >= 0) & (flat < 1000) & (flat % 1 == 0)))
        if len(bad):
            raise GraphError(
                f"the operation of node {int(bad[0])} is {flat[bad[0]].item()!r}; "
                "it needs a whole number from 0"
            )
        index = flat.astype(np.int64)
        largest = int(index.max())
    if names is not None and largest >= len(names):
        raise GraphError(
            f"{largest + 1} operations, but {len(names)} names for them: {', '.join(names)}"
        )
    return [f"op{i}" if names is None else names[i] for i in index.tolist()]
