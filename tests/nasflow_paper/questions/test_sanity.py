"""Clusters by structure, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from nasflow_paper.questions import sanity


def test_silhouettes_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)) + 3 * np.repeat(np.eye(3)[:, :2], 20, axis=0)
    family = np.repeat(np.arange(3), 20)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    assert sanity.silhouette(sanity.distances(x), family) == pytest.approx(
        silhouette_score(scaled, family)
    )


def test_purity_counts_neighbours_of_the_own_family() -> None:
    x = np.concatenate([np.zeros((12, 1)), np.ones((12, 1))])
    family = np.repeat([0, 1], 12)
    assert sanity.purity(sanity.distances(x), family) == 1
    mixed = sanity.purity(sanity.distances(np.zeros((24, 1))), family)  # all ties: chance
    assert 0.3 < mixed < 0.65


@pytest.mark.parametrize("which", sanity.FAMILIES)
def test_families_share_operations_and_have_one_input_and_output(which: str) -> None:
    of = sanity.FAMILIES[which]
    table, family = sanity.families(of, 4)
    assert family.tolist() == list(range(5)) * 4
    for draw in range(4):
        graphs = [table[5 * draw + i] for i in range(5)]
        assert len({graph.ops for graph in graphs}) == 1
        assert len(set(graphs)) == 5
        if which == "as many edges as nodes":
            assert {len(graph.edges) for graph in graphs} == {graphs[0].n_nodes}
        for graph in graphs:
            assert [v for v, p in enumerate(graph.predecessors) if not p] == [0]
            assert [v for v, s in enumerate(graph.successors) if not s] == [graph.n_nodes - 1]
