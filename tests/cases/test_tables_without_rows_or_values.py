"""A filtered table of no rows, saved and read again, ended `data info` in a division by zero, and a
metric without one measured value in an error of NumPy's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow.cli import main
from nasflow.datasets import Dataset, Metric
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.running.files import load_npz
from nasflow.spaces.nb201 import NB201

TABLE = ArchTable.from_architectures(
    [Architecture(("a", "b"), ((0, 1),)), Architecture(("b", "a"), ((0, 1),))]
)


def dataset(n_rows: int) -> Dataset:
    """The first rows, `acc` measured and `loss` not."""
    metrics = {"acc": Metric("acc", "accuracy"), "loss": Metric("loss", "", "", maximise=False)}
    values = {"acc": np.array([90.0, 91.0])[:n_rows], "loss": np.full(n_rows, np.nan)}
    return Dataset("filtered", TABLE[:n_rows], metrics, values, default_metric="acc")


@pytest.fixture
def no_rows(tmp_path: Path) -> Path:
    dataset(0).save(tmp_path / "none.npz")
    return tmp_path / "none.npz"


def test_a_table_without_rows_is_saved_and_read(no_rows: Path) -> None:
    again = Dataset.load(no_rows)
    assert len(again) == len(again.labels()) == 0
    assert again.metrics == dataset(0).metrics
    assert again.content_hash() == dataset(0).content_hash()
    assert again.repeatability() is None


def test_it_is_described(no_rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "info", str(no_rows)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("0 architectures; ")
    assert lines[4].split() == ["acc", "%", "more", "0", "-", "-", "accuracy"]


def test_its_surrogates_are_none(
    no_rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.npz"
    main(["surrogate", str(no_rows), "--out", str(out)])
    assert "surrogates (0, 8)" in capsys.readouterr().out
    assert load_npz(out)["surrogate"].shape == (0, 8)


def test_its_zero_cost_measures_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All was measured and written, and then the summary ended in an error of NumPy's."""
    table = NB201().enumerate()[:0]
    Dataset("none", table, {}, {}, space="nb201").save(tmp_path / "none.npz")
    out = tmp_path / "proxies.npz"
    main(["proxies", str(tmp_path / "none.npz"), "--measures", "params", "--out", str(out)])
    assert capsys.readouterr().out.splitlines()[1].split() == ["params", "0", "0", "nan", "-", "-"]
    assert len(ProxyTable.load(out).ids) == 0


@pytest.mark.parametrize(("n_rows", "metric"), [(0, "acc"), (2, "loss")])
def test_a_map_of_nothing_is_an_error_before_any_work(
    n_rows: int, metric: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset(n_rows).save(tmp_path / "t.npz")
    out, picture = tmp_path / "s.npz", tmp_path / "s.png"
    drawn = ["--out", str(out), "--picture", str(picture), "--metric", metric]
    with pytest.raises(SystemExit):
        main(["surrogate", str(tmp_path / "t.npz"), *drawn])
    assert f"filtered has no measured value of {metric} in its {n_rows} rows" in (
        capsys.readouterr().err
    )
    assert not out.exists()


def test_a_metric_without_a_value_is_shown_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset(2).save(tmp_path / "t.npz")
    main(["data", "info", str(tmp_path / "t.npz")])
    line = capsys.readouterr().out.splitlines()[5]
    assert line.split() == ["loss", "less", "0", "-", "-"]
