from __future__ import annotations

import pytest

from nasflow.errors import GraphError
from nasflow.spaces.nbgraph import PROTEINS_OPERATIONS, NBGraph


def test_operations_that_feed_none_feed_the_output() -> None:
    graph = NBGraph().parse("0,0,1,2|gcn,gat,skip,fc")
    assert graph.ops == ("input", "gcn", "gat", "skip", "fc", "output")
    assert graph.edges == ((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5))


def test_a_benchmark_hash_is_read_with_its_leading_zeros() -> None:
    space = NBGraph()
    # pattern 3, then operations 5, 1, 8, 4 of the benchmark's order
    assert space.format(space.parse("35184")) == "0,0,1,2|arma,gcn,skip,sage"
    assert space.parse("0") == space.parse("00000")
    assert space.format(space.parse("1")) == "0,0,0,0|gat,gat,gat,gcn"
    with pytest.raises(GraphError, match=r"digits of 0..8"):
        space.parse("9")


def test_proteins_has_five_operations() -> None:
    space = NBGraph(PROTEINS_OPERATIONS)
    assert space.size == 9 * 5**4
    with pytest.raises(GraphError, match="legal: gcn, sage, arma, fc, skip"):
        space.parse("0,0,0,0|gat,gcn,gcn,gcn")


def test_an_index_that_is_no_choice_is_refused_with_its_row() -> None:
    # 9 and -1 would be the indices of the output and the input
    for operation in (9, -1):
        with pytest.raises(
            GraphError, match=f"row 0: choice 0 is {operation}; legal in nbgraph: 0..8"
        ):
            NBGraph().table_from_choices([0], [[operation, 0, 0, 0]])
    with pytest.raises(GraphError, match=r"row 0: choice 0 is 9; legal in nbgraph: 0..8"):
        NBGraph().table_from_choices([9], [[0, 0, 0, 0]])


def test_a_hash_and_its_notation_name_one_row_of_the_enumeration() -> None:
    space = NBGraph()
    table = space.enumerate()
    for row in range(0, len(table), 1009):
        # an index in base 9 has the digits of the benchmark's hash
        digits = "".join(str(row // 9**power % 9) for power in range(4, -1, -1))
        assert table[row] == space.parse(digits) == space.parse(space.format(table[row]))


def test_an_element_has_40_neighbours() -> None:
    space = NBGraph()
    assert len(set(space.neighbours(space.parse("0")))) == 8 + 4 * 8


@pytest.mark.parametrize(
    ("link", "operations", "message"),
    [
        (-1, (0, 0, 0, 0), "choice 0 is -1; legal in nbgraph: 0..8"),
        (9, (0, 0, 0, 0), "choice 0 is 9"),
        (0, (0, 0, 9, 0), "choice 2 is 9"),
        (0, (0, 0, 0), r"shape \(1, 3\); nbgraph needs \(n_graphs, 4\)"),
    ],
)
def test_one_element_of_illegal_choices_is_refused(
    link: int, operations: tuple[int, ...], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        NBGraph().from_choices(link, operations)


def test_links_and_operations_must_be_as_many() -> None:
    with pytest.raises(GraphError, match="2 link patterns for 1 rows of operations"):
        NBGraph().table_from_choices([0, 1], [[0, 0, 0, 0]])


def test_link_patterns_may_come_mixed() -> None:
    space = NBGraph()
    elements = [space.from_choices(link, (link, 0, 1, 2)) for link in (8, 0, 3, 0, 8)]
    choices = [space.to_choices(element) for element in elements]
    table = space.table_from_choices(
        [link for link, _ in choices], [operations for _, operations in choices]
    )
    assert list(table) == elements
