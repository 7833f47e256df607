from __future__ import annotations

from typing import Any

import pytest
import torch

from nasflow.prediction import finetune
from nasflow.prediction.scorer import Scorer
from small import labels, predictor, table

CELLS = table()
LABELS = labels(CELLS)


def test_weights_that_get_worse_after_epoch_3_are_not_the_ones_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The "best" weights were a live reference: the last epoch was tested."""
    seen: list[dict[str, torch.Tensor]] = []
    taus = iter(
        [0.1, 0.2, 0.3, 0.9, 0.5, 0.9, 0.1]
    )  # initial weights, then six epochs; a tie with the best

    def fake_tau(*_: object) -> float:
        return next(taus)

    original = finetune.scores

    def scores(scorer: Scorer, *rows: Any) -> object:
        seen.append({name: tensor.clone() for name, tensor in scorer.state_dict().items()})
        return original(scorer, *rows)

    monkeypatch.setattr(finetune, "kendall_tau", fake_tau)
    monkeypatch.setattr(finetune, "scores", scores)
    model = predictor(epochs=6).fit(CELLS[:40], LABELS[:40], validation=(CELLS[40:], LABELS[40:]))
    assert model.fitted_ is not None
    assert model.fitted_.best_epoch == 3
    for name, tensor in model.fitted_.best.items():
        assert torch.equal(tensor, seen[3][name])
    assert any(not torch.equal(model.fitted_.last[name], seen[3][name]) for name in seen[3])
    assert torch.equal(model._require().state_dict()["head.0.weight"], seen[3]["head.0.weight"])


def test_the_initial_weights_are_kept_where_no_epoch_is_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taus = iter([0.9, 0.5, 0.4, 0.9])
    monkeypatch.setattr(finetune, "kendall_tau", lambda *_: next(taus))
    model = predictor(epochs=3).fit(CELLS[:40], LABELS[:40], validation=(CELLS[40:], LABELS[40:]))
    assert model.fitted_ is not None
    assert model.fitted_.best_epoch == 0
