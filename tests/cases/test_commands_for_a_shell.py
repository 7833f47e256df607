"""A pipe or `cd x && ...` in --train was passed on to the program as words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nasflow.errors import ConfigError
from nasflow.search.training import Training, check_train, outcome
from nasflow.spaces.nb201 import NB201

SPACE = NB201()
CELL = SPACE.from_tuple(["conv3x3", *["none"] * 5])
PYTHON = sys.executable


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (f"{PYTHON} train.py {{arch_json}} | tail -1", "|"),
        (f"cd x && {PYTHON} train.py {{arch_json}}", "cd"),
        (f"FOO=1 {PYTHON} train.py {{arch_json}}", "FOO=1"),
        (f"{PYTHON} a.py {{arch_json}} && {PYTHON} b.py", "&&"),
        (f"{PYTHON} a.py {{arch_json}}; {PYTHON} b.py", "{arch_json};"),
        (f"{PYTHON} a.py {{arch_json}} 2>&1", "2>&1"),
        (f"{PYTHON} a.py {{arch_json}} > log", ">"),
        (f"{PYTHON} a.py {{arch_json}} 2>/dev/null", "2>/dev/null"),
        (f"{PYTHON} a.py {{arch_json}} &", "&"),
        ("source env/bin/activate; python a.py {arch_json}", "source"),
        (f"{PYTHON} ~/train.py {{arch_json}}", "~/train.py"),
        (f"{PYTHON} train.py {{arch_json}} --data $DATA/x", "$DATA/x"),
        (f"{PYTHON} train.py {{arch_json}} --data=${{DATA}}", "--data=${DATA}"),
        (f"{PYTHON} train.py {{arch_json}} --seed $(date)", "$(date)"),
        (f"{PYTHON} train.py {{arch_json}} --seed `date`", "`date`"),
    ],
)
def test_what_needs_a_shell_is_told_with_how_to_have_one(command: str, word: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_train(command)
    assert f"{word!r} in the command" in str(raised.value)
    assert "sh -c" in str(raised.value)


@pytest.mark.parametrize(
    "command",
    [
        f"{PYTHON} train.py --separator '|' {{arch_json}}",
        f'{PYTHON} train.py --separator "&&" {{arch_json}}',
        f"{PYTHON} -c 'import sys; print(1 > 0)' {{arch_json}}",
        f"{PYTHON} train.py --token <unk> --lr=0.1 {{arch_json}}",
        f"{PYTHON} train.py --shape (3,4) {{arch_json}} # 3",
        f"{PYTHON} train.py --pattern '$DATA' --price 5$ --cost=$5 \\$x {{arch_json}}",
        f"{PYTHON} train.py --near a~/b {{arch_json}}",
        "sh -c 'python $HOME/train.py {arch_json} $(date)'",
        "env FOO=1 python3 train.py {arch_json}",
        "sh -c 'cd x && python train.py {arch_json} | tail -1'",
    ],
)
def test_what_needs_none_is_taken_as_before(command: str) -> None:
    check_train(command)


SCRIPT = "import json, sys; print(len(json.loads(sys.argv[1])['ops']))"


@pytest.mark.parametrize("mark", ["{arch_json}", "'{arch_json}'", '"{arch_json}"'])
def test_a_shell_hands_the_architecture_on_as_it_is(
    mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(SCRIPT)
    line = f"FOO=1 {PYTHON} train.py {mark} | tail -1"
    escaped = line.replace("\\", "\\\\").replace('"', '\\"')
    training = Training("", 0, CELL, SPACE.format(CELL), f'sh -c "{escaped}"', 20, "")
    assert outcome(training) == (8.0, None)


def test_a_notation_with_pipes_is_quoted_too() -> None:
    command = f"sh -c \"{PYTHON} -c 'import sys; print(len(sys.argv[1]))' {{arch}}\""
    notation = SPACE.format(CELL)
    assert outcome(Training("", 0, CELL, notation, command, 20, "")) == (len(notation), None)


def test_an_argument_that_is_too_long_is_a_failure_with_a_reason() -> None:
    command = f"{PYTHON} -c 'print(1)' {{arch}}"
    value, reason = outcome(Training("", 0, CELL, "x" * 300_000, command, 20, ""))
    assert value is None
    assert "too long" in str(reason)
