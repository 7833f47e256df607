"""`Posterior`: what a Gaussian process expects at a fixed pool of rows, updated as results come one
by one.

With K = L L' the kernel of the rows with results (noise included) and C that between them and the
pool, the mean is V' L^-1 y and the variance the prior's less the squared lengths of V's columns, V
= L^-1 C (Rasmussen & Williams 2006, algorithm 2.1). Another row is one more row of L and of V: the
pool's size times the number of results, where starting anew takes that times the number of
features. So a space of 26,000 elements is looked at in 20 ms instead of 400.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from nasflow.prediction.gp import GaussianProcess
from nasflow.search.known import FloatArray


class Posterior:
    """Mean and standard deviation at a pool.

    Args:
        process: a process that was fitted: its scales are kept.
        rows: (n, d) features of what has results.
        pool: (N, d) features of what may be chosen.
    """

    def __init__(self, process: GaussianProcess, rows: FloatArray, pool: FloatArray) -> None:
        self.process, self.rows = process, rows
        self._blocks, self._pool = process.blocks(rows), process.blocks(pool)
        kernel = process.covariance(self._blocks, self._blocks)
        kernel[np.diag_indices(len(rows))] += process.noise
        # row after row in memory, always: a library adds up in another order where the layout is
        # another
        self._factor: FloatArray = np.ascontiguousarray(scipy.linalg.cholesky(kernel, lower=True))
        cross = process.covariance(self._blocks, self._pool)
        self._half: FloatArray = np.ascontiguousarray(
            scipy.linalg.solve_triangular(self._factor, cross, lower=True, check_finite=False)
        )
        # after the first rows, and after each that was added
        self._variances = [
            process.variance(self._pool) - np.einsum("ij,ij->j", self._half, self._half)
        ]

    def add(self, row: FloatArray) -> None:
        """One more row (d,) with a result."""
        new = self.process.blocks(row[None])
        seen = self.process.covariance(self._blocks, new)[:, 0]
        left = scipy.linalg.solve_triangular(self._factor, seen, lower=True, check_finite=False)
        corner = np.sqrt(self.process.variance(new)[0] + self.process.noise - left @ left)
        half = (self.process.covariance(new, self._pool)[0] - left @ self._half) / corner
        self._factor = np.block(
            [[self._factor, np.zeros((len(left), 1))], [left, np.array([corner])]]
        )
        self._half = np.vstack([self._half, half])
        self._variances.append(self._variances[-1] - half**2)
        self.rows = np.vstack([self.rows, row])
        self._blocks = [
            (np.vstack([a, b]), np.concatenate([s, t]))
            for (a, s), (b, t) in zip(self._blocks, new, strict=True)
        ]

    def drop(self, n: int) -> None:
        """Forget the last `n` rows that were added; everything is then as before, to the bit."""
        if not n:
            return
        del self._variances[-n:]
        keep = len(self.rows) - n
        self.rows, self._factor, self._half = (
            a.copy() for a in (self.rows[:keep], self._factor[:keep, :keep], self._half[:keep])
        )
        self._blocks = [
            (block[:keep].copy(), squares[:keep].copy()) for block, squares in self._blocks
        ]

    def at_pool(self, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (N,) and standard deviation (N,) of the noise-free label.

        Args:
            labels: the results of the first rows; those of the others count as what the process
                expects of them, which leaves the mean as it is.
        """
        n = len(labels)
        weights = scipy.linalg.solve_triangular(
            self._factor[:n, :n], self.process.standardised(labels), lower=True, check_finite=False
        )
        mean = weights @ self._half[:n]
        deviation = np.sqrt(np.maximum(self._variances[-1], 0.0))
        return (
            self.process.label_mean + self.process.label_scale * mean,
            self.process.label_scale * deviation,
        )
