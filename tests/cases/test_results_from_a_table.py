"""Results from before took eight lines of Python; now `--told` reads the table that they are in."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from nasflow.cli import main
from nasflow.search import Problem, Study, Trial
from nasflow.spaces import load_space

SPACE = """
ops: [conv, pool, skip]
n_nodes: 3
edges: chain
features: {conv: {width: [16, 32]}}
"""
SKIPS = """
ops: [conv, pool]
n_nodes: 2
edges: [[0, 1], [1, 2], [2, 3], [0, 2], [1, 3]]
"""
TRAINER = """
def train(architecture):
    return float(sum(op.startswith("conv") for op in architecture.ops))
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(SPACE)
    Path("skips.yaml").write_text(SKIPS)
    Path("mine.py").write_text(TRAINER)


def search(*more: str, space: str = "space.yaml", study: str = "a.db", budget: int = 1) -> None:
    words = ["search", space, "--train", "mine.py:train", "--strategy", "random", "--study", study]
    main([*words, "--budget", str(budget), *more])


def refused(capsys: pytest.CaptureFixture[str], *more: str, space: str = "space.yaml") -> str:
    with pytest.raises(SystemExit) as stop:
        search(*more, space=space)
    assert stop.value.code == 2
    # nothing is told halfway: there is not even a study
    assert not Path("a.db").exists()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def told(study: str = "a.db", space: str = "space.yaml") -> list[Trial]:
    trials = Study(study, Problem(load_space(space)), "random").trials()
    return [trial for trial in trials if trial.origin == "told"]


def write(name: str, rows: list[dict[str, Any]]) -> None:
    with open(name, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)


OPTUNA = [
    # an index, times and a state stand around the parameters; a width that has none is empty, and
    # so the column is one of floats
    {"": 0, "number": 0, "value": 0.5, "params_op0": "conv", "params_op1": "pool"},
    {"": 1, "number": 1, "value": 0.6, "params_op0": "pool", "params_op1": "pool"},
    {"": 2, "number": 2, "value": "", "params_op0": "pool", "params_op1": "conv"},
    {"": 3, "number": 3, "value": 0.1, "params_op0": "skip", "params_op1": "conv"},
]
OPTUNA_REST = [
    {"params_op2": "skip", "params_width0": "32.0", "params_width1": "", "state": "COMPLETE"},
    {"params_op2": "conv", "params_width0": "", "params_width1": "", "state": "COMPLETE"},
    {"params_op2": "skip", "params_width0": "", "params_width1": "16.0", "state": "FAIL"},
    {"params_op2": "skip", "params_width0": "", "params_width1": "16.0", "state": "PRUNED"},
]
WIDTHS = "{node*: params_op*, node*.width: params_width*}"


def optuna_table() -> list[dict[str, Any]]:
    rows = [first | rest for first, rest in zip(OPTUNA, OPTUNA_REST, strict=True)]
    for row, width in zip(rows, ["", "16", "", ""], strict=True):
        row["params_width2"] = width
    return rows


def test_our_own_trials_need_no_mapping(capsys: pytest.CaptureFixture[str]) -> None:
    search(study="first.db", budget=8)
    search("--told", "first/trials.csv")
    assert "first/trials.csv: 8 results told" in capsys.readouterr().out
    first = Study("first.db", Problem(load_space("space.yaml")), "random").trials()
    # another architecture was trained: none is again
    trials = Study("a.db", Problem(load_space("space.yaml")), "random").trials()
    assert len({trial.canonical_id for trial in trials}) == 9
    assert [trial.value for trial in told()] == [trial.value for trial in first]
    # the same command once more, and one with both
    search("--told", "first/trials.csv")
    assert "0 results told; 8 there already" in capsys.readouterr().out
    search("--told", "a/trials.csv", budget=2)
    assert "0 results told; 9 there already" in capsys.readouterr().out
    assert len(told()) == 8


