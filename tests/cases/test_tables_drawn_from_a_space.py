"""Commands that take a table refused a space by its suffix; now they say what draws a table."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from command_failures import failure
from nasflow.cli import main
from nasflow.datasets import open_dataset
from nasflow.datasets.space_names import how_to_sample
from nasflow.errors import DataError
from nasflow.spaces import load_space
from nasflow.spaces.registry import space_names

SPACE = "ops: [conv, pool]\nn_nodes: 3\nedges: chain\n"  # eight elements
CLASS = """
from nasflow.spaces.nb201 import NB201

class Mine(NB201):
    name = "mine"
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(SPACE)
    Path("mine.py").write_text(CLASS)


def sample(space: str, n: int, out: str, *more: str) -> None:
    main(["data", "sample", space, "--n", str(n), "--out", out, *more])


@pytest.mark.parametrize("space", [*space_names(), "mine.py:Mine"])
def test_a_sample_of_any_space_is_a_table_without_twins(space: str) -> None:
    tables = []
    for out in ("a.jsonl", "a.npz"):
        sample(space, 40, out)
        dataset = open_dataset(out)
        assert len(dataset) == 40
        tables.append(dataset.table)
    assert {a.canonical_id for a in tables[0]} == {a.canonical_id for a in tables[1]}
    if space == "mine.py:Mine":
        return
    # a line has what trains the architecture; an .npz knows its space, so networks can be built
    texts = [json.loads(line)["arch"] for line in Path("a.jsonl").read_text().splitlines()]
    elements = [load_space(space).parse(text) for text in texts]
    assert len({element.canonical_id for element in elements}) == 40
    assert open_dataset("a.npz").space == space


def test_a_seed_decides_and_more_of_it_begins_the_same() -> None:
    sample("nb201", 30, "a.jsonl")
    sample("nb201", 1200, "b.jsonl")
    sample("nb201", 30, "c.jsonl", "--seed", "1")
    first = Path("a.jsonl").read_text().splitlines()
    assert Path("b.jsonl").read_text().splitlines()[:30] == first
    assert Path("c.jsonl").read_text().splitlines() != first


def test_a_space_with_fewer_gives_all_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    sample("space.yaml", 100, "a.jsonl")
    told = capsys.readouterr().out
    assert "a.jsonl: 8 architectures of space.yaml" in told
    assert "no more than these" in told
    sample("space.yaml", 8, "b.jsonl")
    assert "no more than" not in capsys.readouterr().out
    table = open_dataset("a.jsonl").table
    assert len(set(table.canonical_ids)) == 8
    assert {a.ops for a in table} == {a.ops for a in load_space("space.yaml").enumerate()}


@pytest.mark.parametrize("words", ["data info", "pretrain", "fit", "features", "choose --n 3"])
@pytest.mark.parametrize("space", ["space.yaml", "mine.py:Mine", "darts"])
def test_a_space_in_place_of_a_table_gets_the_command_to_run_first(
    capsys: pytest.CaptureFixture[str], words: str, space: str
) -> None:
    error = failure(capsys, *words.split(), space)
    assert f"{space} is a space, and a table of its architectures is needed" in error
    command = shlex.split(error.split("`")[1])
    out = command[-1]
    assert f"name {out} in its place" in error
    # the very command that is named
    command[command.index("--n") + 1] = "20"
    main(command[1:])
    capsys.readouterr()
    if words == "data info":
        main([*words.split(), out])
        assert "architectures of" in capsys.readouterr().out


def test_proxies_of_a_space_need_networks(capsys: pytest.CaptureFixture[str]) -> None:
    error = failure(capsys, "proxies", "space.yaml", "--measures", "params")
    assert "space.yaml is a space of your own, for which there are no networks" in error
    error = failure(capsys, "proxies", "darts", "--measures", "params")
    assert "nasflow data sample darts --n 1000 --out darts.npz" in error
    sample("darts", 3, "darts.jsonl")
    error = failure(capsys, "proxies", "darts.jsonl", "--measures", "params")
    assert "an .npz of `nasflow data sample`" in error
    sample("darts", 3, "darts.npz")
    main(["proxies", "darts.npz", "--measures", "params", "--jobs", "1", "--out", "p.npz"])
    assert "params" in open_dataset("darts.npz+p.npz").metrics


def test_a_name_with_spaces_is_quoted() -> None:
    told = how_to_sample("my space.yaml")
    assert told is not None
    assert "'my space.yaml' --n 1000 --out 'my space.jsonl'" in told
    with pytest.raises(DataError, match="nasflow data sample"):
        open_dataset("other.yml")


def test_options_that_cannot_be_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--n is 0" in failure(capsys, "data", "sample", "nb201", "--n", "0")
    assert "--seed is -1" in failure(capsys, "data", "sample", "nb201", "--seed", "-1")
    assert ".jsonl and .npz" in failure(capsys, "data", "sample", "nb201", "--out", "a.csv")
    assert "unknown space 'nb20'" in failure(capsys, "data", "sample", "nb20")
    assert list(Path().glob("*.jsonl")) == []
