"""What one reader of a space took, another refused: NAS-Bench-201's tuples in a CSV, which the
zero-cost files have as keys; NAS-Bench-101's dictionaries in JSON; and NAS-Bench-NLP's published
LSTM, since its inner node `h_new_1_act` was taken for a state.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

import miniatures
from nasflow import load_space, open_dataset
from nasflow.datasets.importing import read_table
from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.nb201 import NB201

# the authors' recipe, https://github.com/fmsnew/nas-bench-nlp-release
LSTM = {
    "i": {"op": "linear", "input": ["x", "h_prev_0"]},
    "i_act": {"op": "activation_tanh", "input": ["i"]},
    "j": {"op": "linear", "input": ["x", "h_prev_0"]},
    "j_act": {"op": "activation_sigm", "input": ["j"]},
    "f": {"op": "linear", "input": ["x", "h_prev_0"]},
    "f_act": {"op": "activation_sigm", "input": ["f"]},
    "o": {"op": "linear", "input": ["x", "h_prev_0"]},
    "o_act": {"op": "activation_tanh", "input": ["o"]},
    "h_new_1_part1": {"op": "elementwise_prod", "input": ["f_act", "h_prev_1"]},
    "h_new_1_part2": {"op": "elementwise_prod", "input": ["i_act", "j_act"]},
    "h_new_1": {"op": "elementwise_sum", "input": ["h_new_1_part1", "h_new_1_part2"]},
    "h_new_1_act": {"op": "activation_tanh", "input": ["h_new_1"]},
    "h_new_0": {"op": "elementwise_prod", "input": ["h_new_1_act", "o_act"]},
}
NB101_DICT = {
    "module_adjacency": [[0, 1, 1], [0, 0, 1], [0, 0, 0]],
    "module_operations": ["input", "conv3x3-bn-relu", "output"],
}
TUPLE_201 = "(4, 0, 3, 1, 4, 3)"
STRING_201 = (
    "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|"
)
CONFIG_301 = miniatures.nb301_result()["optimized_hyperparamater_config"]


def test_the_published_lstm_is_a_cell() -> None:
    space = load_space("nasbench-nlp")
    cell = space.parse(json.dumps(LSTM))
    assert cell.ops.count("linear") == 4
    assert cell.ops.count("output_h0") == cell.ops.count("output_h1") == 1
    assert space.parse(space.format(cell)) == cell


def test_what_is_called_a_state_and_is_none_is_still_refused() -> None:
    recipe = {"h_new_1": {"op": "linear", "input": ["x", "h_prev_0"]}}
    with pytest.raises(GraphError, match=r"the new states are \['h_new_1'\]"):
        load_space("nasbench-nlp").parse(json.dumps(recipe))


# space, and two notations of one cell
SAME: list[tuple[str, Any, Any]] = [
    ("nb201", TUPLE_201, STRING_201),
    ("nb201", "[4,0,3,1,4,3]", STRING_201),
    ("nb201", [4, 0, 3, 1, 4, 3], STRING_201),
    ("nb201", 235, "235"),
    ("nb101", NB101_DICT, "111|conv3x3-bn-relu"),
    ("nb101", "(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 4, 1)", "111|conv3x3-bn-relu"),
    ("nasbench-nlp", LSTM, json.dumps(LSTM)),
    ("darts", CONFIG_301, json.dumps(miniatures.GENOTYPE)),
    ("darts", dict(zip(("normal", "reduce"), miniatures.GENOTYPE, strict=True)), None),
    ("darts", json.loads(json.dumps(miniatures.GENOTYPE)), None),
    ("transnas-micro", [1, 0, 2, 3, 3, 3], "64-41414-1_02_333"),
    ("nasbench-asr", [[0, 1], [5, 1, 0], [3, 1, 1, 1]], "[[0, 1], [5, 1, 0], [3, 1, 1, 1]]"),
    ("nbgraph", 35184, "35184"),
]


@pytest.mark.parametrize(("name", "value", "text"), SAME)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_every_table_takes_every_notation(
    form: str, name: str, value: Any, text: str | None, tmp_path: Path
) -> None:
    path = tmp_path / f"own.{form}"
    if form == "csv":
        with path.open("w", newline="") as file:
            written = value if isinstance(value, str) else json.dumps(value)
            csv.writer(file).writerows([("arch", "space", "acc"), (written, name, 90)])
    elif form == "jsonl":
        path.write_text(json.dumps({"arch": value, "space": name, "acc": 90}))
    else:
        try:
            column = pa.array([value])
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            pytest.skip("Parquet has no lists of numbers beside texts")
        table = pa.table({"arch": column, "space": [name], "acc": [90]})
        pyarrow.parquet.write_table(table, path)
    (cell,) = open_dataset(str(path)).table
    assert cell == load_space(name).parse(text or json.dumps(miniatures.GENOTYPE))


def test_rows_of_different_fields_in_one_column_of_parquet(tmp_path: Path) -> None:
    """In a column of structures each row has the fields of all, with nothing in them."""
    short = {"h_new_0": {"op": "linear", "input": ["x", "h_prev_0"]}}
    table = pa.table({"arch": [LSTM, short], "space": ["nasbench-nlp"] * 2, "acc": [90, 80]})
    pyarrow.parquet.write_table(table, tmp_path / "own.parquet")
    long, other = open_dataset(str(tmp_path / "own.parquet")).table
    assert long == load_space("nasbench-nlp").parse(json.dumps(LSTM))
    assert other.ops == ("input_x", "input_h0", "linear", "output_h0")


def test_the_tuple_of_a_zero_cost_file_is_that_of_a_csv(tmp_path: Path) -> None:
    (tmp_path / "zc.json").write_bytes(miniatures.zero_cost_json("201"))
    (tmp_path / "own.csv").write_text(f'arch,space,acc\n"{TUPLE_201}",nb201,90\n')
    published = read_table("zero-cost-json", tmp_path / "zc.json").table[0]
    assert open_dataset(str(tmp_path / "own.csv")).table[0] == published
    assert NB201().format(published) == STRING_201


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nb201", "(5, 0, 0, 0, 0, 0)"),
        ("nb201", "(0, 0, 0, 0, 0)"),
        ("nb201", "(0, 0, 0, 0, 0, 0"),
        ("nb101", "(0, 1, 0, 0, 0)"),
        ("nb101", "(0, 1, 0, 0, 0, 9)"),
        ("transnas-micro", "(4, 0, 0, 0, 0, 0)"),
        ("transnas-micro", "[]"),
        ("darts", '{"NetworkSelectorDatasetInfo:darts:edge_normal_0": "skip_connect"}'),
    ],
)
def test_malformed_ones_are_refused(name: str, text: str) -> None:
    with pytest.raises(GraphError):
        load_space(name).parse(text)


@pytest.mark.parametrize("space", ["evil.py:Space", "os:path", "no such space", "missing.yaml"])
def test_a_table_names_no_code_to_run(space: str, tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit('executed')")
    record = {"arch": "235", "space": space, "acc": 1}
    (tmp_path / "own.jsonl").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"line 1: .*space|line 1: .*missing.yaml"):
        open_dataset(str(tmp_path / "own.jsonl"))


@pytest.mark.parametrize("arch", [3.5, True, {"matrix": []}])
def test_what_is_no_notation_is_refused_with_its_line(arch: Any, tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(json.dumps({"arch": arch, "space": "nb101", "acc": 1}))
    with pytest.raises(ValueError, match=r"line 1: "):
        open_dataset(str(tmp_path / "own.jsonl"))


def test_edges_of_a_known_form_stay_what_they_were() -> None:
    assert load_space("transnas-micro").parse("(1, 0, 2, 3, 3, 3)") == load_space(
        "transnas-micro"
    ).parse("1_02_333")
    assert isinstance(load_space("nb201").parse(STRING_201), Architecture)
