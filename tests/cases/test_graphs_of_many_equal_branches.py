"""Graphs with many equal parts: routers with parallel experts, ladders of identities."""

from __future__ import annotations

import time

import numpy as np
import pytest

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable


def branches(n: int, ops: tuple[str, ...] = ("conv", "pool")) -> Architecture:
    """An input, `n` equal branches of some operations, an output."""
    names, edges = ["input"], []
    for _ in range(n):
        before = 0
        for op in ops:
            names.append(op)
            edges.append((before, len(names) - 1))
            before = len(names) - 1
        edges.append((before, -1))
    last = len(names)
    names.append("output")
    return Architecture(tuple(names), tuple((u, last if v < 0 else v) for u, v in edges))


def ladder(n: int) -> Architecture:
    """`n` stages of two identities beside each other: 2^n ways from input to output."""
    names, edges, before = ["input"], [], [0]
    for _ in range(n):
        stage = [len(names), len(names) + 1]
        names += ["skip", "skip"]
        edges += [(u, v) for u in before for v in stage]
        before = stage
    names.append("output")
    edges += [(u, len(names) - 1) for u in before]
    return Architecture(tuple(names), tuple(edges))


@pytest.mark.parametrize("n", [60, 120, 1000])
def test_equal_branches_take_less_than_a_second(n: int) -> None:
    """60 took 10 s, 120 four minutes."""
    started = time.process_time()
    graph = branches(n)
    canonical_id = graph.canonical_id
    assert time.process_time() - started < 1
    order = [0, *np.random.default_rng(0).permutation(np.arange(1, 2 * n + 1)).tolist(), 2 * n + 1]
    assert graph.relabelled(order).canonical_id == canonical_id
    assert branches(n - 1).canonical_id != canonical_id


def test_branches_inside_branches_take_less_than_a_second() -> None:
    names, edges = ["input", "output"], []
    for _ in range(20):
        head, tail = len(names), len(names) + 1
        names += ["split", "join"]
        edges += [(0, head), (tail, 1)]
        for _ in range(20):
            names += ["conv", "relu"]
            first = len(names) - 2
            edges += [(head, first), (first, first + 1), (first + 1, tail)]
    graph = Architecture(tuple(names), tuple(edges))
    started = time.process_time()
    canonical_id = graph.canonical_id
    assert time.process_time() - started < 1
    order = np.random.default_rng(0).permutation(len(names)).tolist()
    assert graph.relabelled(order).canonical_id == canonical_id


def test_ladders_of_any_number_of_stages_have_ids_of_their_own() -> None:
    """63, 64 and 65 stages had one: the number of ways ran over 64 bits."""
    ids = [ladder(n).canonical_id for n in (1, 2, 61, 62, 63, 64, 65, 66, 130, 200)]
    assert len(set(ids)) == len(ids)
    wide = ladder(64)
    order = np.random.default_rng(0).permutation(wide.n_nodes).tolist()
    assert wide.relabelled(order).canonical_id == wide.canonical_id


def test_exact_counts_are_those_of_the_fast_way() -> None:
    from nasflow.graphs.canonical import _exact_ways, _ways

    rng = np.random.default_rng(0)
    for _ in range(50):
        n = int(rng.integers(3, 9))
        source, target = np.nonzero(np.triu(rng.random((n, n)) < 0.6, 1))
        order = np.argsort(target, kind="stable")
        source, target = source[order], target[order]
        skip = rng.random(n) < 0.5
        if not len(source):
            continue
        fast = {
            (u, v): n
            for u, v, n in zip(
                *(part.tolist() for part in _ways(source, target, skip)), strict=True
            )
        }
        exact = _exact_ways(source.tolist(), target.tolist(), skip.tolist())
        slow = {(u, v): n for u, v, n in zip(*(part.tolist() for part in exact), strict=True)}
        kept = {pair: n for pair, n in fast.items() if not skip[pair[0]]}
        assert kept == slow


def test_no_name_of_an_operation_is_an_internal_mark() -> None:
    """An operation named as the mark of a doubled edge was taken for one."""
    doubled = Architecture(("input", "skip", "output"), ((0, 1), (0, 2), (1, 2)))
    for name in ("\0x2", "\0\0x2"):
        disguised = Architecture(("input", name, "output"), ((0, 1), (1, 2)))
        assert disguised.canonical_id != doubled.canonical_id
    names = ["\0x2", "\0\0x2", "x2", "\0\0\0x2"]
    ids = {Architecture(("input", name), ((0, 1),)).canonical_id for name in names}
    assert len(ids) == len(names)


def test_a_long_cycle_is_named_at_once_and_in_short() -> None:
    """30,000 nodes took 14 s, and a message of 259 kB."""
    n = 30_000
    edges = tuple((i, (i + 1) % n) for i in range(n))
    started = time.process_time()
    with pytest.raises(GraphError) as caught:
        Architecture(("conv",) * n, edges)
    assert time.process_time() - started < 0.5
    assert "0 -> 1 -> 2 -> 3 -> 4 -> ... 29,991 more ... -> 29996" in str(caught.value)
    assert len(str(caught.value)) < 200
    with pytest.raises(GraphError, match=r"row 0: edge list has a cycle 0 -> 1"):
        ArchTable.from_arrays(["conv"], np.zeros(n, int), [0, n], np.array(edges).T, [0, n])
