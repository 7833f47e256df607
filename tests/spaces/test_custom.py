from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow.errors import ConfigError, GraphError, MissingDataError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces import load_space
from nasflow.spaces.custom import CustomSpace

FIVE_LINES = """\
ops: [attn, mlp, norm]
n_nodes: 12
n_inputs: 1
edges: all
features: {width: [64, 128]}
"""


def test_five_lines_describe_a_space(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FIVE_LINES)
    space = load_space(str(tmp_path / "mine.yaml"))
    rng = np.random.default_rng(0)
    element = space.mutate(space.sample(rng), rng)
    assert element.n_nodes == 14
    assert space.ops[:3] == ("input", "attn[width=64]", "attn[width=128]")
    assert space.parse(space.format(element)) == element
    assert space.table([element]).vocabulary == space.ops


def test_a_mutation_changes_the_operation_or_one_feature() -> None:
    space = CustomSpace(
        {"ops": ["a", "b"], "n_nodes": 1, "edges": "chain", "features": {"w": [1, 2], "k": [3, 5]}}
    )
    element = Architecture(("input", "a[w=1,k=3]", "output"), ((0, 1), (1, 2)))
    assert [other.ops[1] for other in space.neighbours(element)] == [
        "b[w=1,k=3]",
        "a[w=2,k=3]",
        "a[w=1,k=5]",
    ]
    assert len(space.enumerate()) == 8


def test_small_open_spaces_are_listed_up_to_isomorphism() -> None:
    table = CustomSpace(
        {
            "ops": ["conv1x1", "conv3x3", "maxpool3x3"],
            "max_nodes": 3,
            "min_nodes": 0,
            "max_edges": 9,
        }
    ).enumerate()
    counts = np.bincount(np.diff(table.node_ptr))
    assert counts.tolist()[2:] == [1, 6, 84, 2_441]  # NAS-Bench-101's cells of at most five nodes
    assert len(np.unique(table.canonical_ids)) == len(table)


def test_a_list_of_edges_gives_places_to_the_nodes() -> None:
    edges = [[0, 2], [1, 2], [1, 3], [2, 3], [2, 4], [3, 4]]
    space = CustomSpace({"ops": ["a", "b"], "n_nodes": 2, "n_inputs": 2, "edges": edges})
    for row in space.enumerate():
        space.check(row)
    fixed = CustomSpace(
        {"ops": ["a", "b"], "n_nodes": 2, "n_inputs": 2, "edges": edges, "fixed_edges": True}
    )
    assert len(fixed.enumerate()) == 4
    assert sorted(map(list, fixed.sample(np.random.default_rng(0)).edges)) == sorted(edges)
    with pytest.raises(GraphError, match="fixed"):
        fixed.parse(
            '{"ops": ["input0", "input1", "a", "a", "output"], "edges": [[0, 2], [2, 3], [3, 4]]}'
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "is no object"),
        ("{", "is no JSON"),
        ('{"ops": ["input", "attn", "output"]}', "'edges' is 'missing'"),
        (
            '{"ops": ["input", "conv", "output"], "edges": [[0, 1], [1, 2]]}',
            "unknown operation 'conv'",
        ),
        ('{"ops": ["input", "attn", "output"], "edges": [[0, 1]]}', "is on no path"),
        ('{"ops": ["input", "attn", "output"], "edges": [[0, 2], [2, 1]]}', "runs backwards"),
        ('{"ops": ["attn", "output"], "edges": [[0, 1]]}', "must start with input"),
        ('{"ops": ["input", "attn", "mlp", "attn", "output"], "edges": []}', "needs 1 to 2"),
    ],
)
def test_what_is_no_element_is_refused(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        CustomSpace({"ops": ["attn", "mlp"], "max_nodes": 2}).parse(text)


GOOD: dict[str, Any] = {"ops": ["a", "b"], "n_nodes": 3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"opps": ["a"]}, "did you mean 'ops'"),
        ({"ops": "a"}, "ops is 'a'"),
        ({"ops": []}, "ops is"),
        ({"ops": ["a", "a"]}, "names an operation twice"),
        ({"ops": ["input_a"]}, "has the name of an end"),
        ({"ops": [f"o{i}" for i in range(300)]}, "more than 256|at most"),
        ({"n_nodes": 0}, "legal: a whole number from 1"),
        ({"n_nodes": True}, "legal: a whole number from 1"),
        ({"max_nodes": 4}, "either n_nodes"),
        ({"n_inputs": 0}, "n_inputs is 0"),
        ({"edges": "some"}, "legal: all, chain"),
        ({"edges": [[0, 1], [1, 2]]}, "node 2 is on no path"),
        ({"edges": [[0, 9]]}, "is no pair"),
        ({"edges": [[1, 0]]}, "is no pair"),
        ({"edges": "chain", "max_edges": 4}, "max_edges goes with edges: all"),
        ({"max_edges": 3}, "legal: a whole number from 4"),
        ({"fixed_edges": True}, "true with a list of edges"),
        ({"features": {"w": []}}, "a list of different numbers"),
        ({"features": {"w": ["x"]}}, "a list of different numbers"),
        ({"features": [1]}, "names with lists of numbers"),
        ({"features": {f"f{i}": list(range(9)) for i in range(99)}}, "combinations"),
    ],
)
def test_a_description_that_is_not_legal_says_what_is(change: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, LookupError), match=message):
        CustomSpace(GOOD | change)


def test_files_are_read_as_plain_data(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    for text in (
        "ops: !!python/object/apply:os.system ['true']",
        "ops: [",
        "- 1",
        "",
        "a: &a [*a]",
        "\x00",
    ):
        bad.write_text(text)
        with pytest.raises(ConfigError, match=r"bad\.yaml"):
            load_space(str(bad))
    with pytest.raises(MissingDataError):
        load_space(str(tmp_path / "none.yaml"))


def test_a_large_open_space_says_that_it_cannot_be_listed() -> None:
    with pytest.raises(GraphError, match=r"draw with sample\(\)"):
        CustomSpace({"ops": ["a"], "n_nodes": 12}).enumerate()
    with pytest.raises(GraphError, match="more than 2,000,000"):
        CustomSpace(
            {"ops": [f"o{i}" for i in range(60)], "n_nodes": 4, "edges": "chain"}
        ).enumerate()


def test_a_key_that_a_file_has_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("ops: [conv, pool]\nn_nodes: 3\nn_nodes: 4\n")
    with pytest.raises(ConfigError, match=r"'n_nodes' stands in line 2 already"):
        CustomSpace.from_file(path)
