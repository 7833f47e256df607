"""The blocks of the README are run, and print what it says they print."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.commands.registry import all_commands

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def test_it_is_short() -> None:
    assert len(README.read_text().splitlines()) < 150
    (example,) = blocks(README, "python")
    assert len(example.strip().splitlines()) <= 15


@pytest.mark.slow
def test_the_python_example_prints_what_stands_below_it() -> None:
    (example,), (expected,) = blocks(README, "python"), blocks(README, "text")
    assert_prints(README, example, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["features.md", "predict.md"])
def test_the_pages_on_predictions_print_what_stands_below_their_examples(name: str) -> None:
    page = ROOT / "docs" / name
    for example, expected in zip(blocks(page, "python"), blocks(page, "text"), strict=True):
        assert_prints(page, example, expected)


def assert_prints(page: Path, example: str, expected: str) -> None:
    """Return if an example prints what is expected, but for the last digits of numbers."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example, str(page), "exec"), {})
    for value, known in zip(out.getvalue().split(), expected.split(), strict=True):
        if re.fullmatch(r"0\.\d+", known):
            # another processor rounds differently, and with 100 labels that is seen in the second
            assert float(value) == pytest.approx(float(known), abs=0.05)
        else:
            assert value == known


COMMANDS = {
    README: "fit predict",
    ROOT / "docs" / "own-data.md": "fit predict pretrain fit predict",
    ROOT / "docs" / "predict.md": "fit predict predict predict pretrain fit predict",
}
RECORD = {"ops": ["input", "attn", "mlp", "output"], "edges": [[0, 1], [1, 2], [2, 3]]}


@pytest.mark.parametrize("page", COMMANDS, ids=lambda page: page.name)
def test_the_commands_run_in_their_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # a page on models need not say again what a table looks like
    records = [json.loads(block) for block in blocks(page, "json") or [json.dumps(RECORD)]]
    lines = []
    # as many that differ as a fifth held back leaves on both sides
    for i in range(16):
        middle = [("attn", "mlp", "conv", "norm")[i >> b & 3] for b in (0, 2)]
        # where a page has several, with numbers and without, one table may hold them all
        record = records[i % len(records)]
        element = {**record, "accuracy": 80 + i, "ops": ["input", *middle, "output"]}
        lines.append(json.dumps(element))
    for name in ("all.jsonl", "trained.jsonl", "mine.jsonl"):
        Path(name).write_text("\n".join(lines))
    commands = [
        shlex.split(line, comments=True)
        for text in blocks(page, "sh")
        for line in text.splitlines()
    ]
    ours = [words[1:] for words in commands if words[:1] == ["nasflow"]]
    assert " ".join(words[0] for words in ours) == COMMANDS[page]
    for words in ours:
        quick = {"pretrain": ["--pretrain.epochs", "1"], "fit": ["--fit.epochs", "2"]}
        # without a graph network a fit is quick already, and has no epochs
        trains_network = words[0] == "pretrain" or "--model" in words
        main([*words, *(quick.get(words[0], []) if trains_network else [])])


def test_every_command_named_on_a_page_exists() -> None:
    for page in [README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for line in re.findall(
            r"^(?:    )?nasflow ([a-z]+(?:-[a-z]+)*(?: [a-z]+)?)", page.read_text(), re.MULTILINE
        ):
            assert line in all_commands() or line.split()[0] in all_commands(), (
                f"{page.name}: nasflow {line}"
            )


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^\s*make ([a-z]+)", README.read_text(), re.MULTILINE))
    assert named <= targets


def test_links_lead_somewhere() -> None:
    for page in [README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
