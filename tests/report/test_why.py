"""Why two test rows are predicted as they are: the blend of the first run, explained anew."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nasflow import Blend, open_dataset
from nasflow.experiments.evaluate import evaluate
from nasflow.experiments.protocol import split_of
from nasflow.experiments.records import RunRecord
from nasflow.options.protocol import ProtocolConfig
from nasflow.report.build import write_report
from nasflow.report.results import read_results
from nasflow.report.section import Figure, Table
from nasflow.report.why import METHODS, why_section
from report.handmade import write_dataset, write_results
from report.reading import Report
from small import labels, table

PROTOCOL = ProtocolConfig(ratio=0.4, n_validation=8, splits=(1, 2), seeds=(1,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of a few small cells, beside its data set."""
    root = tmp_path_factory.mktemp("why")
    few = table(120)
    lines = []
    for cell, value in zip(few, labels(few).tolist(), strict=True):
        lines.append(json.dumps({**cell.to_dict(), "accuracy": value}))
    (root / "mine.jsonl").write_text("\n".join(lines))
    data = str(root / "mine.jsonl")
    methods = ("features", "blend-fast")
    evaluate(data, methods=methods, folder=root / "results", protocol=PROTOCOL, progress=False)
    return root / "results"


def test_the_rows_are_the_best_and_the_most_missed_and_explained_as_the_blend_explains(
    folder: Path,
) -> None:
    results = read_results(folder)
    section = why_section(results)
    assert list(section.parts) == ["Predicted best", "Missed most"]
    dataset = open_dataset(str(folder.parent / "mine.jsonl"))
    accuracy = dataset.labels("accuracy")
    split = split_of(dataset, ("accuracy",), 1, PROTOCOL)
    rows = np.sort(np.concatenate([split.train, split.validation]))
    blend = Blend(vocabulary=dataset.table.vocabulary, seed=1)
    blend.fit(dataset.table[rows], accuracy[rows])
    entry = next(entry for entry in results.entries if entry["method"] == "blend-fast")
    record = RunRecord.load(folder, entry["key"])
    order = np.argsort(np.argsort(record.predicted)) - np.argsort(np.argsort(record.truth))
    places = [int(np.argmax(record.predicted)), int(np.argmax(np.abs(order)))]
    for place, part in zip(places, section.parts.values(), strict=True):
        row = int(record.rows[place])
        why = blend.explain(dataset.table[np.array([row])])
        assert part.text.startswith(f"Row {row}: predicted {why.prediction:.5g}")
        effects, near, nearest = part.blocks
        assert isinstance(effects, Figure)
        assert isinstance(near, Figure)
        assert isinstance(nearest, Table)
        groups, features = effects.traces
        assert groups["y"] == list(why.groups)
        np.testing.assert_allclose(groups["x"], list(why.groups.values()), rtol=1e-3, atol=1e-9)
        assert [text.split(" = ")[0] for text in features["y"]] == [f.name for f in why.features]
        assert set(effects.traces[0]["customdata"]) == {row}
        neighbours = [int(rows[each.row]) for each in why.neighbours]
        assert near.traces[0]["customdata"] == neighbours
        assert [line[0] for line in nearest.rows[1:]] == [f"row {row}" for row in neighbours]
        np.testing.assert_allclose(near.traces[0]["y"], accuracy[neighbours], rtol=1e-4)


def test_the_page_has_the_cells_that_it_explains(folder: Path, tmp_path: Path) -> None:
    write_report(folder, tmp_path / "r.html")
    report = Report(tmp_path / "r.html")
    assert "Missed most" in report.text
    dataset = open_dataset(str(folder.parent / "mine.jsonl"))
    for name in ("why0-effects", "why0-near", "why1-effects", "why1-near"):
        for row in report.traces(name)[0]["customdata"]:
            architecture = dataset.table[row]
            assert report.cells()[row][0] == list(architecture.ops)
            assert sorted(report.cells()[row][1]) == sorted(architecture.edges)


def test_an_encoder_alone_is_not_explained(tmp_path: Path) -> None:
    assert "none" not in METHODS
    write_report(
        write_results(tmp_path / "r", write_dataset(tmp_path / "chains.jsonl")), tmp_path / "r.html"
    )
    assert "Missed most" not in (tmp_path / "r.html").read_text()


def test_another_split_than_that_of_the_predictions_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "results"
    copy.mkdir()
    for name in ("manifest.json", "runs.jsonl"):
        (copy / name).write_text((folder / name).read_text())
    (copy / "predictions").symlink_to(folder / "predictions")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["options"]["protocol"]["n_validation"] = 9
    (copy / "manifest.json").write_text(json.dumps(manifest))
    said = write_report(copy, tmp_path / "r.html")
    assert "left out: Why (the test rows of split 1 are not those" in said
