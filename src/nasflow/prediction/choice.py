"""`choose`: the architectures whose labels would teach the most about the others.

A Gaussian process on features of graphs (`nasflow.features`) says before any training how sure it
would be of every row once some are labelled. Rows are taken one by one, each the one that lowers
the mean variance of the others most (Cohn, Ghahramani & Jordan, "Active Learning with Statistical
Models", JAIR 4, 1996; for sensors Krause, Singh & Guestrin, JMLR 9, 2008). No label is needed, and
which rows come first does not depend on how many are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError, DataError
from nasflow.features.base import FeatureGroup
from nasflow.features.make import Columns, Features, setting_of
from nasflow.features.registry import NUMBER_GROUPS
from nasflow.graphs.table import ArchTable
from nasflow.statistics.ranks import FloatArray, ranks_among

GROUPS = ("paths", "one-hot", "flow", "counts")
MAX_CANDIDATES = 5_000  # rows that may be chosen, of a larger table a sample
MAX_REFERENCE = 2_000  # rows whose variance counts
NOISE = 0.1  # variance of a label around the process, whose own variance is 1

Aim = Literal["ranking", "top"]

BoolArray = npt.NDArray[np.bool_]
Float32Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def choose(
    table: ArchTable,
    n: int,
    labelled: npt.ArrayLike | None = None,
    *,
    proxies: Columns | None = None,
    groups: Sequence[str | type[FeatureGroup]] = GROUPS,
    aim: Aim = "ranking",
    seed: int = 0,
) -> Rows:
    """(n,) int64: rows to label, in the order of what they teach.

    Args:
        table: all architectures that predictions are wanted for.
        n: how many rows, at most those that are not labelled.
        labelled: numbers of rows whose labels are known already.
        proxies: (N,) zero-cost columns by name, which then count as a group of features.
        groups: names of groups of features, or classes.
        aim: ranking, for a good order of the whole table, or top, for its best rows: then every
            second row is taken from the half with the better mean rank by the proxies, of which
            more must mean better.
        seed: of the samples that stand for a table of more than 5,000 rows.

    Raises:
        ConfigError: n is no whole number of 1 to the rows that are left, the seed is not legal, a
            column has another length, or top is asked for without proxies that tell rows apart,
            which alone say where it may be.
        DataError: labelled rows that the table does not have.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> rows = choose(NB201().enumerate()[::20], 10)
        >>> len(set(rows.tolist()))
        10
    """
    known = _rows("labelled", labelled, len(table))
    left = np.setdiff1d(np.arange(len(table)), known)
    if not len(left):
        raise ConfigError("there is no row without a label, so nothing to choose from")
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= len(left):
        raise ConfigError(
            f"n is {n!r}; legal: a whole number of 1 to {len(left)}, the rows without a label"
        )
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed is {seed}; legal: a whole number from 0 to 4294967295")
    if aim not in get_args(Aim):
        raise ConfigError(f"aim {aim!r}; legal: {', '.join(get_args(Aim))}")
    if aim == "top" and not proxies:
        raise ConfigError(
            "before any label only zero-cost columns say where the best may be: give proxies, or"
            " choose for the ranking"
        )
    proxies = _columns(proxies or {}, len(table))
    random = np.random.RandomState(seed)
    candidates = _sample(left, max(MAX_CANDIDATES, int(n)), random)
    reference = _sample(np.arange(len(table)), MAX_REFERENCE, random)
    seen = np.unique(np.concatenate([known, candidates, reference]))
    blocks = _blocks(table, seen, groups, proxies)
    # positions among the rows that are looked at
    at_known, at_candidates, at_reference = (
        np.searchsorted(seen, rows) for rows in (known, candidates, reference)
    )
    # what is labelled is conditioned on, in its order, before anything is chosen
    pool = np.concatenate([at_known, at_candidates])
    promising = None
    if aim == "top":
        promising = _better_half(proxies, left, seen)[pool]
    return seen[_greedy(blocks, pool, at_reference, len(known), n, promising)]


def _columns(proxies: Columns, n_rows: int) -> dict[str, FloatArray]:
    """The columns as (N,) float64.

    Raises:
        ConfigError: one holds something else than numbers, or has another length.
    """
    columns = {}
    for name, column in proxies.items():
        try:
            values = np.asarray(column, np.float64)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"proxy {name!r} is no column of numbers ({error})") from None
        if values.shape != (n_rows,):
            raise ConfigError(
                f"proxy {name!r} has shape {values.shape}; {n_rows} architectures need ({n_rows},)"
            )
        columns[name] = values
    return columns


def _better_half(proxies: Mapping[str, FloatArray], left: Rows, rows: Rows) -> BoolArray:
    """(n_rows,): whether a row has at least the median of mean ranks of those that are left."""
    mean_rank = np.zeros(0)
    for values in proxies.values():
        finite = np.sort(values[np.isfinite(values)])
        # what has no value is in the middle: it speaks neither for nor against
        ranks = ranks_among(values, finite) if len(finite) else np.full(len(values), 0.5)
        mean_rank = ranks if not len(mean_rank) else mean_rank + ranks
    if np.ptp(mean_rank) == 0:
        raise ConfigError(
            f"the proxies {', '.join(proxies)} tell no rows apart, and so not where the best may"
            " be: give others, or choose for the ranking"
        )
    promising: BoolArray = mean_rank[rows] >= np.median(mean_rank[left])
    return promising


def _greedy(
    blocks: list[Float32Array],
    pool: Rows,
    reference: Rows,
    n_known: int,
    n: int,
    promising: BoolArray | None = None,
) -> Rows:
    """(n,): the chosen of `pool`, whose first `n_known` have their labels already.

    Every second one is taken from the rows that are `promising` (n_pool,), while there are some.
    The posterior covariances of the pool with the reference are kept, and of each chosen row with
    the pool: a choice is an update of rank 1, (rows) x (reference), and nothing is inverted.
    """
    covariance = _kernel(blocks, pool, reference)  # (n_pool, n_reference), of the posterior
    variance = np.ones(len(pool), np.float32)
    # (t, n_pool): how each row that was taken moves the pool
    factors: list[Float32Array] = []
    is_free = np.ones(len(pool), bool)
    is_free[:n_known] = False
    chosen: list[int] = []
    for step in range(n_known + n):
        if step < n_known:
            best = step
        else:
            gain = np.einsum("ij,ij->i", covariance, covariance) / (variance + NOISE)
            legal = is_free
            if promising is not None and len(chosen) % 2 == 0 and (is_free & promising).any():
                legal = is_free & promising
            best = int(np.where(legal, gain, -1.0).argmax())
            is_free[best] = False
            chosen.append(best)
        with_pool = _kernel(blocks, pool, pool[best : best + 1])[:, 0]
        for factor in factors:
            with_pool -= factor[best] * factor
        scale = np.sqrt(variance[best] + NOISE)
        factor = with_pool / scale
        covariance -= np.outer(factor, covariance[best] / scale)
        variance = np.maximum(variance - factor**2, 0.0)
        factors.append(factor)
    return pool[chosen]


def _blocks(
    table: ArchTable,
    rows: Rows,
    groups: Sequence[str | type[FeatureGroup]],
    proxies: Mapping[str, FloatArray],
) -> list[Float32Array]:
    """For each group its columns of these rows, scaled so that rows are 1 apart in the mean."""
    names = [*groups, *(["proxies"] if proxies and "proxies" not in groups else [])]
    # rows that differ in numbers alone are different rows
    if table.has_numbers:
        names += [name for name in NUMBER_GROUPS if name not in names]
    features = Features(setting_of(table, proxies), names)
    matrix = features(table[rows], {name: column[rows] for name, column in proxies.items()})
    blocks, start = [], 0
    for size in features.sizes.values():
        block = matrix[:, start : start + size]
        start += size
        block = block[:, np.ptp(block, axis=0) > 0]
        if not block.shape[1]:
            continue  # all rows look the same to this group
        # columns of one variance, together 1/2: the squared distance of two rows is 1 in the mean
        scaled = (block - block.mean(axis=0)) / (block.std(axis=0) * np.sqrt(2 * block.shape[1]))
        blocks.append(scaled.astype(np.float32))
    return blocks


def _kernel(blocks: list[Float32Array], a: Rows, b: Rows) -> Float32Array:
    """(n_a, n_b): the mean over groups of exp(-d^2 / 2), of the rows at these positions."""
    kernel = np.zeros((len(a), len(b)), np.float32)
    for block in blocks:
        left, right = block[a], block[b]
        distances = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
        kernel += np.exp(-0.5 * np.maximum(distances, 0.0))
    if not blocks:
        # rows that nothing tells apart: any is as good as another
        return np.ones_like(kernel)
    kernel /= len(blocks)
    return kernel


def _sample(rows: Rows, n: int, random: np.random.RandomState) -> Rows:
    """At most `n` of the rows, in their order."""
    if len(rows) <= n:
        return rows
    return np.sort(random.choice(rows, n, replace=False))


def _rows(name: str, rows: npt.ArrayLike | None, n_rows: int) -> Rows:
    """Row numbers, each once."""
    if rows is None:
        return np.zeros(0, np.int64)
    numbers = np.asarray(rows)
    if numbers.dtype == bool and numbers.shape == (n_rows,):
        return np.flatnonzero(numbers)
    if numbers.size and not np.issubdtype(numbers.dtype, np.integer):
        raise DataError(f"{name} are {numbers.dtype}; legal: row numbers, or a mask of all rows")
    unique = np.unique(numbers).astype(np.int64)
    if len(unique) and not 0 <= unique[0] <= unique[-1] < n_rows:
        raise DataError(f"{name} name row {unique[-1]}; the table has rows 0 to {n_rows - 1}")
    return unique
