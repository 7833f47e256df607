"""Dotted names over the options of all stages, and the options that were tuned."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.errors import ConfigError, DataError, MissingDataError
from nasflow.experiments.defaults import default_options, encoder_options
from nasflow.experiments.stages import Stages
from nasflow.experiments.tuned import read_tuned


def test_a_dotted_name_changes_its_stage_alone() -> None:
    changed = Stages().changed(
        {"encoder.width": 16, "ratio": 0.5, "proxy": "a,b", "fit.lr": 1, "splits": (1, 2)}
    )
    assert changed.encoder.width == 16
    assert (changed.protocol.ratio, changed.protocol.splits) == (0.5, (1, 2))
    assert changed.pretrain.proxies == ("a", "b")
    assert (changed.fit.lr, type(changed.fit.lr)) == (1.0, float)
    assert changed.surrogate == Stages().surrogate
    assert Stages().changed({"proxy": ""}) == Stages()


@pytest.mark.parametrize(
    ("name", "near"),
    [("encoder.widht", "encoder.width"), ("ratoi", "ratio"), ("fit.marign", "fit.margin")],
)
def test_a_name_that_is_no_option_is_refused(name: str, near: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown nasflow evaluate option '{name}'.*{near}"):
        Stages().changed({name: 1})


@pytest.mark.parametrize("space", ["nb101", "nb201", "nb301", "nbgraph-cora", "transnas-micro"])
@pytest.mark.parametrize("encoder", ["resgatedgcn", "gin", "flowerformer"])
def test_the_defaults_are_legal_options(space: str, encoder: str) -> None:
    stages = Stages().changed(
        {**default_options(space), "encoder.name": encoder, **encoder_options(encoder, space)}
    )
    assert stages.encoder.name == encoder


def test_what_was_tuned_is_read_by_method(tmp_path: Path) -> None:
    path = tmp_path / "nb201.yaml"
    path.write_text("# chosen\nper_method:\n  flow:\n    pretrain.lr: 0.0005\n  none: {}\n")
    assert read_tuned(path) == {"flow": {"pretrain.lr": 0.0005}, "none": {}}
    for text in ("flow: {}\n", "per_method: [1]\n", "per_method: {flow: 3}\n", "a: [\n"):
        path.write_text(text)
        with pytest.raises(DataError, match="no options by method under per_method"):
            read_tuned(path)
    with pytest.raises(MissingDataError):
        read_tuned(tmp_path / "nothing.yaml")
