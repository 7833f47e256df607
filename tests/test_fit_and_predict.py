"""`nasflow fit` and `nasflow predict`: by default a blend, which says how sure it is, and why."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from unittest import mock

import pytest

from command_failures import failure
from nasflow.cli import main
from nasflow.prediction.predictor import Predictor

OLD_FILES = Path(__file__).parent / "golden"
N_LABELS = 27


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty chains of attention and MLP blocks in mine.jsonl; 27 of them have an accuracy."""
    lines = []
    for i in range(40):
        blocks = ["attn" if i >> b & 1 else "mlp" for b in range(6)]
        record = {"ops": ["input", *blocks, "output"], "edges": [[j, j + 1] for j in range(7)]}
        if i % 2 == 0 or i % 3 == 0:
            record["accuracy"] = 60.0 + 3 * blocks.count("attn") + 0.1 * i
        lines.append(json.dumps(record))
    (tmp_path / "mine.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def blend(mine: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A blend, fitted with no option at all; what it printed is read."""
    main(["fit", "mine.jsonl"])
    told = capsys.readouterr().out
    assert f"fitted on {N_LABELS} of 40 architectures: accuracy, more is better" in told
    assert f"on its {N_LABELS} labelled rows, each predicted without its label" in told
    assert "members by weight" in told
    return "fitted.safetensors"


def predicted(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, float]]:
    """The rows that `nasflow predict` prints."""
    capsys.readouterr()
    main(["predict", "--archs", "mine.jsonl", *words])
    rows = csv.DictReader(capsys.readouterr().out.splitlines())
    return [{name: float(value) for name, value in row.items()} for row in rows]