def test_failures_of_our_own_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    space = load_space("space.yaml")
    study = Study("first.db", Problem(space), "random")
    first, second = study.ask(2)
    study.tell(first, 0.5)
    study.tell_failed(second, "no memory")
    main(["study", "first.db", "--space", "space.yaml", "--csv", "trials.csv"])
    search("--told", "trials.csv")
    assert "1 results told; rows left out: 1 state failed" in capsys.readouterr().out
    assert [trial.architecture for trial in told()] == [first.architecture]


def test_a_table_of_optuna_with_a_column_for_each_choice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("results.csv", optuna_table())
    search("--told", "results.csv", "--told_columns", WIDTHS)
    out = capsys.readouterr().out
    assert "2 results told; rows left out: 1 state FAIL, 1 state PRUNED" in out
    assert [(trial.value, trial.architecture.ops[1:-1]) for trial in told()] == [
        (0.5, ("conv[width=32]", "pool", "skip")),
        (0.6, ("pool", "pool", "conv[width=16]")),
    ]


def test_other_names_of_columns_and_operations(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"config/a": "Conv", "config/b": "Pool", "config/w": 16, "acc": 0.7, "State": "finished"},
        {"config/a": "Pool", "config/b": "Pool", "config/w": 32, "acc": 0.8, "State": "crashed"},
    ]
    write("wandb.csv", rows)
    names = "ops: {conv: Conv, pool: Pool}, value: acc, node*.width: config/w"
    columns = f"{{node1: config/a, node2: config/b, node3: config/b, {names}}}"
    search("--told", "wandb.csv", "--told-columns", columns)
    assert "1 results told; rows left out: 1 State crashed" in capsys.readouterr().out
    (trial,) = told()
    assert trial.architecture.ops[1:-1] == ("conv[width=16]", "pool", "pool")


def test_edges_that_may_be_there_have_columns(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"op1": "conv", "op2": "pool", "s": "True", "t": 0, "value": 1}]
    write("results.csv", rows)
    columns = "{node*: op*, 0>2: s, 1>3: t}"
    search("--told", "results.csv", "--told_columns", columns, space="skips.yaml")
    (trial,) = told(space="skips.yaml")
    assert trial.architecture.edges == ((0, 1), (0, 2), (1, 2), (2, 3))
    Path("a.db").unlink()
    capsys.readouterr()
    columns = "{node*: op*, 3>4: s}"
    error = refused(capsys, "--told", "results.csv", "--told_columns", columns, space="skips.yaml")
    assert "names the edge 3>4" in error


def test_a_notation_in_one_column_and_repeats(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"cell": "235", "loss": 0.5}, {"cell": "235", "loss": 0.7}, {"cell": "1", "loss": 1}]
    write("nb.csv", rows)
    more = ("--told", "nb.csv", "--told_columns", "{architecture: cell, value: loss}")
    for n_told in (2, 0):
        search(*more, "--minimise", space="nb201")
        assert f"nb.csv: {n_told} results told" in capsys.readouterr().out
    problem = Problem(load_space("nb201"), maximise=False)
    first, second, *_ = Study("a.db", problem, "random").trials()
    assert first.value == pytest.approx(0.6)
    assert (first.repeats, second.repeats) == ((0.5, 0.7), ())


