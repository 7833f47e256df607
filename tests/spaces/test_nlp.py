from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from nasflow.errors import GraphError
from nasflow.spaces.nlp import NLP

SPACE = NLP()

# the LSTM and GRU cells as the benchmark writes recipes
LSTM = {
    "i": ["linear", "x", "h_prev_0"],
    "i_act": ["activation_tanh", "i"],
    "j": ["linear", "x", "h_prev_0"],
    "j_act": ["activation_sigm", "j"],
    "f": ["linear", "x", "h_prev_0"],
    "f_act": ["activation_sigm", "f"],
    "o": ["linear", "x", "h_prev_0"],
    "o_act": ["activation_tanh", "o"],
    "keep": ["elementwise_prod", "f_act", "h_prev_1"],
    "new": ["elementwise_prod", "i_act", "j_act"],
    "h_new_1": ["elementwise_sum", "keep", "new"],
    "c_act": ["activation_tanh", "h_new_1"],
    "h_new_0": ["elementwise_prod", "c_act", "o_act"],
}
GRU = {
    "r": ["linear", "x", "h_prev_0"],
    "r_act": ["activation_sigm", "r"],
    "z": ["linear", "x", "h_prev_0"],
    "z_act": ["activation_sigm", "z"],
    "rh": ["elementwise_prod", "r_act", "h_prev_0"],
    "t": ["linear", "x", "rh"],
    "t_act": ["activation_tanh", "t"],
    "h_new_0": ["blend", "z_act", "h_prev_0", "t_act"],
}


def recipe(nodes: dict[str, list[str]]) -> str:
    return json.dumps({name: {"op": op, "input": inputs} for name, (op, *inputs) in nodes.items()})


def test_an_lstm_is_read() -> None:
    cell = SPACE.parse(recipe(LSTM))
    assert cell.ops[:3] == ("input_x", "input_h0", "input_h1")
    assert cell.ops.count("linear") == 4
    assert cell.ops[-2:] == ("output_h0", "output_h1")
    assert cell.predecessors[-1] == (3 + list(LSTM).index("h_new_1"),)
    assert SPACE.parse(SPACE.format(cell)) == cell


def test_the_order_and_the_names_of_nodes_do_not_matter() -> None:
    backwards = dict(reversed(LSTM.items()))
    assert SPACE.parse(recipe(backwards)).canonical_id == SPACE.parse(recipe(LSTM)).canonical_id


def test_the_inputs_of_blend_are_told_apart() -> None:
    swapped = GRU | {"h_new_0": ["blend", "z_act", "t_act", "h_prev_0"]}
    a, b = SPACE.parse(recipe(GRU)), SPACE.parse(recipe(swapped))
    assert a.canonical_id != b.canonical_id
    published = NLP(ports=False)
    assert published.graph(a).canonical_id == published.graph(b).canonical_id
    assert published.graph(a).n_nodes == a.n_nodes - 2
    assert published.table([a]).vocabulary == published.ops


def test_nodes_that_lead_nowhere_are_dropped() -> None:
    assert SPACE.parse(recipe(GRU | {"idle": ["activation_tanh", "r"]})) == SPACE.parse(recipe(GRU))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"r_act": ["activation_relu", "r"]}, "operation 'activation_relu'; legal: linear, blend"),
        ({"r_act": ["activation_sigm", "r", "z"]}, "activation_sigm with 2 inputs; legal: 1"),
        ({"r_act": ["activation_sigm", "x"]}, "only linear may"),
        ({"rh": ["elementwise_prod", "r_act", "r_act"]}, "takes a vector twice"),
        ({"r": ["linear", "x", "rh"]}, "form a cycle"),
        ({"r": ["linear", "x", "nowhere"]}, "takes 'nowhere', which is no node"),
        ({"h_new_2": ["linear", "x", "r"]}, "the new states are"),
        ({"x": ["linear", "h_prev_0"]}, "has an input's name"),
        ({"t": ["linear"]}, "linear with 0 inputs"),
    ],
)
def test_recipes_that_break_a_rule_are_refused(change: dict[str, list[str]], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        SPACE.parse(recipe(GRU | change))


@pytest.mark.parametrize(
    "content",
    [
        [],
        3,
        {},
        {"h_new_0": 3},
        {"h_new_0": {"op": "linear", "input": "x"}},
        {"h_new_0": {"op": [], "input": ["x"]}},
        {"h_new_0": {"input": [3]}},
    ],
)
def test_what_is_no_recipe_is_refused(content: Any) -> None:
    with pytest.raises(GraphError):
        SPACE.parse(json.dumps(content))


def test_more_than_24_nodes_are_refused() -> None:
    nodes = {"n0": ["linear", "x", "h_prev_0"]} | {
        f"n{i}": ["activation_tanh", f"n{i - 1}"] for i in range(1, 24)
    }
    with pytest.raises(GraphError, match="25 operations; legal: 1 to 24"):
        SPACE.parse(recipe(nodes | {"h_new_0": ["activation_tanh", "n23"]}))


def test_samples_obey_the_authors_rules() -> None:
    rng = np.random.default_rng(0)
    sizes = set()
    for _ in range(200):
        found = SPACE.to_recipe(SPACE.sample(rng))
        assert found.fault() is None
        assert found.reads_everything()
        sizes.add((found.n_states, len(found.nodes)))
    assert {n for n, _ in sizes} == {1, 2, 3}
