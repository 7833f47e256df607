from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.fuzz_readers import TARGETS, fuzz, warm_up


@pytest.mark.slow
def test_two_thousand_mutated_inputs_end_in_a_table_or_a_typed_error(tmp_path: Path) -> None:
    """The short form of `python tests/fuzz/fuzz_readers.py`."""
    warm_up(tmp_path)
    outcomes, failures = fuzz(2000, seed=0, folder=tmp_path)
    assert not failures, "\n".join(failures[:3])
    assert sum(outcomes.values()) == 2000
    # both outcomes occur: the mutations neither leave everything as it is nor destroy everything
    assert {label for label, _ in outcomes} == set(TARGETS)
    valid = sum(n for (_, outcome), n in outcomes.items() if outcome == "valid")
    assert 200 < valid < 1800