def test_predictions_come_with_deviations_and_intervals(
    blend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = predicted(capsys, "--model", blend, "--std", "--interval", "0.9")
    assert len(rows) == 40
    assert list(rows[0]) == ["row", "prediction", "std", "low", "high"]
    assert all(row["low"] <= row["prediction"] <= row["high"] for row in rows)
    assert all(row["std"] >= 0 for row in rows)
    narrow = predicted(capsys, "--model", blend, "--interval", "0.5")
    for wide, inner in zip(rows, narrow, strict=True):
        assert wide["low"] <= inner["low"] <= inner["high"] <= wide["high"]
    # the numbers themselves do not depend on what else is asked
    assert [row["prediction"] for row in predicted(capsys, "--model", blend)] == [
        row["prediction"] for row in rows
    ]


def test_the_best_come_first_with_their_intervals(
    blend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    every = predicted(capsys, "--model", blend, "--interval", "0.9")
    top = predicted(capsys, "--model", blend, "--interval", "0.9", "--top", "3")
    assert top == sorted(every, key=lambda row: -row["prediction"])[:3]


def test_a_prediction_is_explained(blend: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    words = ["predict", "--model", blend, "--archs", "mine.jsonl", "--explain", "1"]
    main(words)
    told = capsys.readouterr().out
    assert told.startswith("predicted ")
    for part in ("groups of features: ", "counts.attn", "nearest labelled rows:", "members: gp"):
        assert part in told
    main([*words, "--out", "why.txt"])
    assert Path("why.txt").read_text() == told


def test_an_interval_that_labels_are_too_few_for_is_told(
    blend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    main(["predict", "--model", blend, "--archs", "mine.jsonl", "--interval", "0.97"])
    captured = capsys.readouterr()
    assert "27 labels cannot tell an interval of 0.97" in captured.err
    assert "up to 0.96" in captured.err
    assert "-inf,inf" in captured.out
    finite = predicted(capsys, "--model", blend, "--interval", "0.96")
    assert all(math.isfinite(row["high"]) for row in finite)


def test_validation_rows_are_held_out_of_a_blend(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["fit", "mine.jsonl", "--validation", "0.2"])
    told = capsys.readouterr().out
    assert "fitted on 22 of 40 architectures" in told
    assert "on its 22 labelled rows" in told
    assert "Kendall tau on the 5 validation rows" in told
    # it chose nothing on them
    assert "epoch" not in told
    model = Predictor.load("fitted.safetensors")
    assert model.blend_.mixture_ is not None
    assert len(model.blend_.mixture_.labels) == 22


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--validation", "0.04"], "holds 1 of 27 labelled"),
        (["--validation", "0.97"], "holds 26 of 27 labelled"),
        (["--effort", "fast", "--encoder.width", "8"], "no place for options of --encoder"),
    ],
)
def test_an_option_that_could_do_nothing_is_refused(
    mine: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "mine.jsonl", *words])
    assert told in capsys.readouterr().err


def test_the_encoder_joins_where_somebody_cares_for_it(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--encoder.width", "8", "--encoder.n_layers", "1"]
    main(["fit", "mine.jsonl", *small, "--fit.epochs", "2"])
    assert "encoder" in Predictor.load("fitted.safetensors").blend_.weights_
    main(["pretrain", "mine.jsonl", *small, "--pretrain.epochs", "1", "--out", "p"])
    main(["fit", "mine.jsonl", "--model", "p", "--fit.epochs", "2"])
    assert {"encoder", "pretrained-encoder"} <= set(
        Predictor.load("fitted.safetensors").blend_.weights_
    )
    main(["fit", "mine.jsonl", "--model", "p", "--effort", "fast"])
    assert "encoder" not in Predictor.load("fitted.safetensors").blend_.weights_


def test_another_seed_is_another_blend_of_the_same_members(mine: Path) -> None:
    files = []
    for words in ([], ["--fit.seed", "0"], ["--fit.seed", "5"], ["--fit.seed", "21"]):
        main(["fit", "mine.jsonl", *words])
        assert "encoder" not in Predictor.load("fitted.safetensors").blend_.weights_
        files.append(Path("fitted.safetensors").read_bytes())
    assert files[0] == files[1]
    assert len(set(files)) == 3


def test_the_papers_method_is_asked_for_by_name(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--encoder.width", "8", "--encoder.n_layers", "1"]
    words = ["fit", "mine.jsonl", "--method", "fgp", *small, "--fit.epochs", "3"]
    main([*words, "--validation", "0.2"])
    told = capsys.readouterr().out
    assert "on the 5 validation rows" in told
    assert "of 3, chosen on these rows: an optimistic number" in told
    model = Predictor.load("fitted.safetensors")
    assert model.model == "fgp"
    assert model.fit_config.epoch_pairs == "labelled"
    assert not hasattr(model, "blend_")
    rows = predicted(capsys, "--model", "fitted.safetensors")
    assert list(rows[0]) == ["row", "prediction"]
    # fitting it anew, it stays what it is
    main(["fit", "mine.jsonl", "--model", "fitted.safetensors", "--fit.epochs", "1", "--out", "b"])
    assert Predictor.load("b").model == "fgp"


def test_files_of_earlier_versions_go_on_being_fgp(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Predictor.load(OLD_FILES / "predictor-v1.safetensors")
    assert model.model == "fgp"
    # version 2 before there were blends: today's header less what it did not say
    _drop(mine / "old", "model", "effort", "fit_given", "as_computed")
    assert Predictor.load("old").model == "fgp"
    main(["fit", "mine.jsonl", "--model", "old", "--fit.epochs", "1", "--out", "anew"])
    anew = Predictor.load("anew")
    assert anew.model == "fgp"
    assert not hasattr(anew, "blend_")
    # one may still have a blend of what it was pre-trained for
    main(["fit", "mine.jsonl", "--model", "old", "--method", "blend", "--fit.epochs", "1"])
    assert "encoder" in Predictor.load("fitted.safetensors").blend_.weights_


def _drop(path: Path, *names: str) -> None:
    """Write a model of version 2, its header without some names."""
    from nasflow.running.checkpoints import load_checkpoint, save_checkpoint

    small = ["--encoder.width", "8", "--encoder.n_layers", "1", "--pretrain.epochs", "1"]
    main(["pretrain", "mine.jsonl", "--method", "fgp", *small, "--out", str(path)])
    tensors, about, _ = load_checkpoint(path, "predictor")
    earlier = {name: value for name, value in about.items() if name not in names}
    assert len(earlier) == len(about) - len(names)
    with mock.patch("nasflow.running.checkpoints.VERSION", 2):
        save_checkpoint(path, "predictor", tensors, earlier)


def test_odd_values_end_in_one_line(blend: str, capsys: pytest.CaptureFixture[str]) -> None:
    predict = ["predict", "--model", blend, "--archs", "mine.jsonl"]
    for words, told in {
        "--interval 90": "--interval is 90; legal: a share between 0 and 1, such as 0.9",
        "--interval 0": "--interval is 0; legal",
        "--interval=-0.5": "--interval is -0.5; legal",
        "--explain 999": "--explain is 999; legal: a row of mine.jsonl, 0 to 39",
        "--explain -1": "--explain is -1; legal",
        "--explain 1 --top 3": "leave out --top",
        "--explain 1 --interval 0.9": "leave out --interval",
        "--explain 1 --std": "leave out --std",
    }.items():
        assert told in failure(capsys, *predict, *words.split())


def test_what_fgp_does_not_know_is_refused(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--encoder.width", "8", "--fit.epochs", "1"]
    main(["fit", "mine.jsonl", "--method", "fgp", *small, "--out", "f"])
    capsys.readouterr()
    for words in ("--std", "--interval 0.9", "--explain 0"):
        told = failure(capsys, "predict", "--model", "f", "--archs", "mine.jsonl", *words.split())
        assert f"{words.split()[0]} needs a blend, and f is none" in told
        assert "--method blend" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--method fgp --effort full", "--effort full is of a blend"),
        ("--effort fast --fit.epochs 2", "--effort fast has no graph network"),
        ("--method fpg", "fpg"),
        ("--effort slow", "slow"),
    ],
)
def test_options_that_do_nothing_are_refused_before_the_work(
    words: str, told: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in failure(capsys, "fit", "mine.jsonl", *words.split())
    assert not Path("fitted.safetensors").exists()
