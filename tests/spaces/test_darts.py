from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.darts import N_ELEMENTS, OPERATIONS, Darts

SPACE = Darts()
V2 = {
    "normal": [
        ["sep_conv_3x3", 0],
        ["sep_conv_3x3", 1],
        ["sep_conv_3x3", 0],
        ["sep_conv_3x3", 1],
        ["sep_conv_3x3", 1],
        ["skip_connect", 0],
        ["skip_connect", 0],
        ["dil_conv_3x3", 2],
    ],
    "reduce": [
        ["max_pool_3x3", 0],
        ["max_pool_3x3", 1],
        ["skip_connect", 2],
        ["max_pool_3x3", 1],
        ["max_pool_3x3", 0],
        ["skip_connect", 2],
        ["skip_connect", 2],
        ["max_pool_3x3", 1],
    ],
}


def genotype(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(V2) | changes


def test_the_merged_graph_has_the_shape_of_the_paper() -> None:
    graph = SPACE.from_genotype(V2)
    assert (graph.n_nodes, len(graph.edges), len(SPACE.ops)) == (30, 42, 11)
    assert [v for v, g in enumerate(graph.generations) if g == 0] == [0, 1]
    assert {(14, 15), (14, 16)} <= set(graph.edges)
    assert [graph.ops[v] for v in (0, 1, 14, 15, 16, 29)] == 2 * ["input0", "input1", "output"]
    assert [v for v, op in enumerate(graph.ops) if op == "sum"] == [4, 7, 10, 13, 19, 22, 25, 28]
    # last step of the normal cell: skip_connect of input 0, dil_conv_3x3 of step 2 (whose sum is
    # node 4)
    assert (graph.ops[11], graph.predecessors[11]) == ("skip_connect", (0,))
    assert (graph.ops[12], graph.predecessors[12]) == ("dil_conv_3x3", (4,))
    assert graph.predecessors[13] == (11, 12)
    assert graph.predecessors[14] == (4, 7, 10, 13)
    assert SPACE.ops == ("input0", "input1", *OPERATIONS, "sum", "output")


def test_the_other_form_has_eleven_nodes_a_cell() -> None:
    space = Darts(form="cells")
    graph = space.graph(SPACE.from_genotype(V2))
    assert (graph.n_nodes, len(space.ops)) == (22, 11)
    assert "none" in space.ops
    assert "none" not in graph.ops
    assert graph.predecessors[9] == (2, 3)  # dil_conv_3x3 of step 2: fed by both its operations
    assert graph.predecessors[10] == tuple(range(2, 10))
    assert not [e for e in graph.edges if e[0] < 11 <= e[1]]
    assert space.table([SPACE.from_genotype(V2)]).vocabulary == space.ops
    with pytest.raises(ConfigError, match="form='both'; legal: 'merged'"):
        Darts(form="both")


def test_the_usual_notations_give_one_element() -> None:
    element = SPACE.from_genotype(V2)
    pairs, numbers = {}, []
    for name, cell in V2.items():
        pairs[name] = [tuple(pair) for pair in cell]
        numbers.append([[source, OPERATIONS.index(op)] for op, source in cell])
    for text in (
        f"Genotype(normal={pairs['normal']}, normal_concat=range(2, 6), reduce={pairs['reduce']}, "
        "reduce_concat=[2, 3, 4, 5])",
        f"Genotype(normal={pairs['normal']}, reduce={pairs['reduce']})",
        json.dumps(V2),
        json.dumps(numbers),
        str(tuple(map(tuple, numbers))),
        SPACE.format(element),
    ):
        assert SPACE.parse(text) == element
    assert SPACE.from_genotype(SPACE.to_genotype(element)) == element


def test_the_order_of_a_steps_two_operations_does_not_matter() -> None:
    swapped = genotype()
    swapped["normal"][:2] = swapped["normal"][1::-1]
    assert SPACE.from_genotype(swapped) == SPACE.from_genotype(V2)


def test_one_input_makes_another_graph() -> None:
    """Two genotypes that differ in one input had one adjacency matrix."""
    other = genotype()
    other["normal"][6][1] = 1
    assert SPACE.from_genotype(other).canonical_id != SPACE.from_genotype(V2).canonical_id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('true')", "is no genotype"),
        ("Genotype(normal=__import__('os').getcwd(), reduce=[])", "is no genotype"),
        ("Other(normal=[], reduce=[])", "is no genotype"),
        ("(" * 9_000, "is no genotype"),
        ("[" * 99_999, "99999 characters"),
        (
            "Genotype(normal=[], reduce=[], normal_concat=range(2, 10**9))",
            "is no genotype|normal_concat",
        ),
        (
            "Genotype(normal=[], reduce=[], normal_concat=range(2, 999999999))",
            "normal_concat is range",
        ),
        ("Genotype(normal=[], reduce=[])", "8 pairs"),
        ('{"normal": []}', "no normal and reduce cell"),
        (
            json.dumps(genotype(normal=[["sep_conv_3x3", 0]] * 8)),
            "step 2 of normal takes input 0 twice",
        ),
        (json.dumps(genotype(normal=[["sep_conv_3x3", 2]] * 8)), "legal inputs: 0..1"),
        (json.dumps(genotype(normal=[["none", 0]] * 8)), "legal operations: max_pool_3x3"),
        (json.dumps(genotype(normal=[["sep_conv_3x3", True]] * 8)), "is no genotype"),
        (json.dumps(genotype(normal=[7] * 8)), "no pair"),
    ],
)
def test_malformed_genotypes_are_refused(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        SPACE.parse(text)


def test_graphs_that_are_no_element_are_refused() -> None:
    element = SPACE.from_genotype(V2)
    for graph in (
        Architecture(element.ops, element.edges[:-1]),
        Architecture(("input",) * 30),
        element.relabelled([1, 0, *range(2, 30)]),
        Architecture(("sum", "output"), ((0, 1),)),
    ):
        with pytest.raises(GraphError, match="is no element of darts"):
            SPACE.format(graph)


def test_sampling_reaches_every_choice() -> None:
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(2_000):
        for name, cell in SPACE.to_genotype(SPACE.sample(rng)).items():
            seen |= {(name, i, op, source) for i, (op, source) in enumerate(cell)}
    # first input of a step: 0..j, second: 1..j+1; both cells, every operation
    assert len(seen) == 2 * len(OPERATIONS) * sum(2 * (j + 1) for j in range(4))
    assert f"{N_ELEMENTS:.2e}" == "1.08e+18"


def test_an_element_has_120_neighbours() -> None:
    neighbours = list(SPACE.neighbours(SPACE.from_genotype(V2)))
    assert len(neighbours) == len(set(neighbours)) == 120
