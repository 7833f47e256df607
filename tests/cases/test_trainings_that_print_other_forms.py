"""A script that printed `accuracy: 0.93` failed each training of the budget, and exit was 0."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.errors import ConfigError
from nasflow.search.second_reading import read_again
from nasflow.search.store import Store
from nasflow.search.training import Training, check_train, outcome
from nasflow.spaces.nb201 import NB201

SPACE = NB201()
CELL = SPACE.from_tuple(["conv3x3", *["none"] * 5])
YAML = '{"ops": ["conv", "pool", "skip"], "n_nodes": 3, "edges": "chain"}'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(YAML)


def script(code: str) -> str:
    """The command of a script of some lines."""
    Path("train.py").write_text(code)
    return f"{sys.executable} train.py {{arch_json}}"


def attempt(
    code: str, result: str | None = None, limit: float = 20.0
) -> tuple[float | None, str | None]:
    command = script(code)
    check_train(command, result)
    training = Training("", 7, CELL, SPACE.format(CELL), command, limit, "")
    if result is not None:
        training = Training("", 7, CELL, SPACE.format(CELL), command, limit, "", result)
    return outcome(training)


def search(*more: str) -> None:
    words = ["search", "space.yaml", "--train", f"{sys.executable} train.py {{arch_json}}"]
    main([*words, "--budget", "6", "--strategy", "random", "--study", "study.db", *more])


def test_it_stops_after_three_and_says_what_was_expected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    script('print("accuracy: 0.93 (std 0.01)")')
    with pytest.raises(SystemExit) as end:
        search()
    assert end.value.code
    message = capsys.readouterr().err
    for words in (
        "the first 3 trainings failed in the same way",
        "accuracy: 0.93 (std 0.01)",
        "expected: exit code 0, and a line that is a number",
        "--result json:KEY",
        "NASFLOW_RESULT",
        "--retry_failed",
    ):
        assert words in message
    assert len(Path("study/trials.csv").read_text().splitlines()) == 4


def test_failed_trainings_are_tried_again_once_the_script_is_mended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    script('print("accuracy: 0.93")')
    with pytest.raises(SystemExit):
        search()
    search("--retry-failed", "--result", r"regex:accuracy: (\S+)")
    assert "6 results, the best 5" in capsys.readouterr().out


COUNTING = """
import os, sys
open("begun", "a").write("x")
print("loss: 0.5", file=sys.stderr)
print({})
"""


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ('"accuracy: 0.93 (std 0.01)"', "regex:accuracy: ([0-9.]+)"),
        ('"93.2%"', "regex:([0-9.]+)%"),
        ("'{\"accuracy\": 0.93}'", "json:accuracy"),
    ],
)
def test_what_was_printed_is_read_again_and_nothing_is_trained_twice(
    line: str, result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script(COUNTING.replace("{}", line))
    with pytest.raises(SystemExit):
        search()
    assert "reads what they printed" in capsys.readouterr().err
    # one misspelt form more: nothing fits, so they begin anew
    misspelt = result.replace("accuracy", "acuracy").replace("%", "percent")
    with pytest.raises(SystemExit):
        search("--retry_failed", "--result", misspelt)
    assert "3 failed trainings are begun anew" in capsys.readouterr().out
    assert Path("begun").read_text() == "x" * 6
    search("--retry_failed", "--result", result)
    value = "93.2" if "%" in line else "0.93"
    said = f"3 results are read from what the trainings had printed (trial 0: {value}, trial 1: "
    out = capsys.readouterr().out
    assert said in out
    assert "; 0 failed trainings are begun anew" in out
    assert "6 results, the best 5" in out
    # of a budget of six the other three
    assert Path("begun").read_text() == "x" * 9
    trials = Store("study.db").trials()
    assert [trial.value for trial in trials] == [float(value)] * 6
    assert "printed no line" in trials[0].former[-1]


@pytest.mark.parametrize(
    ("code", "result"),
    [
        # it ended badly after its number
        ("print('accuracy: 0.9'); raise SystemExit(3)", "regex:accuracy: ([0-9.]+)"),
        # without a form nothing tells a result from any other number
        ("import sys; sys.stderr.write('7\\n'); print('accuracy: 0.9')", None),
        ("print('accuracy: 1e999')", r"regex:accuracy: (\S+)"),
    ],
)
def test_what_does_not_tell_a_result_is_trained_again(code: str, result: str | None) -> None:
    script(code)
    with pytest.raises(SystemExit):
        search()
    store = Store("study.db")
    assert read_again(store, result) == {}
    assert [trial.state for trial in store.trials()] == ["failed"] * 3


def test_no_result_at_all_is_no_success() -> None:
    script("raise SystemExit(int(__import__('random').random() * 100) + 1)")
    with pytest.raises(SystemExit) as end:
        search("--give_up", "0")
    assert end.value.code
    assert len(Path("study/trials.csv").read_text().splitlines()) == 7


@pytest.mark.parametrize(
    ("printed", "result", "value"),
    [
        ('{"accuracy": 0.93, "loss": 1}', "json:accuracy", 0.93),
        ('{"test": {"accuracy": 0.93}}', "json:test.accuracy", 0.93),
        ('{"accuracy": 0.5}\\n{"accuracy": 0.93}\\n{"end": 1}', "json:accuracy", 0.93),
        ("epoch 1 93.0%, epoch 2 93.2%", "regex:([0-9.]+)%", 93.2),
        ("accuracy: 0.93 (std 0.01)", "regex:accuracy: ([0-9.]+)", 0.93),
        ("acc=0.93", r"regex:(?<=acc=)\S+", 0.93),
    ],
)
def test_other_forms_are_read(printed: str, result: str, value: float) -> None:
    assert attempt(f"print('''{printed}''')", result) == (value, None)


@pytest.mark.parametrize("content", ["0.93", '{\\n "accuracy": 0.93\\n}'])
def test_a_result_file_counts_before_what_is_printed(content: str) -> None:
    result = "json:accuracy" if "accuracy" in content else None
    code = f"import os; open(os.environ['NASFLOW_RESULT'], 'w').write('''{content}''')\nprint(7)"
    assert attempt(code, result) == (0.93, None)


@pytest.mark.parametrize("line", ["8_1", "٣٤", "20241129_101500", "0x10", "93.2%", "1e", "True"])
def test_what_only_python_takes_for_a_number_is_none(line: str) -> None:
    value, reason = attempt(
        f"import sys; sys.stdout.buffer.write('0.5\\n{line}\\n'.encode())",
    )
    assert (value, reason) == (0.5, None)


def test_the_last_number_is_kept_however_much_follows() -> None:
    code = "print(0.93)\nfor _ in range(20000): print('saved weights ' + 'x' * 100)"
    assert attempt(code) == (0.93, None)
    # also behind a line without an end, as of a progress bar
    assert attempt("print(0.93)\nprint('x' * 3_000_000)\nprint('y' * 100_000)") == (0.93, None)


def test_a_command_over_its_limit_keeps_its_tail() -> None:
    code = "import time; print('epoch 1', flush=True); time.sleep(60)"
    value, reason = attempt(code, limit=1.5)
    assert value is None
    assert reason == "took longer than 1.5 s; its output ended: epoch 1"


@pytest.mark.parametrize("result", ["accuracy", "json:", "regex:", "regex:(", "xml:a"])
def test_forms_that_there_are_not_are_told_before_the_first_training(result: str) -> None:
    with pytest.raises(ConfigError, match="--result"):
        check_train(script("print(1)"), result)


def test_a_form_does_not_apply_to_a_function() -> None:
    Path("mine.py").write_text("def f(a): return 1")
    with pytest.raises(ConfigError, match="a function returns a number"):
        check_train("mine.py:f", "json:accuracy")
