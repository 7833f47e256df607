"""0.94 and 94.0 in one column, and 101.5 or -3 in one declared in %, were labels without a word."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from nasflow import open_dataset
from nasflow.cli import main
from nasflow.datasets.importing import import_table
from nasflow.errors import DataError, DataWarning


def written(title: str, values: list[str], folder: Path) -> Path:
    path = folder / "own.csv"
    rows = [f"op{row},,{value}" for row, value in enumerate(values)]
    path.write_text("\n".join([f"ops,edges,{title}", *rows]))
    return path


@pytest.mark.parametrize("value", ["101.5", "-3", "1e300"])
def test_a_percentage_that_is_none_is_refused(value: str, tmp_path: Path) -> None:
    path = written("acc [%]", ["81", value, "82"], tmp_path)
    with pytest.raises(DataError, match=r"line 3: acc is .*, and declared in %; legal: 0 to 100"):
        open_dataset(str(path))
    assert [item.number for item in import_table("csv", path).rejected] == [3]
    path = tmp_path / "own.jsonl"
    path.write_text(f'{{"ops": ["a"], "edges": [], "acc [%]": [81, {value}]}}')
    with pytest.raises(DataError, match="declared in %"):
        open_dataset(str(path))


@pytest.mark.parametrize("title", ["acc [%]", "acc", "test_accuracy", "err [%]", "top1"])
def test_fractions_beside_percentages_are_a_warning(
    title: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(title, ["0.94", "94.0", "93.5"], tmp_path)
    with pytest.warns(DataWarning, match="such as 0.94 and 93.5: fractions beside percentages"):
        assert len(open_dataset(str(path))) == 3
    main(["data", "info", str(path)])
    assert "fractions beside percentages" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("acc [%]", ["0", "93", "94"]),
        ("acc [%]", ["0.5", "1.5", "4", "12", "40", "90"]),  # down to chance level
        ("acc", ["0.93", "0.94", "1.0"]),
        ("acc", ["-1", "0.5", "50"]),
        ("acc [points]", ["0.5", "50", "70"]),
        ("params", ["0.5", "50", "70"]),
        ("latency [ms]", ["0.5", "50", "170"]),
    ],
)
def test_other_spans_are_not(title: str, values: list[str], tmp_path: Path) -> None:
    path = written(title, values, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_dataset(str(path)).labels().tolist() == [float(value) for value in values]
