"""Which architectures are trained on, validated on and tested on (section 6 of the method).

    rows (file order, or permuted by a seed)
    [ training half              | validation | test                 ]
      first `ratio` of it labelled   first n of the other half

The validation rows choose the epoch: they are labels too, which the ratio does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def half_split(n: int, seed: int, ratio: float, n_validation: int, *, file_order: bool) -> Split:
    """The split of `n` rows for one seed.

    Args:
        n: number of rows.
        seed: of the permutation, NumPy's legacy `RandomState(seed).permutation(n)`.
        ratio: share of the training half (the larger half, where n is odd) that is labelled: int(ratio * half).
        n_validation: rows taken from the start of the test half.
        file_order: whether seed 21 means the rows as they are, as published for NAS-Bench-101, 201 and 301.
            A table sorted by operation must be permuted for this seed too.

    Raises:
        ConfigError: fewer than 2 rows would be labelled or tested.
    """
    in_file_order = file_order and seed == FILE_ORDER_SEED
    order = np.arange(n) if in_file_order else np.random.RandomState(seed).permutation(n)
    half = (n + 1) // 2
    n_train = int(ratio * half)
    if n_train < 2 or n - half - n_validation < 2:
        raise ConfigError(f"{n} rows with ratio {ratio:g} and {n_validation} validation rows leave {n_train} to "
                          f"train on and {n - half - n_validation} to test on; both need at least 2")
    return Split(order[:n_train], order[half : half + n_validation], order[half + n_validation :], order[:half])
