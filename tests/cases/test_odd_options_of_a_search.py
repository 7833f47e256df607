"""A limit of 1e12 and a constraint that raises ended in tracebacks; a direction was not said."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.cli import main

TRAINER = """
def train(architecture):
    return len(architecture.ops)

def number(architecture):
    return architecture.ops.count("conv")

def fits(architecture):
    return "conv" in architecture.ops

def raises(architecture):
    raise KeyError("conv5")

def text(architecture):
    return "1e6"

def nothing(architecture):
    pass
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["conv", "pool"], "n_nodes": 3, "edges": "chain"}')
    Path("mine.py").write_text(TRAINER)


def search(*more: str) -> None:
    words = ["search", "space.yaml", "--train", "mine.py:train", "--strategy", "random"]
    main([*words, "--budget", "2", *more])


@pytest.mark.parametrize("limit", ["1e12", "1e300"])
def test_a_limit_of_any_length_is_none(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    search("--limit", limit)
    assert "2 results" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--constraints", "--second"])
@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("raises", "'mine.py:raises' raised KeyError: 'conv5'"),
        ("text", "'mine.py:text' is '1e6', no number"),
        ("nothing", "'mine.py:nothing' is None, no number"),
    ],
)
def test_a_function_that_gives_no_number_is_one_line(
    option: str, function: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    condition = " < 3" if option == "--constraints" else ""
    with pytest.raises(SystemExit) as end:
        search(option, f"mine.py:{function}{condition}")
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert words in message
    assert "of the architecture ['input'" in message


@pytest.mark.parametrize("condition", ["mine.py:number < 2", "mine.py:fits > 0"])
def test_numbers_and_truth_values_are_conditions(
    condition: str, capsys: pytest.CaptureFixture[str]
) -> None:
    search("--constraints", condition)
    assert "2 results" in capsys.readouterr().out


def on_front(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    search("--second", "mine.py:number", "--budget", "8", *more)
    return capsys.readouterr().out


def test_the_direction_of_the_second_objective_is_an_option_and_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    less = on_front(capsys)
    assert "mine.py:number less is better" in less
    assert "pool > pool > pool" in less
    more = on_front(capsys, "--second_maximise", "--study", "more.db")
    assert "mine.py:number more is better" in more
    assert "conv > conv > conv" in more
    with pytest.raises(SystemExit):
        search("--help")
    assert "of a function less" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit):
        search("--second_maximise")
    assert "goes with --second" in capsys.readouterr().err
