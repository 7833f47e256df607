"""The posterior that is updated row by row, against the process conditioned on all rows at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nasflow.prediction.gp import GaussianProcess
from nasflow.search.posterior import Posterior

RNG = np.random.default_rng(0)
X, POOL = RNG.normal(size=(20, 6)), RNG.normal(size=(50, 6))
Y = np.sin(X[:, 0]) + X[:, 4] * X[:, 5]


def fitted() -> GaussianProcess:
    return GaussianProcess([4, 2], 0.02).fit(X[:12], Y[:12])


def check(posterior: Posterior, n: int, believed: npt.NDArray[np.float64] | None = None) -> None:
    """As if the process were conditioned on n results, and on rows with the expected result."""
    oracle = fitted().condition(X[:n], Y[:n])
    if believed is not None:
        expected, _ = oracle.predict(believed)
        rows = np.vstack([X[:n], believed])
        oracle = oracle.condition(rows, np.concatenate([Y[:n], expected]))
    mean, deviation = posterior.at_pool(Y[:n])
    expected_mean, expected_deviation = oracle.predict(POOL)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(deviation, expected_deviation, rtol=1e-6, atol=1e-8)


def test_rows_that_come_one_by_one_count_as_if_all_had_been_there() -> None:
    posterior = Posterior(fitted(), X[:12], POOL)
    check(posterior, 12)
    for n in range(13, 21):
        posterior.add(X[n - 1])
        check(posterior, n)


def test_believed_rows_lower_the_deviation_alone_and_can_be_dropped() -> None:
    posterior = Posterior(fitted(), X[:12], POOL)
    posterior.add(X[12])
    before = posterior.at_pool(Y[:13])
    for row in POOL[:3]:
        posterior.add(row)
    check(posterior, 13, POOL[:3])
    after = posterior.at_pool(Y[:13])
    np.testing.assert_allclose(after[0], before[0])
    assert (after[1][:3] < 0.9 * before[1][:3]).all()
    posterior.drop(3)
    np.testing.assert_array_equal(posterior.at_pool(Y[:13]), before)
    posterior.drop(0)
    posterior.add(X[13])
    check(posterior, 14)