def test_a_table_of_graphs_as_commands_take_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "sample", "space.yaml", "--n", "5", "--out", "archs.jsonl"])
    lines = [json.loads(line) for line in Path("archs.jsonl").read_text().splitlines()]
    for number, line in enumerate(lines):
        # the last one was not trained
        line["accuracy"] = number if number < 4 else None
    Path("archs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    search("--told", "archs.jsonl", "--told_columns", "{value: accuracy}")
    assert "4 results told; rows left out: 1 without accuracy" in capsys.readouterr().out
    assert [trial.value for trial in told()] == [0, 1, 2, 3]


# -- what does not fit -----------------------------------------------------------------------------


def test_rows_that_do_not_fit_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    rows = optuna_table()
    rows[1]["params_op1"] = "dense"
    rows[0]["value"] = "93 %"
    write("results.csv", rows)
    error = refused(capsys, "--told", "results.csv", "--told_columns", WIDTHS)
    assert "results.csv, line 2: column value is '93 %'; legal: a finite number" in error
    assert "(1 more rows do not fit: lines 3). Nothing was told" in error
    rows[0]["value"] = 0.93
    write("results.csv", rows)
    error = refused(capsys, "--told", "results.csv", "--told_columns", WIDTHS)
    assert "line 3: column params_op1 (node2) is 'dense'; legal: conv, pool, skip" in error
    rows[1]["params_op1"] = "conv"
    rows[1]["params_width1"] = "64"
    write("results.csv", rows)
    error = refused(capsys, "--told", "results.csv", "--told_columns", WIDTHS)
    assert "column params_width1 (node2.width) is '64'; legal: 16, 32" in error
    error = refused(capsys, "--told", "results.csv", "--told_columns", "{node*: params_op*}")
    assert "conv has the feature width, and no column is named for it" in error


def test_an_architecture_of_another_space_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    graph = {"ops": ["input", "lstm", "output"], "edges": [[0, 1], [1, 2]]}
    write("results.csv", [{"architecture": json.dumps(graph), "value": 1}])
    assert "results.csv, line 2: column architecture: " in refused(capsys, "--told", "results.csv")
    write("results.csv", [{"ops": "input|lstm|output", "edges": "0>1 1>2", "value": 1}])
    error = refused(capsys, "--told", "results.csv")
    assert "line 2: this architecture is no element of the space custom" in error


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("{node*: params_op*, valeu: x}", "did you mean 'value'?"),
        (
            "{node*: params_op*, value: accuracy}",
            "'accuracy', which is not in the table",
        ),
        ("{node*: op*}", "'op*' fits 0 columns (none), and the space has 3 nodes"),
        ("{node1: params_op0}", "names no column for node2, node3"),
        ("{node4: params_op0}", "names node4; legal: node1 to node3"),
        ("{node*: params_op*, node*.kernel: params_width*}", "no operation of the space has"),
        ("{node*: [a]}", "node* is ['a']; legal: the title of a column"),
        ("{node*: params_op*, ops: conv}", "ops is 'conv'; legal: names by ours"),
        ("{ops: {conv: Conv}}", "ops goes with columns of nodes"),
        ("{}", "'{value: value, node*: params_op*}'; columns: number, value"),
        ("nonsense", "is 'nonsense'; legal: a mapping in YAML"),
        ("{value: a: b}", "legal: a mapping in YAML"),
    ],
)
def test_a_mapping_that_does_not_fit_is_told(
    capsys: pytest.CaptureFixture[str], columns: str, message: str
) -> None:
    write("results.csv", optuna_table())
    assert message in refused(capsys, "--told", "results.csv", "--told_columns", columns)


def test_a_mapping_may_stand_in_a_file_of_options(capsys: pytest.CaptureFixture[str]) -> None:
    write("results.csv", optuna_table())
    options = (
        "told: results.csv\ntold_columns:\n  node*: params_op*\n  node*.width: params_width*\n"
    )
    Path("options.yaml").write_text(options)
    search("--config", "options.yaml")
    assert "results.csv: 2 results told" in capsys.readouterr().out


def test_what_is_no_table_of_results_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "does not exist" in refused(capsys, "--told", "nothing.csv")
    assert "goes with --told" in refused(capsys, "--told_columns", "{value: x}")
    write("results.csv", [{"architecture": "235", "accuracy": 1}])
    assert "no column is called value" in refused(capsys, "--told", "results.csv", space="nb201")
    write("results.csv", [{"architecture": "235", "value": ""}])
    error = refused(capsys, "--told", "results.csv", space="nb201")
    assert "has no result (1 without value)" in error
    write("results.csv", optuna_table())
    more = ("--told", "results.csv", "--told_columns", "{node*: params_op*}")
    assert "have no fixed places" in refused(capsys, *more, space="nb201")


