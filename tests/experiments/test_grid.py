"""A grid over processes: nothing is done twice; what was stopped ends with the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow import EncoderConfig, FitConfig, PretrainConfig, ProtocolConfig, SurrogateConfig
from nasflow.datasets import load_dataset
from nasflow.errors import ConfigError, UnknownNameError
from nasflow.experiments import grid
from nasflow.experiments.grid import pretraining_seconds, run_grid
from nasflow.experiments.runs import Run, plan
from nasflow.running.journal import Journal

VARYING = {"fit_seconds"}


def runs(methods: tuple[str, ...] = ("none", "flow", "gp"), epochs: int = 2) -> list[Run]:
    return plan(
        "nbgraph-proteins",
        load_dataset("nbgraph-proteins"),
        "test_perf",
        methods,
        encoder=EncoderConfig(width=8),
        surrogate=SurrogateConfig(k=4),
        pretrain=PretrainConfig(epochs=1),
        fit=FitConfig(epochs=epochs),
        protocol=ProtocolConfig(ratio=0.03, splits=(21, 2021), seeds=(1, 2)),
    )


def results(entries: list[dict]) -> list[dict]:
    """The entries without what differs from time to time."""
    kept = []
    for entry in entries:
        kept.append({name: value for name, value in entry.items() if name not in VARYING})
    return kept


def refuse(*_: object) -> None:
    raise AssertionError("run again")


def test_a_second_call_does_nothing_and_other_options_are_other_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_grid(runs(), tmp_path, 1, progress=False)
    assert len(first) == 2 * 4 + 2  # the Gaussian process draws nothing: one run a split
    with monkeypatch.context() as patched:
        patched.setattr(grid, "do_run", refuse)
        patched.setattr(grid, "do_pretraining", refuse)
        assert run_grid(runs(), tmp_path, 1, progress=False) == first
        with pytest.raises(AssertionError, match="run again"):
            run_grid(runs(epochs=3), tmp_path, 1, progress=False)
    assert pretraining_seconds(runs(), tmp_path)["flow"] > 0
    # one for each seed, shared by the splits
    assert len(list((tmp_path / "pretrained").iterdir())) == 2


def test_a_grid_stopped_halfway_goes_on_and_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_grid(runs(), tmp_path / "whole", 1, progress=False)
    original, calls = Journal.append, []

    def stop(self: Journal, entry: dict) -> None:
        original(self, entry)
        calls.append(entry)
        if len(calls) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "append", stop)
    with pytest.raises(KeyboardInterrupt):
        run_grid(runs(), tmp_path / "stopped", 1, progress=False)
    monkeypatch.setattr(Journal, "append", original)
    before = set(Journal(tmp_path / "stopped" / "runs.jsonl").entries())
    done: set[str] = set()
    do_run = grid.do_run

    def note(run: Run, folder: Path) -> dict:
        done.add(run.key)
        return do_run(run, folder)

    monkeypatch.setattr(grid, "do_run", note)
    resumed = run_grid(runs(), tmp_path / "stopped", 1, progress=False)
    assert results(resumed) == results(whole)
    assert not before & done


@pytest.mark.slow
def test_the_number_of_workers_changes_no_result(tmp_path: Path) -> None:
    one = run_grid(runs(("flow",)), tmp_path / "one", 1, progress=False)
    two = run_grid(runs(("flow",)), tmp_path / "two", 2, progress=False)
    assert results(one) == results(two)


def test_methods_that_do_not_exist_are_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown method 'flwo' .did you mean 'flow'"):
        runs(("none", "flow+flwo"))
    with pytest.raises(ConfigError, match="name each once"):
        runs(("none", "none"))
