from __future__ import annotations

import numpy as np
import pytest

from nasflow.statistics.metrics import kendall_tau, precision_at


def test_tau_b_corrects_for_ties() -> None:
    """Ranks were wrong on ties."""
    assert kendall_tau(np.array([1, 1, 2, 3]), np.array([1, 2, 2, 3])) == pytest.approx(0.8)


def test_ties_at_the_cut_are_averaged_over_orders() -> None:
    truth = np.arange(100.0)
    assert precision_at(np.zeros(100), truth, 5) == pytest.approx(
        0.05
    )  # a constant prediction is a random one
