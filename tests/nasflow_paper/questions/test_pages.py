"""Every question's page, made in a moment from a stand-in for the benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasflow.datasets import Dataset
from nasflow.datasets.base import Metric
from nasflow.experiments.pictures import drawing
from nasflow.experiments.settings import Setting
from nasflow.spaces.nb101 import NB101
from nasflow_paper.questions import (
    activation,
    collisions,
    correlation,
    cycles,
    depth,
    hypergraph,
    magnitude,
    robustness,
    sanity,
)
from nasflow_paper.reproductions.base import PageTable, Picture, ReproduceOptions
from nasflow_paper.reproductions.registry import load_reproduction, reproduction_names


def in_this_process(n_nodes: int) -> depth.Cost:
    n_threads = torch.get_num_threads()
    try:
        return depth._cost(n_nodes)
    finally:
        torch.set_num_threads(n_threads)


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """For every data set: 60 different cells of NAS-Bench-101, and a label for each name."""
    space, rng = NB101(), np.random.default_rng(0)
    cells = {cell.canonical_id: cell for cell in (space.sample(rng) for _ in range(80))}
    table = space.table(list(cells.values())[:60])
    labels = np.bincount(table.node_graph, table.ops == 2) + rng.normal(0, 0.5, len(table))
    names = ("valid_108ep", "cifar10_test", "val_acc", "test_perf")
    dataset = Dataset(
        "stand-in",
        table,
        {name: Metric(name, "counts of 3x3") for name in names},
        dict.fromkeys(names, labels),
        "valid_108ep",
        "nb101",
    )
    monkeypatch.setattr(Setting, "dataset", lambda self: dataset)
    for module in (activation, collisions, correlation, cycles, magnitude):
        monkeypatch.setattr(module, "open_dataset", lambda source: dataset)
    monkeypatch.setattr(magnitude, "DEPTHS", (8, 12))
    monkeypatch.setattr(magnitude, "DISTANCES", (1, 8))
    monkeypatch.setattr(magnitude, "IN_DEGREES", (1, 2))
    monkeypatch.setattr(magnitude, "WIDTHS", (1, 4))
    monkeypatch.setattr(
        magnitude, "CURES", {n: magnitude.CURES[n] for n in ("as published", "rescale 1/2, gelu")}
    )
    monkeypatch.setattr(depth, "SIZES", (8, 12))
    monkeypatch.setattr(depth, "N_TIMED", 64)
    monkeypatch.setattr(depth, "cost", in_this_process)
    monkeypatch.setattr(
        cycles, "CONFIGS", {n: cycles.CONFIGS[n] for n in list(cycles.CONFIGS)[-2:]}
    )
    return dataset


PAGES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "correlation": (correlation.correlation, {"spaces": ("nb101",)}),
    "collisions": (collisions.collisions, {"spaces": ("nb101",)}),
    "magnitude": (magnitude.magnitude, {"spaces": ("nb101",)}),
    "sanity": (sanity.sanity, {}),
    "activation": (activation.activation, {"only": ("separability",), "spaces": ("nb101",)}),
    "depth": (depth.depth, {}),
    "cycles": (cycles.cycles, {}),
    "hypergraph": (hypergraph.hypergraph, {"spaces": ("nb101",)}),
    "robustness": (robustness.robustness, {"only": ("surrogates",), "spaces": ("nb101",)}),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_verdict_tables_and_pictures(name: str, tmp_path: Path) -> None:
    run, changes = PAGES[name]
    options = ReproduceOptions(tmp_path, quick=True, progress=False, **changes)
    page = run(options)
    text = page.write(name, options).read_text()
    tables = [block for block in page.blocks if isinstance(block, PageTable)]
    pictures = [block for block in page.blocks if isinstance(block, Picture)]
    assert tables
    assert pictures
    for table in tables:
        assert len({len(row) for row in table.rows}) == 1
        assert len(table.rows) > 1
    for picture in pictures:
        size = (tmp_path / f"{name}-{picture.name}.png").stat().st_size
        assert 0 < size < 150_000
    assert "\n* " in text  # sentences that are computed
    assert "nan" not in text


def test_every_question_is_registered() -> None:
    for name, (run, _) in PAGES.items():
        assert load_reproduction(name).run is run
    assert set(PAGES) <= set(reproduction_names())


def test_the_grids_name_their_rows_and_options(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With training: what would be measured, without measuring it."""
    asked: dict[str, Any] = {}

    class StopError(Exception):
        pass

    def stop(variants: Any, spaces: Any, options: ReproduceOptions) -> None:
        asked.update(variants={v.label: v for v in variants}, spaces=spaces, options=options)
        raise StopError

    options = ReproduceOptions(tmp_path, quick=True, progress=False, spaces=("nb101",))
    monkeypatch.setattr(activation, "measure", stop)
    with pytest.raises(StopError):
        activation.activation(options)
    assert list(asked["variants"])[:3] == ["none", "flow, relu", "flow, gelu"]
    per_operation = asked["variants"]["flow, relu for convolutions, else tanh"].by_space["nb101"]
    assert per_operation == {
        "surrogate.op_activations": {"input": "tanh", "maxpool3x3": "tanh", "output": "tanh"}
    }
    monkeypatch.setattr(robustness, "measure", stop)
    with pytest.raises(StopError):
        robustness.robustness(options)
    assert asked["options"].seeds == (21, 2021)  # a spread over seeds needs two
    assert [v.options.get("surrogate.seed") for v in asked["variants"].values()] == [
        None,
        0,
        1,
        2,
        3,
        4,
    ]


def test_a_drawing_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with drawing(tmp_path / "a.png", (1, 2)) as (_, axes):
        assert len(axes) == 2
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ZeroDivisionError), drawing(tmp_path / "b.png"):
        raise ZeroDivisionError
    assert not (tmp_path / "b.png").exists()
