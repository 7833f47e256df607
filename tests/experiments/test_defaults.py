"""Options that come with a space or an encoder, unless they are given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nasflow import EncoderConfig, Predictor
from nasflow.cli import main
from nasflow.commands.shared import named
from nasflow.experiments.defaults import encoder_options

PUBLISHED = {"width": 64, "n_layers": 9, "n_heads": 8, "dropout": 0.0, "attention_dropout": 0.5}


@pytest.mark.parametrize(
    "words",
    [
        ["x.jsonl", "--encoder.name", "flowerformer"],
        ["--encoder.name=flowerformer", "--fit.epochs", "3"],
        ["--encoder.name", "gin", "--encoder.name", "flowerformer"],
    ],
)
def test_an_encoder_brings_its_published_options(words: list[str]) -> None:
    name = named(words, "encoder.name", "")
    published = {f"encoder.{option}": value for option, value in PUBLISHED.items()}
    assert encoder_options(name, "nb201") == {**published, "pretrain.epochs": 10}
    assert encoder_options(name, "nb301")["encoder.n_layers"] == 2


@pytest.mark.parametrize(
    "words", [[], ["x.jsonl"], ["--encoder.name", "gin"], ["flowerformer"], ["--encoder.name"]]
)
def test_other_command_lines_bring_none(words: list[str]) -> None:
    assert encoder_options(named(words, "encoder.name", ""), "nb201") == {}


def test_a_given_option_overrides_the_published_one(tmp_path: Path) -> None:
    data, out = tmp_path / "x.jsonl", tmp_path / "fitted.safetensors"
    lines = []
    for i, op in enumerate("aabbcc"):
        row = {"ops": ["input", op], "edges": [[0, 1]], "accuracy": i}
        lines.append(f"{json.dumps(row)}\n")
    data.write_text("".join(lines))
    options = "--fit.epochs 1 --encoder.name flowerformer --encoder.width 8"
    main(["fit", str(data), "--out", str(out), *options.split()])
    assert Predictor.load(out).encoder == EncoderConfig("flowerformer", **{**PUBLISHED, "width": 8})
