"""One grid for the rows of all tables: what is measured, what is shared, what is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow.errors import ConfigError, UnknownNameError
from nasflow.experiments import grid, settings
from nasflow.experiments.runs import plan
from nasflow_paper.reproductions.base import ReproduceOptions
from nasflow_paper.reproductions.measured import MeasuredRuns, measure
from nasflow_paper.reproductions.variants import (
    FGP,
    FLOW,
    NONE,
    ZC_PROXY,
    Variant,
    stages_of,
    with_encoder,
    with_options,
)
from tiny_space import dataset, use


@pytest.fixture(autouse=True)
def _tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)


def options(tmp_path: Path, **changes: Any) -> ReproduceOptions:
    return ReproduceOptions(tmp_path / "results", **{"quick": True, "progress": False, **changes})


def rows(measured: MeasuredRuns) -> dict[tuple[str, str, str], list[tuple[int, int]]]:
    by_row: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for e in measured.entries:
        row = e["group"], e["space"], e["method"]
        by_row.setdefault(row, []).append((e["split"], e["seed"]))
    return by_row


def test_every_variant_is_measured_in_every_group_with_a_floor(tmp_path: Path) -> None:
    variants = [NONE, FLOW, *with_options([NONE], "more", {"ratio": 0.3})]
    measured = measure(variants, ("nb101", "nb201"), options(tmp_path, spaces=("nb101", "nb201")))
    expected = [
        ("ResGatedGCN", "none"),
        ("ResGatedGCN", "FGP w/o proxy"),
        ("ResGatedGCN", "gp"),
        ("more", "none"),
        ("more", "gp"),
    ]
    assert sorted(rows(measured)) == sorted(
        (g, space, label) for g, label in expected for space in ("nb101", "nb201")
    )
    assert all(runs == [(21, 21)] for runs in rows(measured).values())
    assert {e["n_train"] for e in measured.of("more", "nb201")} == {18}
    assert {e["n_train"] for e in measured.of("ResGatedGCN", "nb201")} == {12}
    assert list(measured.seconds) == [
        ("ResGatedGCN", space, "FGP w/o proxy") for space in ("nb101", "nb201")
    ]
    assert len(measured.manifest["runs"]) == len(measured.entries)


def test_the_first_space_with_nb201_preferred_serves_a_first_look(tmp_path: Path) -> None:
    assert list(measure([NONE], ("nb101", "nb201", "nb301"), options(tmp_path)).datasets) == [
        "nb201"
    ]
    assert list(measure([NONE], ("nbgraph",), options(tmp_path)).datasets) == ["nbgraph"]


def test_what_an_earlier_call_left_counts_and_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure([NONE, FLOW], ("nb201",), options(tmp_path, splits=(21, 2021), seeds=(21, 2021)))
    done: list[str] = []
    original = grid.do_run
    monkeypatch.setattr(
        grid, "do_run", lambda run, folder: done.append(run.method) or original(run, folder)
    )
    pretrained: list[str] = []
    train = grid.do_pretraining
    monkeypatch.setattr(
        grid, "do_pretraining", lambda p, folder: pretrained.append(p) or train(p, folder)
    )
    # a reproduction with other rows, fewer runs, and more labels for the same pre-training
    again = measure(
        [NONE, FLOW, *with_options([FLOW], "more", {"ratio": 0.3})], ("nb201",), options(tmp_path)
    )
    assert done == ["flow", "gp"]
    assert pretrained == []
    runs = rows(again)
    assert sorted(runs["ResGatedGCN", "nb201", "none"]) == [
        (21, 21),
        (21, 2021),
        (2021, 21),
        (2021, 2021),
    ]
    assert runs["more", "nb201", "FGP w/o proxy"] == [(21, 21)]


def test_only_chooses_what_is_measured_now(tmp_path: Path) -> None:
    variants = [
        *with_encoder([NONE, FLOW], "ResGatedGCN", "resgatedgcn"),
        *with_encoder([NONE, FLOW], "GIN", "gin"),
    ]
    first = measure(variants, ("nb201",), options(tmp_path, only=("GIN", "none")))
    assert sorted(rows(first)) == [
        ("GIN", "nb201", "gp"),
        ("GIN", "nb201", "none"),
        ("ResGatedGCN", "nb201", "gp"),
    ]
    second = measure(variants, ("nb201",), options(tmp_path, only=("FGP w/o proxy",)))
    assert ("GIN", "nb201", "none") in rows(second)
    assert ("ResGatedGCN", "nb201", "none") not in rows(second)
    with pytest.raises(UnknownNameError, match="'GIM' .did you mean 'GIN'"):
        measure(variants, ("nb201",), options(tmp_path, only=("GIM",)))
    with pytest.raises(ConfigError, match="--spaces names nb301"):
        measure(variants, ("nb201",), options(tmp_path, spaces=("nb301",)))


def test_a_row_that_needs_a_proxy_is_left_out_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "without").mkdir()
    use(monkeypatch, tmp_path / "without", dataset(proxy=False))
    measured = measure([NONE, ZC_PROXY, FGP], ("nb201",), options(tmp_path), floor=False)
    assert list(rows(measured)) == [("ResGatedGCN", "nb201", "none")]
    assert measured.left_out == [
        "Not measured on NAS-Bench-201, for which no proxy is at hand: ZC-Proxy, FGP."
    ]


def test_a_source_is_fitted_on_the_same_split_and_seed(tmp_path: Path) -> None:
    teacher = Variant("teacher", "none", encoder="gin")
    trained = Variant("trained", "vectors+proxy", source=teacher)
    how = options(tmp_path, splits=(21, 2021), seeds=(21,))
    measured = measure([trained], ("nb201",), how, floor=False)
    assert rows(measured) == {("ResGatedGCN", "nb201", "trained"): [(21, 21), (2021, 21)]}
    assert (
        len(list((tmp_path / "results" / "pretrained").iterdir())) == 2
    )  # one for each split: its labels went in
    other = measure(
        [replace(trained, source=replace(teacher, encoder="resgatedgcn"))],
        ("nb201",),
        how,
        floor=False,
    )
    assert {e["key"] for e in other.entries}.isdisjoint(e["key"] for e in measured.entries)


def test_options_are_laid_over_each_other_the_variants_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        settings,
        "tuned_options",
        lambda _: {
            "flow": {
                "encoder.width": 16,
                "pretrain.lr": 0.5,
                "surrogate.k": 5,
                "pretrain.epochs": 7,
            }
        },
    )
    mine = Variant("mine", "flow", {"surrogate.k": 6}, {"nb201": {"surrogate.sigma": 3}})
    stages = stages_of(mine, "nb201", quick=False)
    assert (
        stages.encoder.width,
        stages.pretrain.lr,
        stages.surrogate.k,
        stages.surrogate.sigma,
    ) == (16, 0.5, 6, 3.0)
    assert stages_of(mine, "nb101", quick=False).surrogate.sigma == 0.1
    assert stages_of(NONE, "nb201", quick=False).encoder.width == 128
    # another encoder than the tuned one keeps its own width and epochs
    flowerformer = stages_of(replace(mine, encoder="flowerformer"), "nb201", quick=False)
    assert (flowerformer.encoder.width, flowerformer.pretrain.lr, flowerformer.pretrain.epochs) == (
        64,
        0.5,
        10,
    )
    assert (
        stages_of(
            replace(mine, options={"pretrain_share": 0.4}), "nb201", quick=True
        ).protocol.pretrain_share
        == 0.2
    )


def test_a_variant_is_the_plan_of_its_options(tmp_path: Path) -> None:
    """The oracle: plan and run_grid called by hand give the same numbers."""
    measured = measure([FGP], ("nb201",), options(tmp_path), floor=False)
    stages, setting = stages_of(FGP, "nb201", quick=True), settings.SETTINGS["nb201"]
    protocol = replace(stages.protocol, splits=(21,), seeds=(21,))
    runs = plan(
        setting.source,
        setting.dataset(),
        setting.metric,
        ("flow+proxy",),
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=stages.pretrain,
        fit=stages.fit,
        protocol=protocol,
    )
    by_hand = grid.run_grid(runs, tmp_path / "by hand", 1, progress=False)
    assert [e["tau"] for e in by_hand] == [e["tau"] for e in measured.entries]
    assert np.isfinite(by_hand[0]["tau"])
