from __future__ import annotations

from nasflow.running.memory import peak_memory


def test_peak_memory_is_stated() -> None:
    peak = peak_memory()
    assert peak is not None
    assert 10e6 < peak < 1e12
