"""A key that stands twice in YAML lost its first value; `--seed -1` named a class."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.running.yaml_text import strict_yaml
from nasflow.spaces import load_space

WORDS = ["--train", "mine.py:train", "--strategy", "random", "--budget", "1"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text("ops: [conv, pool]\nn_nodes: 2\nedges: chain\n")
    Path("mine.py").write_text("def train(a): return 1")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(["search", *words])
    assert end.value.code == 2
    assert not Path("study.db").exists()
    return capsys.readouterr().err


def test_a_key_that_stands_twice_is_refused_with_both_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("twice.yaml").write_text("ops: [conv, pool]\nn_nodes: 2\nops: [attn]\nedges: chain\n")
    message = refused(capsys, "twice.yaml", *WORDS)
    assert "twice.yaml, line 3: the key 'ops' stands in line 1 already" in message
    Path("config.yaml").write_text("budget: 3\nseed: 1\nbudget: 4\n")
    for words in (["--config", "config.yaml"], ["--config=config.yaml"]):
        message = refused(capsys, "space.yaml", *WORDS, *words)
        assert "config.yaml, line 3: the key 'budget' stands in line 1 already" in message


def test_a_number_that_yaml_takes_for_a_text_is_the_number() -> None:
    Path("rates.yaml").write_text(
        "ops: [conv]\nn_nodes: 2\nedges: chain\nfeatures: {conv: {rate: [1e-3, 1E-2, 0.1]}}\n"
    )
    ops = load_space("rates.yaml").ops
    assert [op for op in ops if op.startswith("conv")] == [
        "conv[rate=0.001]",
        "conv[rate=0.01]",
        "conv[rate=0.1]",
    ]


def test_a_name_that_yaml_takes_for_a_truth_value_is_to_be_quoted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("yes.yaml").write_text("ops: [conv, yes]\nn_nodes: 2\nedges: chain\n")
    message = refused(capsys, "yes.yaml", *WORDS)
    assert "ops is ['conv', True]; legal: " in message
    assert "in quotes where YAML would read another thing" in message


def test_letters_of_all_scripts_stand_in_the_winner_as_they_are() -> None:
    Path("letters.yaml").write_text("ops: [größe, 卷积]\nn_nodes: 2\nedges: chain\n")
    main(["search", "letters.yaml", *WORDS])
    text = Path("study/best.json").read_text(encoding="utf-8")
    assert "größe" in text or "卷积" in text
    assert "\\u" not in text
    assert json.loads(text)["trial"] == 0


def test_what_is_merged_may_be_overridden() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n"
    assert strict_yaml(text)["c"] == {"x": 3}


@pytest.mark.parametrize("option", ["seed", "n_initial"])
def test_a_value_that_is_not_legal_names_the_option(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, "space.yaml", *WORDS, f"--{option}", "-1")
    assert f"nasflow: --{option} is -1; legal" in message
