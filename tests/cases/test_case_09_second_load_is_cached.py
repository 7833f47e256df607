from __future__ import annotations

import time

import pytest

from nasflow.datasets import Dataset, load_dataset, nb201


def parsed_again(_: object) -> Dataset:
    raise AssertionError("the tables were parsed again")


@pytest.mark.slow
@pytest.mark.usefixtures("nasflow_data")
def test_the_second_load_parses_nothing_and_takes_under_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every run parsed its tables anew."""
    first = load_dataset("nb201")
    monkeypatch.setattr(nb201, "_read", parsed_again)
    # the clock on the wall would also count what else the machine does
    started = time.process_time()
    again = load_dataset("nb201")
    assert time.process_time() - started < 1.0
    assert again.content_hash() == first.content_hash()
