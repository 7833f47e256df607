"""What the names of methods stand for, and what those see that are no encoder alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow import ArchTable, Dataset, EncoderConfig, FitConfig, PretrainConfig, SurrogateConfig
from nasflow.datasets import Metric
from nasflow.errors import ConfigError, UnknownNameError
from nasflow.experiments import protocol
from nasflow.experiments.grid import run_grid
from nasflow.experiments.methods import NAMED_METHODS, method_of, tasks_of
from nasflow.experiments.runs import Run, plan
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.training import ALL_LABELS
from nasflow.spaces.nb201 import NB201

CELLS = NB201().enumerate()[::40]
PROTOCOL = ProtocolConfig(ratio=0.15, n_validation=10, splits=(1,), seeds=(1, 2))


def dataset(table: ArchTable = CELLS) -> Dataset:
    """Labels that a graph tells, and a column that needs no training."""
    counts = table.pruned().op_counts()
    accuracy = counts[:, table.vocabulary.index("conv3x3")] + 0.01 * np.arange(len(table))
    metrics = {
        "accuracy": Metric("accuracy", "as many as convolutions"),
        "size": Metric("size", "how many nodes compute", trained=False),
    }
    size = np.diff(table.pruned().node_ptr) * 1.0
    return Dataset("cells", table, metrics, {"accuracy": accuracy, "size": size})


def planned(*methods: str, data: Dataset | None = None, **changes: Any) -> list[Run]:
    options = {
        "encoder": EncoderConfig(width=8, n_layers=1),
        "surrogate": SurrogateConfig(),
        "pretrain": PretrainConfig(epochs=1),
        "fit": FitConfig(epochs=2),
        "protocol": PROTOCOL,
    }
    return plan("cells", data or dataset(), "accuracy", methods, **options | changes)


def test_each_named_method_says_what_it_is() -> None:
    assert all(method_of(name) for name in NAMED_METHODS)
    assert method_of("flow+proxy@all").tasks == ("flow", "proxy")
    assert method_of("none@all").validation_trains
    assert not method_of("none").validation_trains
    with pytest.raises(UnknownNameError, match="flwo"):
        method_of("flwo@all")
    assert tasks_of(["features+proxy", "flow@all", "none", "gmae+flow"]) == ["flow", "gmae"]


def test_what_draws_nothing_runs_once_a_split() -> None:
    n_runs = {}
    for run in planned("features", "trees", "blend-fast", "none", "none@all"):
        n_runs[run.method] = n_runs.get(run.method, 0) + 1
    assert n_runs == {"features": 1, "trees": 2, "blend-fast": 2, "none": 2, "none@all": 2}


def test_a_blend_is_pre_trained_where_the_wiring_of_what_computes_varies() -> None:
    run = planned("blend")[0]
    assert run.pretraining is not None
    assert run.pretraining.as_computed
    # operations that all compute: no graph loses a node
    ops = [[0, 1 + i % 3, 1 + i // 3 % 3, 4] for i in range(200)]
    vocabulary = ("input", "conv3x3", "conv1x1", "skip", "output")
    chains = ArchTable.from_template(vocabulary, ops, [(0, 1), (1, 2), (2, 3)])
    assert planned("blend", data=dataset(chains))[0].pretraining is None
    # a pre-training of the paper's method keeps the key that it had
    flow = planned("flow")[0]
    assert flow.pretraining is not None
    assert "as_computed" not in flow.pretraining.identity()


def test_options_that_a_method_does_not_use_are_in_no_key() -> None:
    other = {"encoder": EncoderConfig(width=9), "fit": FitConfig(epochs=9)}
    for name in ("features", "blend-fast"):
        assert planned(name)[0].key == planned(name, **other)[0].key
    assert planned("none@all")[0].fit.epochs == ALL_LABELS.epochs
    assert planned("blend")[0].fit == replace(ALL_LABELS, seed=1)


def test_which_columns_a_method_reads() -> None:
    fit = FitConfig(proxies=("size",))
    read = {run.method: run.fit.proxies for run in planned("features", "trees", "blend", fit=fit)}
    assert read == {"features": (), "trees": ("size",), "blend": ("size",)}
    by_pretext = PretrainConfig(epochs=1, proxies=("size",))
    assert planned("features+proxy", pretrain=by_pretext)[0].fit.proxies == ("size",)
    with pytest.raises(ConfigError, match="ranks by columns"):
        planned("features+proxy")


def test_all_methods_run_and_say_how_their_intervals_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = dataset()
    monkeypatch.setattr(protocol, "_dataset", lambda *_: data)
    monkeypatch.setattr("nasflow.experiments.runs.ALL_LABELS", FitConfig(epochs=2, average=2))
    fit = FitConfig(epochs=2, proxies=("size",))
    one = ProtocolConfig(ratio=0.15, n_validation=10, splits=(1,), seeds=(1,))
    methods = ("features", "features+proxy", "trees", "blend-fast", "blend", "flow@all", "gp")
    runs = planned(*methods, fit=fit, protocol=one)
    entries = {entry["method"]: entry for entry in run_grid(runs, tmp_path, 1, progress=False)}
    assert entries.keys() == set(methods)
    for method, entry in entries.items():
        assert entry["n_labels"] == entry["n_train"] + entry["n_validation"]
        assert entry["tau"] > (0.3 if method not in ("flow@all", "gp") else -1)
        if method not in ("flow@all", "gp"):
            assert 0 <= entry["in50"] <= entry["in90"] <= 1
            assert 0 < entry["width50"] < entry["width90"]
            assert entry["crps"] > 0
    # done is done
    assert run_grid(runs, tmp_path, 1, progress=False) == list(entries.values())


def test_labels_of_the_test_half_do_not_reach_a_blend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = dataset()
    (run,) = planned("blend-fast", protocol=ProtocolConfig(0.15, 10, splits=(1,), seeds=(1,)))
    split = protocol.split_of(data, ("accuracy",), 1, run.protocol)
    changed = data.labels("accuracy").copy()
    changed[split.test] = np.random.RandomState(0).permutation(changed[split.test])
    other = Dataset("cells", data.table, data.metrics, {**data.values, "accuracy": changed})
    predicted = []
    for each in (data, other):
        monkeypatch.setattr(protocol, "_dataset", lambda *_, each=each: each)
        protocol.do_run(run, tmp_path)
        predicted.append(protocol.RunRecord.load(tmp_path, run.key).predicted)
    np.testing.assert_array_equal(*predicted)
