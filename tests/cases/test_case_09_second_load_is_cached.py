from __future__ import annotations

import time

import pytest

from nasflow.datasets import load_dataset


@pytest.mark.usefixtures("nasflow_data")
def test_the_second_load_takes_under_a_second() -> None:
    """Every run parsed its tables anew."""
    first = load_dataset("nb201")
    started = time.perf_counter()
    again = load_dataset("nb201")
    assert time.perf_counter() - started < 1.0
    assert again.content_hash() == first.content_hash()
