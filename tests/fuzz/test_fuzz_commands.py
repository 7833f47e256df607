from __future__ import annotations

import pytest

from fuzz.fuzz_commands import fuzz, prepared


@pytest.mark.slow
def test_two_hundred_random_commands_end_in_0_or_in_one_line() -> None:
    """The short form of `python tests/fuzz/fuzz_commands.py`."""
    with prepared() as files:
        outcomes, failed = fuzz(200, seed=100, files=files)
    reports = [f"nasflow {one.words}\n{one.failure.report}" for one in failed[:3]]
    assert not failed, "\n\n".join(reports)
    assert sum(outcomes.values()) == 200
    # both outcomes occur: the commands are neither all right nor all wrong
    n_right = sum(n for (_, outcome), n in outcomes.items() if outcome == "exit 0")
    assert 40 < n_right < 160
