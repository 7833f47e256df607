"""A whole space was one object per graph: 28 GB to open NAS-Bench-201."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nasflow.graphs.table import ArchTable
from nasflow.spaces import load_space, space_names

EDGES = ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (3, 5), (4, 6), (5, 6), (0, 6))


def as_many_as_nasbench101() -> ArchTable:
    """423,624 graphs of seven nodes and nine edges, the largest cells of NAS-Bench-101."""
    ops = np.random.default_rng(0).integers(5, size=(423_624, 7), dtype=np.uint8)
    return ArchTable.from_template(tuple("abcde"), ops, EDGES)


@pytest.mark.slow
def test_listing_any_space_peaks_below_64_megabytes() -> None:
    for name in space_names():
        space = load_space(name)
        if space.size is None:  # cannot be listed
            continue
        tracemalloc.start()
        table = space.enumerate()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64e6, name
        # what the graphs take; four bytes for each number that their nodes carry come on top
        assert table.without_numbers().nbytes < 64 * len(table)


@pytest.mark.slow
def test_423624_cells_take_60_megabytes_at_most_and_load_in_seconds(tmp_path: Path) -> None:
    table = as_many_as_nasbench101()
    assert table.nbytes < 60e6
    table.save(tmp_path / "space.npz")
    started = time.process_time()  # not the wall clock: other tests run at the same time
    again = ArchTable.load(tmp_path / "space.npz")
    # 0.5 s on one idle core; the object per graph took minutes
    assert time.process_time() - started < 5
    assert again.content_hash() == table.content_hash()


def test_a_slice_of_a_table_copies_nothing() -> None:
    table = load_space("nb201").enumerate()
    part = table[100:15_000]
    assert np.shares_memory(part.ops, table.ops)
    assert np.shares_memory(part.edges, table.edges)
    assert np.shares_memory(part.generation, table.generation)
