"""Which architectures are trained on, validated on and tested on (section 6 of the method).

    rows (file order, or permuted by a seed)
    [ training half              | validation | test                 ]
      first `ratio` of it labelled   first n of the other half

The validation rows choose the epoch: they are labels too, which the ratio does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError

Rows = npt.NDArray[np.int64]

FILE_ORDER_SEED = 21
"""The published split of this seed takes the rows as the file has them."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a table by their role; no row has two roles."""

    train: Rows
    """The rows whose labels are trained on."""
    validation: Rows
    """The rows whose labels choose the epoch."""
    test: Rows
    """The rows that metrics are computed on."""
    training_half: Rows
    """The half that `train` was taken from."""


def half_split(
    n: int,
    seed: int,
    ratio: float,
    n_validation: int,
    *,
    file_order: bool,
    groups: npt.NDArray[Any] | None = None,
) -> Split:
    """The split of `n` rows for one seed.

    Args:
        n: number of rows.
        seed: of the permutation, NumPy's legacy `RandomState(seed).permutation(n)`.
        ratio: share of the training half (the larger half, where n is odd) that is labelled:
            int(ratio * half).
        n_validation: rows taken from the start of the test half.
        file_order: whether seed 21 means the rows as they are, as published for NAS-Bench-101, 201
            and 301. A table sorted by operation must be permuted for this seed too.
        groups: (n,) such as canonical ids: rows with one value stay on one side of each cut, which
            moves on to the end of a group. Then no test row has a twin among the labelled ones.

    Raises:
        ConfigError: fewer than 2 rows would be labelled or tested.
    """
    in_file_order = file_order and seed == FILE_ORDER_SEED
    order = np.arange(n) if in_file_order else np.random.RandomState(seed).permutation(n)
    half = (n + 1) // 2
    n_train = int(ratio * half)
    test = half + n_validation
    if groups is not None:
        order, half, test = _keep_together(order, groups, half, test)
    if n_train < 2 or n - test < 2:
        raise ConfigError(
            f"{n} rows with ratio {ratio:g} and {n_validation} validation rows leave {n_train} to "
            f"train on and {n - test} to test on; both need at least 2"
        )
    return Split(order[:n_train], order[half:test], order[test:], order[:half])


def _keep_together(order: Rows, groups: npt.NDArray[Any], *cuts: int) -> tuple[Rows, int, int]:
    """`order` with each group's rows together, and the two cuts moved on to the end of a group."""
    _, group = np.unique(groups, return_inverse=True)
    ordered = group[order]
    # (n_groups,): where in the order each group begins; its other rows move up to there
    first = np.full(group.max(initial=0) + 1, len(order))
    np.minimum.at(first, ordered, np.arange(len(order)))
    by_group = np.argsort(first[ordered], kind="stable")
    ends = np.flatnonzero(np.diff(ordered[by_group], append=-1)) + 1  # (n_groups,)

    def end_of_group(cut: int) -> int:
        # a cut before the first or behind the last row parts no group
        return int(ends[np.searchsorted(ends, cut)]) if 0 < cut <= len(order) else cut

    half, test = map(end_of_group, cuts)
    return order[by_group], half, test
