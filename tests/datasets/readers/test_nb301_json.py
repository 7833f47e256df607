from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import miniatures
from nasflow.datasets.importing import import_table, read_table
from nasflow.datasets.readers.darts_cell import VOCABULARY, darts_graph
from nasflow.errors import DataError, GraphError, MissingDataError
from nasflow.spaces.darts_config import cells_of_config


def write(folder: Path, name: str, result: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result))


def test_the_graph_is_the_merged_one_of_the_method() -> None:
    graph = darts_graph(*miniatures.GENOTYPE)
    assert (graph.n_nodes, len(graph.edges)) == (30, 42)
    assert graph.ops[:6] == (
        "input0",
        "input1",
        "skip_connect",
        "sep_conv_3x3",
        "sum",
        "sep_conv_3x3",
    )
    assert graph.ops[14] == graph.ops[29] == "output"
    assert graph.predecessors[14] == (4, 7, 10, 13)
    assert graph.successors[14] == (15, 16)
    # step 2 of the normal cell: dil_conv_3x3 on input 0, dil_conv_5x5 on the sum of step 0
    assert graph.predecessors[8] == (0,)
    assert graph.predecessors[9] == (4,)
    assert [v for v, generation in enumerate(graph.generations) if generation == 0] == [0, 1]
    assert set(graph.ops) <= set(VOCABULARY)


def test_the_order_of_a_step_s_operations_does_not_matter() -> None:
    normal, reduce = miniatures.GENOTYPE
    swapped = [pair for i in range(0, 8, 2) for pair in (normal[i + 1], normal[i])]
    assert darts_graph(swapped, reduce) == darts_graph(normal, reduce)


@pytest.mark.parametrize(
    ("place", "pair", "message"),
    [
        (0, ("conv", 0), "step 0 of the normal cell has the operation 'conv'"),
        (0, ("skip_connect", 2), r"takes input 2; legal: 0\.\.1"),
        (0, ("skip_connect", 1), "takes input 1 twice"),
        (0, ("skip_connect", True), "takes input True"),
    ],
)
def test_malformed_genotypes_are_refused(place: int, pair: Any, message: str) -> None:
    normal = list(miniatures.GENOTYPE[0])
    normal[place] = pair
    with pytest.raises(GraphError, match=message):
        darts_graph(normal, miniatures.GENOTYPE[1])
    with pytest.raises(GraphError, match="has 7 pairs"):
        darts_graph(normal[:-1], miniatures.GENOTYPE[1])


def test_a_configuration_gives_the_genotype_back() -> None:
    config = miniatures.nb301_result()["optimized_hyperparamater_config"]
    assert cells_of_config(config) == miniatures.GENOTYPE
    config["NetworkSelectorDatasetInfo:darts:inputs_node_normal_3"] = "1_2"
    with pytest.raises(
        GraphError, match=r"step 1 of the normal cell has edges from 0_1 and states '1_2'"
    ):
        cells_of_config(config)


def test_a_folder_of_results(tmp_path: Path) -> None:
    normal, reduce = miniatures.GENOTYPE
    write(tmp_path, "run_0/results_fidelity_0/results_0.json", miniatures.nb301_result(93.5))
    write(tmp_path, "run_0/results_fidelity_0/results_1.json", miniatures.nb301_result(94.0))
    write(
        tmp_path,
        "run_1/results_fidelity_0/results_0.json",
        miniatures.nb301_result(91.0, genotype=(reduce, normal)),
    )
    write(
        tmp_path,
        "run_1/results_fidelity_1/results_0.json",
        miniatures.nb301_result(80.0, epochs=20),
    )
    write(tmp_path, "run_1/results_fidelity_1/other.json", {})
    data = read_table("nb301-json", tmp_path)
    assert len(data) == 2
    assert data.space == "darts"
    assert data.values["valid"][0].tolist() == [93.5, 94.0]  # repeats of one genotype
    assert data.values["valid"][1, 0] == 91.0
    assert data.values["valid_at_20x8x32"][0] == 80.0
    assert data.labels("test")[0] == pytest.approx(93.35)
    assert data.values["params"].tolist() == [1234567, 1234567]
    assert data.metric("runtime").unit == "s"
    assert not data.metric("runtime").maximise
    assert data.default_metric == "valid"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"test_accuracy": None}, "test_accuracy is None"),
        ({"info": []}, "info[0].val_accuracy is None"),
        ({"test_accuracy": 1e9}, "legal: a number from 0 to 100"),
        ({"optimized_hyperparamater_config": None}, "no object 'optimized_hyperparamater_config'"),
    ],
)
def test_malformed_results_are_rejected_and_named(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    write(tmp_path, "a/results_0.json", miniatures.nb301_result())
    write(tmp_path, "a/results_1.json", {**miniatures.nb301_result(), **change})
    (tmp_path / "a/results_2.json").write_text("{")
    report = import_table("nb301-json", tmp_path)
    assert [item.number for item in report.rejected] == [1, 2]
    assert "a/results_1.json" in report.rejected[0].reason
    assert reason in report.rejected[0].reason
    assert "no JSON" in report.rejected[1].reason


def test_a_folder_without_results(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no results_\*\.json"):
        read_table("nb301-json", tmp_path)
    write(tmp_path, "results_0.json", [])
    with pytest.raises(DataError, match="no valid row"):
        read_table("nb301-json", tmp_path)
