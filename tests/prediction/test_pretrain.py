"""Pre-training: it learns, it resumes to the bit, it repeats to the bit, and it never sees a
label.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nasflow.prediction.pretrain
from nasflow.encoders.base import Encoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import CheckpointError, ConfigError, DataError
from nasflow.graphs.batch import GraphBatch
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.prediction.pretrain import pretrain, schedule
from nasflow.prediction.pretrain_history import PretrainHistory
from oracles import OPS, random_table

TABLE = random_table(60)
PROXIES = {"a": np.random.default_rng(0).normal(size=60), "b": np.arange(60.0)}
CONFIG = PretrainConfig(
    pretext="flow+proxy", proxies=("a",), epochs=4, batch_size=16, decoder_width=8
)
SURROGATE = SurrogateConfig(k=4, sigma=1.0)
Weights = dict[str, torch.Tensor]


class StoppedError(Exception):
    """Stands for a kill."""


def _encoder(width: int = 8) -> Encoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make_encoder(len(OPS), EncoderConfig(width=width))


def _run(config: PretrainConfig = CONFIG, **options: Any) -> tuple[Weights, PretrainHistory]:
    encoder = _encoder()
    history = pretrain(encoder, TABLE, config, SURROGATE, PROXIES, **options)
    return encoder.state_dict(), history


def _equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def n_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


# -- learning
# -------------------------------------------------------------------------------------------


def test_the_loss_falls_below_that_of_the_mean_and_the_weights_move() -> None:
    start = {name: tensor.clone() for name, tensor in _encoder().state_dict().items()}
    weights, history = _run(replace(CONFIG, epochs=40, lr=1e-2))
    assert history.tasks["flow"][-1] < 0.75  # 1 is what the mean of standardised components leaves
    assert len(history.loss) == len(history.seconds) == 40
    assert not any(torch.equal(weights[name], start[name]) for name in start)


@pytest.mark.parametrize("weights", [{}, {"flow": 1.0, "proxy": 3.0}])
def test_the_loss_is_the_weighted_sum_of_the_tasks(weights: dict[str, float]) -> None:
    _, history = _run(replace(CONFIG, weights=weights))
    a, b = (0.25, 0.75) if weights else (0.5, 0.5)
    assert history.loss == pytest.approx(
        [a * x + b * y for x, y in zip(history.tasks["flow"], history.tasks["proxy"], strict=True)]
    )


def test_weights_of_the_tasks_change_what_is_learnt() -> None:
    assert not _equal(_run()[0], _run(replace(CONFIG, weights={"flow": 0.1, "proxy": 0.9}))[0])


def test_without_a_task_nothing_happens(tmp_path: Path) -> None:
    encoder = _encoder()
    history = pretrain(encoder, TABLE, PretrainConfig(pretext="none"), checkpoint=tmp_path / "c")
    assert history.loss == []
    assert _equal(encoder.state_dict(), _encoder().state_dict())
    assert not list(tmp_path.iterdir())


def test_labels_cannot_reach_pre_training() -> None:
    """Its arguments are a table, which has no label, and columns; changing a column that no task
    names is no change.
    """
    assert list(inspect.signature(pretrain).parameters)[:5] == [
        "encoder",
        "table",
        "config",
        "surrogate",
        "proxies",
    ]
    plain = _encoder()
    pretrain(plain, TABLE, CONFIG, SURROGATE, {"a": PROXIES["a"]})
    with_label = _encoder()
    pretrain(with_label, TABLE, CONFIG, SURROGATE, {"a": PROXIES["a"], "accuracy": np.arange(60.0)})
    assert _equal(plain.state_dict(), with_label.state_dict())


def test_a_loss_that_is_not_finite_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(DataError, match=r"loss became (nan|inf) in epoch \d+; use a lower lr"):
        _run(replace(CONFIG, lr=1e30, schedule="constant"))


def test_what_diverged_leaves_no_checkpoint_in_the_way_of_a_lower_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tmp_path / "run.checkpoint"
    training = nasflow.prediction.pretrain._Training
    usual = training.epoch

    def diverging(self: Any, number: int) -> dict[str, float]:
        losses = usual(self, number)
        return dict.fromkeys(losses, float("nan")) if number == 2 else losses

    with monkeypatch.context() as patch:
        patch.setattr(training, "epoch", diverging)
        remedy = r"in epoch 3; use a lower lr \(\S+run\.checkpoint is removed"
        with pytest.raises(DataError, match=remedy):
            _run(checkpoint=checkpoint)
    assert not checkpoint.exists()
    lower = replace(CONFIG, lr=CONFIG.lr / 2)
    weights, history = _run(lower, checkpoint=checkpoint)
    assert len(history.loss) == CONFIG.epochs
    assert _equal(weights, _run(lower)[0])


def test_a_missing_proxy_is_an_error_before_any_training() -> None:
    with pytest.raises(ConfigError, match="'jacov' needs that column; given: a, b"):
        _run(replace(CONFIG, proxies=("jacov",)))


# -- the schedule
# ---------------------------------------------------------------------------------------


def test_one_cycle_rises_to_the_peak_and_falls_to_almost_0() -> None:
    factors = [schedule(CONFIG, t) for t in np.linspace(0, 1, 101)]
    assert factors[0] == pytest.approx(1 / 25)
    assert factors[30] == pytest.approx(1)
    assert factors[-1] == pytest.approx(1e-5)
    assert (np.diff(factors[:31]) > 0).all()
    assert (np.diff(factors[30:]) < 0).all()


def test_one_cycle_is_torch_s_at_its_start_peak_and_end() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    n = 1001
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.0, total_steps=n, final_div_factor=1e5 / 25, cycle_momentum=False
    )
    for step in range(n):
        assert schedule(CONFIG, step / (n - 1)) == pytest.approx(cycle.get_last_lr()[0], abs=5e-3)
        if step < n - 1:
            optimizer.step()
            cycle.step()


def test_the_constant_schedule_is_constant() -> None:
    assert {schedule(replace(CONFIG, schedule="constant"), t) for t in (0, 0.1, 0.5, 1)} == {1.0}


# -- the same bits
# --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("n_threads")
@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_seed_gives_the_same_bits(threads: int) -> None:
    torch.set_num_threads(threads)
    table = random_table(
        300, max_nodes=8
    )  # wide enough that torch spreads the work over its threads
    weights = []
    for outer_seed in (1, 2):
        torch.manual_seed(outer_seed)  # the caller's random state has no part in it
        encoder = _encoder(width=64)
        pretrain(
            encoder, table, PretrainConfig(epochs=2, batch_size=150, decoder_width=64), SURROGATE
        )
        weights.append(encoder.state_dict())
    assert _equal(*weights)


def test_another_seed_gives_other_weights() -> None:
    assert not _equal(_run()[0], _run(replace(CONFIG, seed=22))[0])


def test_the_caller_s_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    _run()
    assert torch.equal(torch.rand(4), expected)


# -- checkpoints
# ----------------------------------------------------------------------------------------


def _stop_after(monkeypatch: pytest.MonkeyPatch, n_epochs: int, before_writing: bool) -> None:
    """Let the checkpoint of epoch `n_epochs` be the last one, and stop there or in the middle of
    the next.
    """
    written = 0
    write, from_table = nasflow.prediction.pretrain.write_checkpoint, GraphBatch.from_table

    def writing(*arguments: Any) -> None:
        nonlocal written
        write(*arguments)
        written += 1
        if written == n_epochs and not before_writing:
            raise StoppedError

    def batching(*arguments: Any) -> GraphBatch:
        batching.calls += 1  # type: ignore[attr-defined]
        if before_writing and written == n_epochs and batching.calls % 4 == 3:  # type: ignore[attr-defined]
            raise StoppedError
        return from_table(*arguments)

    batching.calls = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(nasflow.prediction.pretrain, "write_checkpoint", writing)
    monkeypatch.setattr(nasflow.prediction.pretrain.GraphBatch, "from_table", batching)


@pytest.mark.parametrize(
    "before_writing", [False, True], ids=["after the checkpoint", "in the middle of an epoch"]
)
@pytest.mark.parametrize("n_epochs", [1, 3])
def test_a_stopped_run_goes_on_to_the_same_bits(
    tmp_path: Path, n_epochs: int, before_writing: bool
) -> None:
    whole, history = _run()
    path = tmp_path / "run.checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        _stop_after(patch, n_epochs, before_writing)
        with pytest.raises(StoppedError):
            _run(checkpoint=path)
    resumed, its_history = _run(checkpoint=path)
    assert _equal(resumed, whole)
    assert its_history.loss == history.loss
    assert its_history.tasks == history.tasks
    assert len(its_history.seconds) == 4


def test_resuming_does_only_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        _stop_after(patch, 3, before_writing=False)
        with pytest.raises(StoppedError):
            _run(checkpoint=path)
    calls = []
    from_table = GraphBatch.from_table
    monkeypatch.setattr(
        nasflow.prediction.pretrain.GraphBatch,
        "from_table",
        lambda *a: calls.append(1) or from_table(*a),
    )
    _run(checkpoint=path)
    assert len(calls) == 4  # one epoch of 60 rows in batches of 16
    calls.clear()
    _run(checkpoint=path)  # a finished run is not done again
    assert not calls


def test_writing_checkpoints_changes_no_bit(tmp_path: Path) -> None:
    assert _equal(_run()[0], _run(checkpoint=tmp_path / "c")[0])


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("pretrain", {"config": replace(CONFIG, epochs=5)}),
        ("pretrain", {"config": replace(CONFIG, seed=1)}),
        ("surrogate", {"surrogate": replace(SURROGATE, k=5)}),
        ("encoder", {"encoder": _encoder(width=16)}),
        ("data", {"table": random_table(60, seed=1)}),
        ("data", {"proxies": {"a": PROXIES["b"]}}),
    ],
)
def test_a_checkpoint_of_other_options_or_data_is_refused_by_name(
    tmp_path: Path, part: str, changes: dict[str, Any]
) -> None:
    path = tmp_path / "run.checkpoint"
    _run(checkpoint=path)
    content = path.read_bytes()
    arguments = {
        "encoder": _encoder(),
        "table": TABLE,
        "config": CONFIG,
        "surrogate": SURROGATE,
        "proxies": PROXIES,
    }
    with pytest.raises(
        CheckpointError, match=rf"run\.checkpoint belongs to another pre-training: its {part} is"
    ):
        pretrain(**{**arguments, **changes}, checkpoint=path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x10\0\0\0\0\0\0\0{}"])
def test_a_checkpoint_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.checkpoint"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=re.escape(str(path))):
        _run(checkpoint=path)


def test_a_full_disk_leaves_the_last_checkpoint_to_go_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path, fsync, calls = tmp_path / "run.checkpoint", os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            _run(checkpoint=path)
    assert _equal(_run(checkpoint=path)[0], _run()[0])


@pytest.mark.parametrize(
    ("n_rows", "n_epochs"),
    [(1, 40), (256, 40), (7680, 40), (7681, 39), (15_625, 19), (204_801, 1), (10**8, 1)],
)
def test_without_a_word_a_pre_training_has_about_1_200_steps(n_rows: int, n_epochs: int) -> None:
    assert PretrainConfig().n_epochs(n_rows) == n_epochs
    assert PretrainConfig(epochs=7).n_epochs(n_rows) == 7


def test_a_table_is_passed_over_as_often_as_its_rows_ask_for() -> None:
    # 4 steps an epoch, and no more epochs than 40
    _, history = _run(replace(CONFIG, epochs=None))
    assert len(history.loss) == 40
