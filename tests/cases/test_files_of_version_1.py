"""What version 1 wrote is read: models, a pre-training cut off, journals of results.

The files in tests/golden/v1 were written by that version; told.json is what it gave for them.
Studies are in tests/search/test_study.py.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from nasflow import EncoderConfig, Predictor, PretrainConfig, SurrogateConfig
from nasflow.cli import main
from nasflow.encoders.make import make_encoder
from nasflow.errors import CheckpointError
from nasflow.experiments.kept import key_of_version_1
from nasflow.experiments.runs import Run
from nasflow.options.protocol import ProtocolConfig
from nasflow.prediction import version_1
from nasflow.prediction.pretrain import pretrain
from nasflow.prediction.scorer import in_chunks
from nasflow.report.results import read_results
from nasflow.running.journal import Journal
from nasflow.running.seeding import seeded
from small import labels, table

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
TOLD = json.loads((GOLDEN / "told.json").read_text())
TABLE = table(40)
COLUMNS = {"free": labels(TABLE) + np.sin(np.arange(40.0))}


@pytest.mark.parametrize("encoder", ["flowerformer", "transformer", "mlp", "gin"])
def test_models_predict_what_they_did_and_are_fitted_anew(encoder: str, tmp_path: Path) -> None:
    model = Predictor.load(GOLDEN / f"predictor-{encoder}.safetensors")
    expected = TOLD[f"predictor-{encoder}"]
    # the same bits on the machine that made them; another rounds otherwise
    np.testing.assert_allclose(model.predict(TABLE, COLUMNS), expected, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "again")
    again = Predictor.load(tmp_path / "again")
    assert again.get_params() == model.get_params()
    assert np.array_equal(again.predict(TABLE, COLUMNS), model.predict(TABLE, COLUMNS))
    model.set_params(fit__epochs=1).fit(TABLE, labels(TABLE), proxies=COLUMNS)


def test_a_pre_training_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    config = PretrainConfig(
        pretext="flow+graphcl+gmae",
        epochs=3,
        batch_size=16,
        task_options={
            "graphcl": {"view_share": 0.4, "temperature": 0.5},
            "gmae": {"mask_share": 0.3},
        },
    )
    path = tmp_path / "pretraining.safetensors"
    shutil.copy(GOLDEN / "pretraining.safetensors", path)
    with seeded(21, "encoder"):
        encoder = make_encoder(TABLE.n_ops, EncoderConfig(width=8))
    history = pretrain(encoder, TABLE, config, SurrogateConfig(k=3), checkpoint=path)
    np.testing.assert_allclose(history.loss, TOLD["pretraining"]["loss"], rtol=1e-4)
    embedding = torch.cat(in_chunks(encoder, TABLE[:5])).numpy()
    np.testing.assert_allclose(embedding, TOLD["pretraining"]["embedding"], rtol=1e-3, atol=1e-5)
    shutil.copy(GOLDEN / "pretraining.safetensors", path)
    other = PretrainConfig(pretext="flow+graphcl+gmae", epochs=3, batch_size=16)
    with pytest.raises(CheckpointError, match="its pretrain is"):
        pretrain(encoder, TABLE, other, SurrogateConfig(k=3), checkpoint=path)


def _run(stored: dict) -> Run:
    """A run as version 1 stored it."""
    parts = {
        "encoder": version_1.encoder_from_v1(stored["encoder"]),
        "surrogate": version_1.surrogate_from_v1(stored["surrogate"]),
        "pretrain": version_1.pretrain_from_v1(stored["pretrain"]),
        "fit": version_1.fit_from_v1(stored["fit"]),
        "protocol": ProtocolConfig.from_dict(stored["protocol"]),
        "source": None if stored["source"] is None else _run(stored["source"]),
    }
    return Run(**{**stored, **parts})


def test_results_of_the_paper_that_were_kept_are_found() -> None:
    """63 of the 1,188 kept runs: every option that differs in one of them is in one of these."""
    kept = [json.loads(line) for line in (GOLDEN / "kept_runs.jsonl").read_text().splitlines()]
    journal = Path(__file__).parents[2] / "docs" / "results" / "reproduce" / "runs.jsonl"
    entries = Journal(journal).entries()
    for one in kept:
        run = _run(one["run"])
        assert key_of_version_1(run) == one["key"], one["run"]
        assert one["key"] in entries
        if run.pretraining is not None:
            assert key_of_version_1(run.pretraining) == one["pretraining"]


@pytest.mark.parametrize("kept", ["evaluated", "evaluated-mlp"])
def test_a_grid_goes_on_where_it_was_and_does_nothing_again(
    kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "v1"
    shutil.copytree(GOLDEN, folder)
    monkeypatch.chdir(folder)
    before = (folder / kept / "runs.jsonl").read_bytes()
    words = "evaluate mine.jsonl --ratio 0.2 --n_validation 10 --encoder.width 4 --fit.epochs 2"
    words += f" --pretrain.epochs 1 --seeds [21] --jobs 1 --out {kept}"
    if kept == "evaluated":
        words += " --methods none,flow,graphcl,gp --splits [21,2021] --encoder.name transformer"
        words += " --encoder.n_heads 2 --encoder.n_layers 1 --task.graphcl.view_share 0.3"
    else:
        words += " --methods flow,gp --splits [21] --encoder.name mlp"
    per_method = "{flow: {surrogate.k: 3, pretrain.decoder_width: 8}}"
    more = ["--per_method", per_method] if kept == "evaluated" else []
    main([*words.split(), *more])
    after = (folder / kept / "runs.jsonl").read_bytes()
    assert after.startswith(before)
    # but for the floor, which that version did not have
    added = [json.loads(line) for line in after[len(before) :].splitlines()]
    assert {entry["method"] for entry in added} == {"features"}
    main([*words.split(), *more])
    assert (folder / kept / "runs.jsonl").read_bytes() == after
    results = read_results(folder / kept)
    assert len(results.entries) == results.n_planned
    assert set(results.records) == {entry["key"] for entry in results.entries}
    # a run that is new starts from the weights that were kept
    wider = ["--splits", "[21,2021,5]" if kept == "evaluated" else "[21,2021]"]
    main([*words.split(), *more, *wider])
    lines = (folder / kept / "runs.jsonl").read_text().splitlines()[len(after.splitlines()) :]
    added = [json.loads(line) for line in lines]
    assert {entry["kind"] for entry in added} == {"run"}
    assert {entry["version"] for entry in added} == {2}
    assert os.listdir(folder / kept / "pretrained") == os.listdir(GOLDEN / kept / "pretrained")
