from __future__ import annotations

import numpy as np
import pytest
import torch

from nasflow import EncoderConfig, FitConfig, Predictor
from nasflow.errors import ConfigError
from nasflow.prediction.adamw import AdamW
from nasflow.running.threads import NUMBERS_PER_THREAD, threads_for
from small import labels, table


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASFLOW_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("n_numbers", "expected"),
    [(0, 1), (100, 1), (2 * NUMBERS_PER_THREAD, 2), (100 * NUMBERS_PER_THREAD, 4)],
)
def test_threads_are_as_many_as_the_work_is_worth(n_numbers: int, expected: int) -> None:
    with threads_for(n_numbers):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 4
    with pytest.raises(ZeroDivisionError), threads_for(n_numbers):
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == 4


def test_the_user_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    with threads_for(100 * NUMBERS_PER_THREAD):
        assert torch.get_num_threads() == 1
    monkeypatch.setenv("NASFLOW_THREADS", "3")
    with threads_for(0):
        assert torch.get_num_threads() == 3
    for wrong in ("0", "-1", "many", "1e3", "99999999999"):
        monkeypatch.setenv("NASFLOW_THREADS", wrong)
        with pytest.raises(ConfigError, match=f"NASFLOW_THREADS={wrong} is no number of threads"):
            threads_for(0).__enter__()


def test_a_few_labels_are_learnt_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a load of 4 on the machine 40 rows took 125 s on all threads and 27 s on one."""
    seen = []
    step = AdamW.step
    monkeypatch.setattr(
        AdamW, "step", lambda *a, **k: seen.append(torch.get_num_threads()) or step(*a)
    )
    few = table(40)
    fitted = Predictor(encoder=EncoderConfig(width=8), fit=FitConfig(epochs=1))
    fitted.fit(few, labels(few))
    assert set(seen) == {1}
    assert np.isfinite(fitted.predict(few)).all()
