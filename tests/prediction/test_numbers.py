"""Numbers from a table to a prediction and through a file, for every kind of model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nasflow import Architecture, ArchTable, Predictor, PretrainConfig, kendall_tau
from nasflow.errors import GraphError
from nasflow.options.training import FitConfig
from small import ENCODER, SURROGATE

OPS = ("input", "conv", "pool", "output")
PRETRAIN = PretrainConfig(epochs=2, batch_size=16)


def network(seed: int) -> Architecture:
    """A few layers, some of them with a width."""
    rng = np.random.default_rng(seed)
    middle = ["conv", *[str(op) for op in rng.choice(["conv", "pool"], rng.integers(1, 5))]]
    ops = ("input", *middle, "output")
    width = [float(rng.choice([16, 64, 256])) if op == "conv" else None for op in ops]
    edges = tuple((i, i + 1) for i in range(len(ops) - 1))
    return Architecture(ops, edges, {"width": width}, {"resolution": float(rng.choice([32, 64]))})


GRAPHS = [network(seed) for seed in range(80)]
TABLE = ArchTable.from_architectures(GRAPHS, OPS)
# what a network costs: its widths, at its resolution
COSTS = np.array(
    [
        sum(width or 4.0 for width in graph.attrs["width"]) * graph.globals["resolution"]
        for graph in GRAPHS
    ]
)


def predictors(fit: FitConfig) -> dict[str, Predictor]:
    """The paper's model, a blend without a network, and one with both networks."""
    options = {"encoder": ENCODER, "surrogate": SURROGATE, "pretrain": PRETRAIN, "fit": fit}
    return {
        "fgp": Predictor(model="fgp", **options),
        "fast": Predictor(),
        "full": Predictor(effort="full", **options).pretrain(TABLE),
    }


@pytest.mark.parametrize("kind", ["fgp", "fast", "full"])
def test_a_fitted_model_reads_numbers_and_so_does_its_file(kind: str, tmp_path: Path) -> None:
    # a blend's networks are running means
    fit = FitConfig(epochs=60) if kind == "fgp" else FitConfig(epochs=3, average=2)
    predictor = predictors(fit)[kind].fit(TABLE[:40], COSTS[:40])
    predicted = predictor.predict(TABLE[40:])
    assert kendall_tau(predicted, COSTS[40:]) > (0.5 if kind == "fgp" else 0.8)
    predictor.save(tmp_path / "model.safetensors")
    loaded = Predictor.load(tmp_path / "model.safetensors")
    assert loaded.predict(TABLE[40:]).tobytes() == predicted.tobytes()
    # names in another order, and one under which there is no number, change nothing
    turned = TABLE[40:].with_numbers(["kernel", "width"], ["lr", "resolution"])
    np.testing.assert_allclose(loaded.predict(turned), predicted, rtol=1e-5)
    # a row that differs in a number alone is predicted otherwise
    wide = dataclasses.replace(
        GRAPHS[50], attrs={"width": [None, *[512.0] * (GRAPHS[50].n_nodes - 2), None]}
    )
    assert loaded.predict([wide])[0] != loaded.predict([GRAPHS[50]])[0]
    assert len(loaded.embed(TABLE)) == len(TABLE)


@pytest.mark.parametrize("kind", ["fgp", "fast", "full"])
def test_a_model_that_knows_no_numbers_says_what_to_do(kind: str, tmp_path: Path) -> None:
    bare = TABLE.without_numbers()
    predictor = predictors(FitConfig(epochs=2))[kind]
    if kind == "full":
        predictor.pretrain(bare)
    predictor.fit(bare[:20], COSTS[:20])
    predictor.save(tmp_path / "model.safetensors")
    for model in (predictor, Predictor.load(tmp_path / "model.safetensors")):
        with pytest.raises(GraphError, match=r"attrs 'width'.*without_numbers\(\)"):
            model.predict(TABLE[20:])
        assert model.predict(bare[20:]).shape == (60,)


def test_an_encoder_that_was_pre_trained_without_numbers_does_not_lose_them_silently() -> None:
    predictor = Predictor(encoder=ENCODER, surrogate=SURROGATE, pretrain=PRETRAIN)
    predictor.pretrain(TABLE.without_numbers())
    with pytest.raises(GraphError, match=r"does not know the attrs 'width'"):
        predictor.fit(TABLE[:20], COSTS[:20])
    with pytest.raises(GraphError, match=r"does not know the attrs 'width'"):
        predictor.embed(TABLE)


@pytest.mark.parametrize("task", ["flow", "gmae", "graphcl", "arch2vec"])
def test_every_task_pre_trains_on_numbers(task: str) -> None:
    predictor = Predictor(encoder=ENCODER, surrogate=SURROGATE, pretrain=PRETRAIN)
    predictor.pretrain(TABLE, tasks=[task])
    assert np.isfinite(predictor.history_.loss).all()
    wide = Architecture(GRAPHS[0].ops, GRAPHS[0].edges, {"width": [512] * GRAPHS[0].n_nodes})
    one, other = predictor.embed([GRAPHS[0], wide])
    assert not np.array_equal(one, other)
