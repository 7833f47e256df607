"""What is chosen to be labelled lowers the variance of the others most, step by step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nasflow import Architecture, ArchTable, Blend, choose, kendall_tau, load_space, open_dataset
from nasflow.cli import main
from nasflow.errors import ConfigError, DataError
from nasflow.prediction import choice


@pytest.fixture(scope="module")
def cells() -> ArchTable:
    table = load_space("nb201").enumerate()
    return table[np.random.RandomState(0).permutation(len(table))[:300]]


def slowly(kernel: np.ndarray, known: list[int], n: int) -> list[int]:
    """The same by solving for every row that could be next, over all rows as reference."""
    chosen: list[int] = []
    for _ in range(n):
        left = [row for row in range(len(kernel)) if row not in known + chosen]
        costs = []
        for row in left:
            taken = [*known, *chosen, row]
            inner = kernel[np.ix_(taken, taken)] + choice.NOISE * np.eye(len(taken))
            cross = kernel[taken]
            costs.append(np.trace(kernel - cross.T @ np.linalg.solve(inner, cross)))
        chosen.append(left[int(np.argmin(costs))])
    return chosen


@pytest.mark.parametrize("known", [[], [3, 17]])
def test_each_row_is_the_best_next_one(cells: ArchTable, known: list[int]) -> None:
    table = cells[:40]
    every = np.arange(len(table))
    blocks = choice._blocks(table, every, ("paths", "counts"), {})
    kernel = choice._kernel(blocks, every, every).astype(np.float64)
    rows = choose(table, 6, known, groups=("paths", "counts"))
    assert rows.tolist() == slowly(kernel, known, 6)


def test_a_larger_choice_begins_with_the_smaller_one(cells: ArchTable) -> None:
    assert choose(cells, 20)[:7].tolist() == choose(cells, 7).tolist()
    assert len(set(choose(cells, 300).tolist())) == 300


def test_what_is_labelled_is_not_chosen_and_what_it_teaches_is_known(cells: ArchTable) -> None:
    first = choose(cells, 10)
    further = choose(cells, 10, first)
    assert not set(first) & set(further)
    assert choose(cells, 20)[10:].tolist() == further.tolist()
    mask = np.zeros(len(cells), bool)
    mask[first] = True
    assert choose(cells, 10, mask).tolist() == further.tolist()


def test_a_large_table_is_chosen_from_by_a_sample(
    cells: ArchTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "MAX_CANDIDATES", 50)
    monkeypatch.setattr(choice, "MAX_REFERENCE", 40)
    first, again, other = (choose(cells, 8, [1, 2], seed=seed) for seed in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert len(choose(cells, 80)) == 80  # more than the sample would hold


def test_chosen_rows_teach_more_than_random_ones() -> None:
    table = load_space("nasbench-macro").enumerate()[::5]
    # of each layer its own weight, as in a real network
    labels = table.ops.reshape(len(table), -1) @ np.linspace(1, 3, table.node_ptr[1]) ** 2
    taus = []
    for rows in (
        choose(table, 15),
        *(np.random.RandomState(s).permutation(len(table))[:15] for s in range(4)),
    ):
        predicted = Blend(["graph-gp"]).fit(table[rows], labels[rows]).predict(table)
        taus.append(kendall_tau(predicted, labels))
    assert taus[0] > np.mean(taus[1:])


def test_rows_that_nothing_tells_apart_are_chosen_all_the_same(cells: ArchTable) -> None:
    twins = cells[np.zeros(6, int)]
    assert sorted(choose(twins, 6).tolist()) == list(range(6))


def test_proxies_tell_rows_apart(cells: ArchTable) -> None:
    twins = cells[np.zeros(6, int)]
    column = {"size": np.array([0.0, 0.0, 0.0, 0.0, 0.0, np.inf])}
    assert len(choose(twins, 2, proxies=column)) == 2


def test_for_the_top_every_second_row_is_from_the_better_half_by_proxies(cells: ArchTable) -> None:
    proxies = {"size": np.arange(len(cells)) * 1.0, "failed": np.full(len(cells), np.nan)}
    rows = choose(cells, 12, proxies=proxies, aim="top")
    better = rows >= len(cells) // 2
    assert better[::2].all()
    assert not np.array_equal(rows, choose(cells, 12, proxies=proxies))
    # where the better half ends there is the other one
    assert len(set(choose(cells, len(cells), proxies=proxies, aim="top"))) == len(cells)
    with pytest.raises(ConfigError, match="give proxies"):
        choose(cells, 3, aim="top")
    with pytest.raises(ConfigError, match="failed tell no rows apart"):
        choose(cells, 3, proxies={"failed": proxies["failed"]}, aim="top")
    with pytest.raises(ConfigError, match="legal: ranking, top"):
        choose(cells, 3, aim="best")  # type: ignore[arg-type]


def test_misuse_says_what_is_legal(cells: ArchTable) -> None:
    for n in (0, 301, 2.5, True):
        with pytest.raises(ConfigError, match="1 to 300"):
            choose(cells, n)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="row 300"):
        choose(cells, 2, [300])
    with pytest.raises(DataError, match="row numbers"):
        choose(cells, 2, [0.5])
    with pytest.raises(ConfigError, match=r"'size' has shape \(3,\); 300 architectures"):
        choose(cells, 2, proxies={"size": np.ones(3)})
    with pytest.raises(ConfigError, match="'size' is no column of numbers"):
        choose(cells, 2, proxies={"size": ["large"] * 300})


def test_the_command_writes_a_table_and_goes_on_from_one(
    cells: ArchTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out, more = (str(tmp_path / name) for name in ("all.jsonl", "a.jsonl", "b.jsonl"))
    Path(source).write_text("".join(json.dumps(graph.to_dict()) + "\n" for graph in cells[:50]))
    main(["choose", source, "--n", "5", "--out", out])
    main(["choose", source, "--n", "5", "--out", more, "--labelled", out])
    first, second = open_dataset(out).table, open_dataset(more).table
    assert not set(first.canonical_ids) & set(second.canonical_ids)
    other = tmp_path / "other.jsonl"
    other.write_text('{"ops": ["input", "other", "output"], "edges": [[0, 1], [1, 2]]}\n')
    for words in (["--out", "a.csv"], ["--labelled", str(other)], ["--n", "99"]):
        with pytest.raises(SystemExit):
            main(["choose", source, "--n", "5", "--out", out, *words])
    assert "same space" in capsys.readouterr().err
    other.write_text(other.read_text() + Path(out).read_text())
    main(["choose", source, "--n", "5", "--out", more, "--labelled", str(other)])
    assert "1 of 6 architectures" in capsys.readouterr().err


def test_rows_that_differ_in_a_number_alone_are_chosen_far_apart() -> None:
    ops, edges = ("input", "conv", "output"), ((0, 1), (1, 2))
    widths = [2.0**power for power in range(12)]
    graphs = [Architecture(ops, edges, {"width": [None, width, None]}) for width in widths]
    rows = choose(ArchTable.from_architectures(graphs), 3)
    # the middle, and something to either side of it
    assert (np.diff(np.sort(rows)) >= 3).all()
