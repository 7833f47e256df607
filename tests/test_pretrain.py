from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nasflow import pretrain as module
from nasflow.config import PretrainConfig
from nasflow.encoders import Encoder, make_encoder
from nasflow.errors import CheckpointError, ConfigError, DataError, UnknownNameError
from nasflow.pretrain import PretrainHistory, pretrain, schedule
from small import ENCODER, SURROGATE, table

CONFIG = PretrainConfig(pretext="flow+proxy", proxies=("p",), epochs=4, batch_size=16)
PROXY = {"p": np.where(np.arange(64) % 5 == 0, np.nan, np.arange(64.0))}


def encoder() -> Encoder:
    torch.manual_seed(0)
    return make_encoder(7, ENCODER)


def train(checkpoint: Path | None = None, config: PretrainConfig = CONFIG) -> tuple[Encoder, PretrainHistory]:
    model = encoder()
    return model, pretrain(model, table(), config, SURROGATE, PROXY, checkpoint=checkpoint)


def equal(a: Encoder, b: Encoder) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.mark.parametrize("last", [0, 1, 3])
def test_a_resumed_run_ends_with_the_weights_of_one_never_stopped(
        last: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, history = train()
    path, written = tmp_path / "c", []
    original = module.save_checkpoint

    def stop_after(*arguments: object, **options: object) -> None:
        original(*arguments, **options)  # type: ignore[arg-type]
        written.append(1)
        if len(written) == last + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "save_checkpoint", stop_after)
    with pytest.raises(KeyboardInterrupt):
        train(path)
    monkeypatch.setattr(module, "save_checkpoint", original)
    torch.rand(10)  # other draws in between do not matter
    resumed, again = train(path)
    assert equal(whole, resumed)
    assert again.loss == history.loss
    assert again.tasks == history.tasks


def test_a_finished_checkpoint_trains_no_further(tmp_path: Path) -> None:
    first, _ = train(tmp_path / "c")
    second, _ = train(tmp_path / "c")
    assert equal(first, second)


@pytest.mark.parametrize(("change", "part"), [
    ({"lr": 1e-4}, "pretrain"), ({"seed": 5}, "pretrain"), ({"epochs": 9}, "pretrain"),
])
def test_a_checkpoint_of_other_options_is_refused(tmp_path: Path, change: dict, part: str) -> None:
    train(tmp_path / "c")
    with pytest.raises(CheckpointError, match=f"another pre-training: its {part} is"):
        train(tmp_path / "c", PretrainConfig(**{**CONFIG.to_dict(), **change}))


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    train(tmp_path / "c")
    with pytest.raises(CheckpointError, match="its data is"):
        pretrain(encoder(), table(), CONFIG, SURROGATE, {"p": PROXY["p"] + 1}, checkpoint=tmp_path / "c")


@pytest.mark.parametrize("content", [b"", b"junk", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ", None])
def test_a_foreign_or_truncated_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        train(tmp_path / "c")
        content = (tmp_path / "c").read_bytes()[:-100]
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(CheckpointError):
        train(tmp_path / "c")


def test_the_loss_falls() -> None:
    _, history = train(config=PretrainConfig(epochs=60, batch_size=16, lr=1e-2))
    assert history.loss[-1] < 0.5 * history.loss[0]


def test_no_task_changes_no_weight() -> None:
    model, history = train(config=PretrainConfig(pretext="none"))
    assert equal(model, encoder())
    assert history.loss == []


def test_wrong_tasks_and_proxies_are_named() -> None:
    with pytest.raises(UnknownNameError, match="'flwo'.*did you mean 'flow'"):
        train(config=PretrainConfig(pretext="flwo"))
    for proxies, message in (({}, "needs that column; given: none"), ({"p": np.zeros(3)}, "3 values for 64 rows"),
                             ({"p": np.full(64, 2.0)}, "no two different finite values")):
        with pytest.raises(ConfigError, match=message):
            pretrain(encoder(), table(), CONFIG, SURROGATE, proxies)


def test_a_loss_that_explodes_is_an_error() -> None:
    with pytest.raises(DataError, match="use a lower lr"):
        train(config=PretrainConfig(epochs=9, batch_size=16, lr=1e20, schedule="constant"))


def test_one_cycle_rises_for_three_tenths_and_falls_to_almost_nothing() -> None:
    config = PretrainConfig(schedule="one-cycle")
    steps = [schedule(config, i / 100) for i in range(101)]
    assert steps[0] == pytest.approx(1 / 25)
    assert max(steps) == pytest.approx(steps[30]) == pytest.approx(1.0)
    assert steps[100] < 1e-4
    assert schedule(PretrainConfig(schedule="constant"), 0.9) == 1.0
