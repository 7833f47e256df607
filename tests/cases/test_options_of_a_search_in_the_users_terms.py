"""A key that stands twice in YAML lost its first value; `--seed -1` named a class."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.running.yaml_text import strict_yaml

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


def test_what_is_merged_may_be_overridden() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n"
    assert strict_yaml(text)["c"] == {"x": 3}


@pytest.mark.parametrize("option", ["seed", "n_initial"])
def test_a_value_that_is_not_legal_names_the_option(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, "space.yaml", *WORDS, f"--{option}", "-1")
    assert f"nasflow: --{option} is -1; legal" in message
