from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow import EncoderConfig, FitConfig, PretrainConfig, ProtocolConfig, SurrogateConfig
from nasflow.datasets import Dataset, Metric
from nasflow.experiments.protocol import do_run
from nasflow.experiments.runs import plan
from nasflow.spaces.nb201 import NB201
from nasflow.statistics.splits import half_split


def test_twins_of_labelled_architectures_in_the_test_rows_are_counted(tmp_path: Path) -> None:
    """Train and test overlapped; isomorphic twins sat on both sides."""
    table = NB201().enumerate()[:600]
    accuracy = np.random.default_rng(0).normal(size=600)
    data = Dataset("cells", table, {"acc": Metric("acc", "random")}, {"acc": accuracy})
    data.save(tmp_path / "cells.npz")
    (run,) = plan(
        str(tmp_path / "cells.npz"),
        data,
        "acc",
        ("gp",),
        encoder=EncoderConfig(),
        fit=FitConfig(),
        surrogate=SurrogateConfig(),
        pretrain=PretrainConfig(),
        protocol=ProtocolConfig(ratio=0.2, splits=(2021,), seeds=(21,)),
    )
    entry = do_run(run, tmp_path)
    split = half_split(600, 2021, 0.2, 40, file_order=False)
    labelled = {table[int(row)].canonical_id for row in (*split.train, *split.validation)}
    twins = [row for row in split.test if table[int(row)].canonical_id in labelled]
    assert not set(split.test) & {*split.train, *split.validation}
    assert entry["n_twins"] == len(twins) > 0
    (grouped,) = plan(
        str(tmp_path / "cells.npz"),
        data,
        "acc",
        ("gp",),
        encoder=EncoderConfig(),
        fit=FitConfig(),
        surrogate=SurrogateConfig(),
        pretrain=PretrainConfig(),
        protocol=ProtocolConfig(ratio=0.2, group="isomorphism", splits=(2021,), seeds=(21,)),
    )
    assert do_run(grouped, tmp_path)["n_twins"] == 0
    assert entry["n_test"] == len(split.test) == pytest.approx(260)
