"""Options that did nothing were accepted: those of an encoder, where the model has its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.cli import main
from small import labels, table


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pre-trained model beside mine.jsonl."""
    import json

    few = table(12)
    lines = []
    for graph, value in zip(few, labels(few).tolist(), strict=True):
        lines.append(json.dumps({**graph.to_dict(), "accuracy": value}) + "\n")
    (tmp_path / "mine.jsonl").write_text("".join(lines))
    monkeypatch.chdir(tmp_path)
    small = ["--encoder.width", "8", "--pretrain.epochs", "1", "--out", "model"]
    main(["pretrain", "mine.jsonl", *small])
    return tmp_path / "model"


@pytest.mark.parametrize(
    "words",
    [
        "fit mine.jsonl --model model --encoder.name gin --encoder.width 256",
        "fit mine.jsonl --model=model --encoder.width 256",
        "pretrain mine.jsonl --encoder.n_heads 2",
        "pretrain mine.jsonl --task.gmae.mask_share 0.5",
        "pretrain mine.jsonl --pretrain.margin 0.5",
        "evaluate mine.jsonl --methods none,flow --task.graphcl.temperature 1",
        "search nb201 --train t.py:f --strategy random --population 3",
        "search nb201 --train t.py:f --strategy evolution --encoder.width 8",
        "search nb201 --train t.py:f --strategy gp-onehot --fit.epochs 8",
    ],
)
def test_an_option_that_does_not_apply_is_refused(
    words: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words.split())
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    wrong = [word.removeprefix("--") for word in words.split() if word.startswith("--")]
    assert any(option in error for option in wrong if option not in ("model", "train"))


def test_they_are_accepted_where_they_apply(model: Path) -> None:
    heads = ["--encoder.name", "transformer", "--encoder.n_heads", "2"]
    main(["fit", "mine.jsonl", *heads, "--fit.epochs", "1"])
    masked = ["--pretrain.pretext", "gmae", "--task.gmae.mask_share", "0.5"]
    main(["pretrain", "mine.jsonl", *masked, "--pretrain.epochs", "1"])
