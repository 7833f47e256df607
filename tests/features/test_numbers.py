"""Features of numbers are what a loop over the nodes finds, in both scales."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow import Architecture, ArchTable
from nasflow.errors import GraphError
from nasflow.features import Features, to_features
from nasflow.features.make import setting_of
from nasflow.features.registry import NUMBER_GROUPS
from slow_features import number_features
from small import table
from strategies import OPS, numbered

# a chain of two convolutions, numbers on them and on the whole
SMALL = Architecture(
    ("input", "conv", "conv", "output"),
    ((0, 1), (1, 2), (2, 3)),
    {"width": [None, 16, 64, None]},
    {"resolution": 32},
)


def values_of(rows: ArchTable) -> list[dict[str, float]]:
    """The columns of each row by name."""
    features, names = to_features(rows, NUMBER_GROUPS)
    return [dict(zip(names, row, strict=True)) for row in features.tolist()]


@given(st.lists(numbered(), min_size=1, max_size=4))
def test_numbers_are_those_of_a_loop(graphs: list[Architecture]) -> None:
    rows = ArchTable.from_architectures(graphs, OPS)
    try:
        pruned = rows.pruned()
    except GraphError:
        return  # nothing is left of a row
    for graph, seen in zip(pruned, values_of(rows), strict=True):
        expected = number_features(graph)
        assert expected.keys() <= seen.keys()
        # what a graph does not have, others do: 0 in all columns
        for name, value in seen.items():
            assert value == pytest.approx(expected.get(name, 0.0)), name


def test_columns_are_named_and_a_missing_number_is_not_0() -> None:
    zero = Architecture(SMALL.ops, SMALL.edges, {"width": [None, 0, 64, None]}, {"resolution": 0})
    none = Architecture(SMALL.ops, SMALL.edges, {"width": [None, None, 64, None]})
    seen = values_of(ArchTable.from_architectures([SMALL, zero, none]))
    assert seen[0]["sums.width@conv"] == seen[0]["totals.sum.width"] == 80
    assert seen[0]["values.last.width@conv"] == pytest.approx(np.log(65))
    assert [row["values.count.width@conv"] for row in seen] == [2, 2, 1]
    assert [row["totals.has.resolution"] for row in seen] == [1, 1, 0]
    assert [row["totals.resolution"] for row in seen] == [32, 0, 0]


@given(numbered(), st.data())
def test_the_order_of_the_nodes_changes_nothing(graph: Architecture, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(graph.n_nodes)))
    try:
        both = ArchTable.from_architectures([graph, graph.relabelled(order)], OPS)
        features, _ = to_features(both, NUMBER_GROUPS)
    except GraphError:
        return
    np.testing.assert_allclose(features[0], features[1], rtol=1e-12)


def test_a_row_has_the_same_features_alone_and_in_a_table_with_more_names() -> None:
    rows = ArchTable.from_architectures([SMALL] * 2)
    more = ArchTable.concatenate([rows, rows.with_numbers(["kernel", "width"], ["resolution"])])
    features = Features(setting_of(more), NUMBER_GROUPS)
    whole = features(more)
    assert (whole == whole[0]).all()
    assert np.array_equal(features(rows[:1])[0], whole[0])
    assert features(more[:0]).shape == (0, whole.shape[1])


def test_tables_without_numbers_have_no_column_of_them() -> None:
    features, names = to_features(table(8), NUMBER_GROUPS)
    assert (features.shape, names) == ((8, 0), [])
    assert not any(name.startswith(NUMBER_GROUPS) for name in to_features(table(8))[1])
    seen = to_features(ArchTable.from_architectures([SMALL]))[1]
    assert {name.split(".")[0] for name in seen} >= {*NUMBER_GROUPS, "paths"}


def test_numbers_that_a_setting_does_not_know_are_named() -> None:
    rows = ArchTable.from_architectures([SMALL])
    features = Features(setting_of(rows.without_numbers()), ["counts"])
    with pytest.raises(GraphError, match=r"row 0: unknown attrs 'width'.*without_numbers\(\)"):
        features(rows)
    assert features(rows.without_numbers()).shape == (1, len(features.names))
