"""The page of the spaces of sizes says what its commands print, and what the spaces count."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from nasflow.spaces import load_space

PAGE = (Path(__file__).parents[2] / "docs" / "spaces" / "sizes.md").read_text()
ROWS = re.findall(r"^\| `([a-z0-9-]+)` \| .* \| ([0-9.,e]+) \| `(.*)` \|$", PAGE, re.MULTILINE)


def test_the_example_prints_what_stands_below_it() -> None:
    blocks = re.findall(r"^```(python|text)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (_, example), (_, expected) = blocks
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example, "docs/spaces/sizes.md", "exec"), {})
    assert out.getvalue() == expected


@pytest.mark.parametrize(("name", "n_elements", "notation"), ROWS)
def test_counts_and_notations_are_those_of_the_space(
    name: str, n_elements: str, notation: str
) -> None:
    space = load_space(name)
    counted = f"{space.n_elements:,}" if "," in n_elements else f"{space.n_elements:.1e}"
    assert counted.replace("e+", "e") == n_elements
    assert space.format(space.parse(notation)) == notation


def test_every_row_of_the_table_was_read() -> None:
    assert [name for name, _, _ in ROWS] == re.findall(r"^\| `([a-z0-9-]+)` ", PAGE, re.MULTILINE)