# -- what the study has ----------------------------------------------------------------------------


def test_what_the_study_knows_better_stays(capsys: pytest.CaptureFixture[str]) -> None:
    space = load_space("space.yaml")
    element, other, third = list(space.enumerate())[:3]
    rows = [{"architecture": space.format(a), "value": 0.5} for a in (element, other, third)]
    write("results.csv", rows)
    search("--told", "results.csv")
    study = Study("a.db", Problem(space), "random")
    study.correct(element, 0.9)
    study.forget(other)
    capsys.readouterr()
    search("--told", "results.csv")
    out = capsys.readouterr().out
    assert "0 results told; 2 there already; 1 forgotten in this study" in out
    write("results.csv", [row | {"value": 0.1} for row in rows])
    search("--told", "results.csv")
    out = capsys.readouterr().out
    assert "1 results told; 2 left as the study has them (trial 0: 0.9, there 0.1;" in out
    assert study.trials()[0].value == 0.9


def test_a_result_of_what_is_planned_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    space = load_space("space.yaml")
    study = Study("a.db", Problem(space), "random")
    (trial,) = study.ask(begin=False)
    study.give_back()
    write("results.csv", [{"architecture": space.format(trial.architecture), "value": 0.5}])
    search("--told", "results.csv")
    assert "1 results told" in capsys.readouterr().out
    assert study.trials()[0].value == 0.5


# -- nasflow fit -----------------------------------------------------------------------------------


def test_fit_points_to_what_makes_a_table_of_a_search(capsys: pytest.CaptureFixture[str]) -> None:
    search(budget=6)
    with pytest.raises(SystemExit):
        main(["fit", "a/trials.csv"])
    error = capsys.readouterr().err
    assert "`nasflow study STUDY --table results.jsonl`" in error
    assert "--told" in error
    main(["study", "a.db", "--space", "space.yaml", "--table", "results.jsonl"])
    assert "results.jsonl: 6 results, for nasflow fit" in capsys.readouterr().out
    main(["fit", "results.jsonl", "--out", "model"])
    assert "fitted on 6 of 6" in capsys.readouterr().out
    write("results.csv", optuna_table())
    with pytest.raises(SystemExit):
        main(["fit", "results.csv"])
    assert "--told" in capsys.readouterr().err


def test_a_table_of_a_registered_space_says_which_and_which_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    space = load_space("nb201")
    study = Study("a.db", Problem(space, maximise=False), "random")
    study.tell("235", 0.5)
    study.tell("235", 0.7, repeat=True)
    study.tell_failed("1", "no memory")
    main(["study", "a.db", "--table", "results.jsonl"])
    (line,) = Path("results.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["space"] == "nb201"
    assert space.parse(record["arch"]) == space.parse("235")
    assert record["value [min]"] == [0.5, 0.7]
    with pytest.raises(SystemExit):
        main(["study", "a.db", "--table", "results.csv"])
    assert "is no .jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_column_of_numbers_and_a_text_is_what_the_mapping_says(suffix: str) -> None:
    Path("sizes.yaml").write_text('{ops: ["3", "5", skip], n_nodes: 2, edges: chain}')
    # operations that are numbers but for one, and a column of notes that nothing names
    rows: list[dict[str, Any]] = [
        {"op0": size, "op1": 3, "value": 0.5 + size, "note": size} for size in (3, 5)
    ]
    rows.append({"op0": "skip", "op1": 5, "value": 9.0, "note": "the best one"})
    if suffix == "csv":
        write("t.csv", rows)
    else:
        Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    search("--told", f"t.{suffix}", "--told_columns", "{node*: op*}", space="sizes.yaml")
    trials = told(space="sizes.yaml")
    assert [(trial.architecture.ops[1:3], trial.value) for trial in trials] == [
        (("3", "3"), 3.5),
        (("5", "3"), 5.5),
        (("skip", "5"), 9.0),
    ]
