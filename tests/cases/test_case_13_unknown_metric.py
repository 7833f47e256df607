from __future__ import annotations

import pytest

from nasflow.datasets import load_dataset
from nasflow.errors import UnknownNameError


def test_an_unknown_metric_lists_the_legal_ones() -> None:
    """cifar10 against cifar10-valid: a bare KeyError."""
    with pytest.raises(
        UnknownNameError, match="'accuracy'; legal: test_perf, valid_perf, latency, params"
    ):
        load_dataset("nbgraph-proteins").labels("accuracy")
