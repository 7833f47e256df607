"""Row pointers and the sums of the groups they cut, against loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.pointers import pointer_of_sorted, row_pointer, sum_of_rows


@given(st.lists(st.integers(0, 5)))
def test_a_pointer_cuts_groups_of_the_given_sizes(counts: list[int]) -> None:
    ptr = row_pointer(torch.tensor(counts, dtype=torch.int64))
    assert ptr.dtype == torch.int64
    assert ptr.tolist() == [sum(counts[:i]) for i in range(len(counts) + 1)]
    assert ptr.tolist() == row_ptr(counts).tolist()  # the NumPy twin


@given(st.lists(st.integers(0, 6)))
def test_the_pointer_of_sorted_items_tells_where_each_group_is(groups: list[int]) -> None:
    ptr = pointer_of_sorted(torch.tensor(groups, dtype=torch.int64), 9).tolist()
    items = sorted(groups)
    assert [items[ptr[g] : ptr[g + 1]] for g in range(9)] == [
        [g] * groups.count(g) for g in range(9)
    ]


@pytest.mark.parametrize("weighted", [False, True])
def test_sums_are_those_of_a_loop_and_have_its_gradient(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(rng.integers(4, size=7))
    ptr = torch.tensor([0, 3, 3, 6, 7])
    values = torch.from_numpy(rng.normal(size=(4, 3))).requires_grad_()
    weights = torch.from_numpy(rng.normal(size=7)) if weighted else None
    seen = sum_of_rows(values, rows, ptr, weights)
    for group in range(4):
        total = torch.zeros(3, dtype=torch.float64)
        for item in range(int(ptr[group]), int(ptr[group + 1])):
            total = total + values[rows[item]] * (1 if weights is None else weights[item])
        torch.testing.assert_close(seen[group], total)
    assert torch.autograd.gradcheck(lambda v: sum_of_rows(v, rows, ptr, weights), (values,))
