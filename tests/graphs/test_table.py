"""Tables: rows there and back, slices as NumPy's, files, and what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import DataError, GraphError, MissingDataError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from strategies import OPS, PLAIN_OPS, dags, tables


def same(a: ArchTable, b: ArchTable) -> bool:
    """Whether all arrays are equal, types too."""
    pairs = zip(a.arrays().values(), b.arrays().values(), strict=True)
    return a.vocabulary == b.vocabulary and all(
        x.dtype == y.dtype and np.array_equal(x, y) for x, y in pairs
    )


@given(st.lists(dags(), min_size=1, max_size=6))
def test_rows_are_the_architectures_it_was_made_from(graphs: list[Architecture]) -> None:
    table = ArchTable.from_architectures(graphs, OPS)
    assert list(table) == graphs
    assert [tuple(g) for g in np.split(table.generation, table.node_ptr[1:-1])] == [
        g.generations for g in graphs
    ]


@given(st.lists(dags(), min_size=1, max_size=6))
def test_shuffled_arrays_make_the_same_table(graphs: list[Architecture]) -> None:
    table = ArchTable.from_architectures(graphs, OPS)
    parts = [np.zeros(0, int)]
    for first, last in itertools.pairwise(table.edge_ptr):
        parts.append(np.random.default_rng(0).permutation(np.arange(first, last)))
    order = np.concatenate(parts)
    again = ArchTable.from_arrays(
        OPS, table.ops, table.node_ptr, table.edges[:, order], table.edge_ptr
    )
    assert same(table, again)


@given(tables(), st.data())
def test_indexing_picks_rows_as_in_numpy(table: ArchTable, data: st.DataObject) -> None:
    n = len(table)
    rows = data.draw(
        st.one_of(
            st.lists(st.integers(-n, n - 1)).map(np.array).map(lambda a: a.astype(int)),
            st.lists(st.booleans(), min_size=n, max_size=n).map(np.array),
            st.slices(n),
        )
    )
    picked = [table[int(i)] for i in np.arange(n)[rows]]
    assert list(table[rows]) == picked


@given(tables(ops=OPS))
def test_pruning_the_table_prunes_every_row(table: ArchTable) -> None:
    kept = []
    for row in range(len(table)):
        try:
            kept.append((row, table[row].pruned()))
        except GraphError:
            with pytest.raises(GraphError, match="nothing would be left"):
                table[[row]].pruned()
    if kept:
        rows, graphs = zip(*kept, strict=True)
        assert list(table[list(rows)].pruned()) == list(graphs)


def test_saving_and_loading_gives_the_table_back(tmp_path: Path) -> None:
    table = ArchTable.from_architectures(
        [Architecture(("a", "b"), ((1, 0),)), Architecture(("c",), ())]
    )
    table.save(tmp_path / "t.npz")
    assert same(ArchTable.load(tmp_path / "t.npz"), table)


def test_graphs_of_300_nodes_take_wider_indices() -> None:
    chain = Architecture(("a",) * 300, tuple((i, i + 1) for i in range(299)))
    table = ArchTable.from_architectures([chain, Architecture(("a",), ())])
    assert table.edges.dtype == np.uint16
    assert table.generation[299] == 299
    assert table[0] == chain


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ops": [0, 9]}, r"row 0: operation index 9 at node 1; legal: 0..4"),
        ({"edges": [[0], [5]]}, r"row 0: edge \[0, 5\]"),
        ({"edges": [[0, 1], [1, 0]], "edge_ptr": [0, 2]}, r"row 0: .*cycle 0 -> 1 -> 0"),
        ({"edges": [[0, 0], [1, 1]], "edge_ptr": [0, 2]}, r"row 0: edge \[0, 1\] occurs twice"),
        ({"node_ptr": [0, 3]}, "node_ptr must rise from 0 to 2"),
        (
            {"node_ptr": [0, 0, 2], "edge_ptr": [0, 0, 1]},
            "row 0: an architecture needs at least one node",
        ),
        ({"vocabulary": ["a", "a"]}, "twice"),
    ],
)
def test_malformed_arrays_are_refused_with_row_and_value(change: dict, message: str) -> None:
    arrays = {
        "vocabulary": PLAIN_OPS,
        "ops": [0, 1],
        "node_ptr": [0, 2],
        "edges": [[0], [1]],
        "edge_ptr": [0, 1],
    }
    with pytest.raises((GraphError, DataError), match=message):
        ArchTable.from_arrays(**{**arrays, **change})


def test_an_unknown_operation_names_row_and_legal_ones() -> None:
    graphs = [Architecture(("a",), ()), Architecture(("z",), ())]
    with pytest.raises(GraphError, match="row 1: unknown operation 'z'; legal: a, b"):
        ArchTable.from_architectures(graphs, ("a", "b"))
    with pytest.raises(GraphError, match="row 1: unknown operation 'z'"):
        ArchTable.from_architectures(graphs).with_vocabulary(("b", "a"))


def test_another_vocabulary_keeps_the_graphs() -> None:
    table = ArchTable.from_architectures([Architecture(("a", "b"), ((0, 1),))])
    wider = table.with_vocabulary(("c", "b", "a"))
    assert list(wider) == list(table)
    assert wider.ops.tolist() == [2, 1]


def test_files_that_are_no_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="does not exist"):
        ArchTable.load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(DataError, match=r"no readable .npz"):
        ArchTable.load(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    with pytest.raises(DataError, match="no architecture table: it lacks"):
        ArchTable.load(tmp_path / "other.npz")


@given(tables(ops=OPS), st.data())
def test_a_slice_equals_the_table_of_its_rows_in_every_array(
    table: ArchTable, data: st.DataObject
) -> None:
    part = data.draw(st.slices(len(table)))
    rows = [table[row] for row in range(len(table))[part]]
    assert same(table[part], ArchTable.from_architectures(rows, OPS))


@given(tables(ops=OPS), st.permutations([*OPS, "another"]))
def test_changing_the_vocabulary_there_and_back_gives_the_table(
    table: ArchTable, names: list[str]
) -> None:
    other = table.with_vocabulary(names)
    assert list(other) == list(table)
    assert same(other.with_vocabulary(OPS), table)


@given(tables(), tables())
def test_a_concatenation_holds_the_rows_of_both(a: ArchTable, b: ArchTable) -> None:
    both = ArchTable.concatenate([a, b])
    assert list(both) == [*a, *b]
    assert same(both[: len(a)], a)
    assert same(both[len(a) :], b)


@given(table=tables(ops=OPS))
def test_any_table_comes_back_from_its_file(
    table: ArchTable, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.npz"
    table.save(path)
    assert same(ArchTable.load(path), table)


@pytest.mark.parametrize("row", [2, -3])
def test_a_row_outside_the_table_is_an_index_error(row: int) -> None:
    table = ArchTable.from_architectures([Architecture(("a",), ()), Architecture(("b",), ())])
    assert table[-1] == table[1]
    with pytest.raises(IndexError):
        table[row]


def test_an_empty_table_can_be_pruned_identified_and_saved(tmp_path: Path) -> None:
    empty = ArchTable.from_architectures([], PLAIN_OPS)
    assert len(empty.pruned()) == len(empty.canonical_ids) == len(empty[[]]) == 0
    empty.save(tmp_path / "t.npz")
    assert same(ArchTable.load(tmp_path / "t.npz"), empty)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": [0, 1, 0]}, r"edges \(3,\); legal: \(n_nodes,\) and \(2, n_edges\)"),
        ({"ops": [[0, 1]]}, r"ops has shape \(1, 2\)"),
        ({"ops": [0.5, 1.0]}, "ops holds float64 values such as 0.5; legal: integers"),
        ({"edges": [[0.0], [1.5]]}, "edges holds float64 values such as 0.0; legal: integers"),
        ({"edges": [["0"], ["1"]]}, "edges holds <U1 values such as '0'"),
        ({"node_ptr": [0.0, 2.0]}, "node_ptr holds float64"),
        ({"node_ptr": []}, "node_ptr must rise from 0 to 2"),
        ({"edge_ptr": [0, 0, 1]}, "node_ptr describes 1 graphs, edge_ptr 2"),
        ({"vocabulary": []}, "a vocabulary of 0 operations; legal: 1 to 256"),
        (
            {"vocabulary": ["a", "b", 3]},
            "the vocabulary holds 3; an operation is a non-empty string",
        ),
        ({"vocabulary": ["a", "b", "c\0"]}, r"the vocabulary holds 'c\\x00'"),
    ],
)
def test_arrays_of_another_shape_or_type_are_a_data_error(change: dict, message: str) -> None:
    arrays = {
        "vocabulary": PLAIN_OPS,
        "ops": [0, 1],
        "node_ptr": [0, 2],
        "edges": [[0], [1]],
        "edge_ptr": [0, 1],
    }
    with pytest.raises(DataError, match=message):
        ArchTable.from_arrays(**{**arrays, **change})


def test_tables_of_two_vocabularies_are_not_concatenated() -> None:
    a, b = (ArchTable.from_architectures([Architecture((op,), ())]) for op in "ab")
    with pytest.raises(DataError, match="different vocabularies"):
        ArchTable.concatenate([a, b])


@pytest.mark.parametrize("n", [3, 64, 65, 66, 300])
def test_generations_of_deep_graphs_are_those_of_shallow_ones(n: int) -> None:
    # a chain with a short cut to every third node, beside a graph of two nodes
    edges = sorted([(i, i + 1) for i in range(n - 1)] + [(0, i) for i in range(3, n, 3)])
    deep = Architecture(("a",) * n, tuple(edges))
    shallow = Architecture(("a", "a"), ((0, 1),))
    table = ArchTable.from_architectures([shallow, deep, shallow])
    again = ArchTable.from_arrays(
        table.vocabulary, table.ops, table.node_ptr, table.edges, table.edge_ptr
    )
    assert again.generation.tolist() == [0, 1, *range(n), 0, 1]


@given(tables())
def test_operations_are_counted_row_by_row(table: ArchTable) -> None:
    slow = [[row.ops.count(op) for op in table.vocabulary] for row in table]
    assert table.op_counts().tolist() == slow
