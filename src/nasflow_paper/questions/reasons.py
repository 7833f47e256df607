"""What collisions of surrogates rest on: properties that colliding graphs share, and examples.

* structure: both graphs unfold to the same tree of paths backwards from the output and forwards
  from the input. No width, scale or activation helps; nor do more rounds.
* relu: where it is on one side everywhere the flow is linear and only counts paths. An operation
  whose components are all dead passes alpha times its message on: it is invisible, but for that
  factor.
* alpha = 1/2: two such operations in parallel, each passing on a half, are worth one edge.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.telling_apart import flow_words, path_words

IntArray = npt.NDArray[np.int64]


def shared_properties(table: ArchTable, label: IntArray) -> dict[str, tuple[int, float]]:
    """In how many groups of several rows all agree in a property, and these groups' share.

    Args:
        table: N rows, no two isomorphic.
        label: (N,), as `groups` gives it.
    """
    _, group, size = np.unique(label, return_inverse=True, return_counts=True)
    _, ops = np.unique(table.op_counts(), axis=0, return_inverse=True)
    properties = {
        "operations (how many of each)": ops,
        "number of edges": np.diff(table.edge_ptr),
        "numbers of paths by length and operation": path_words(table),
        "unfoldings (no draw can tell them apart)": flow_words(table),
    }
    several = size > 1
    shared = {}
    for name, values in properties.items():
        # sorted by group and then by value, a group is mixed where two neighbours in it differ
        order = np.lexsort((values, group))
        differ = (np.diff(group[order]) == 0) & (values[order][1:] != values[order][:-1])
        mixed = np.bincount(group[order][1:][differ], minlength=len(size)) > 0
        n_agree = int((several & ~mixed).sum())
        shared[name] = (n_agree, n_agree / max(1, int(several.sum())))
    return shared


def dead_conversions(table: ArchTable, config: SurrogateConfig) -> dict[str, tuple[float, float]]:
    """By operation: the share of conversions that are 0 throughout, and of components that are 0.

    Over the nodes that receive something in the forward pass.
    """
    forward = SurrogateConfig.from_dict({**config.to_dict(), "directions": "forward", "rounds": 1})
    surrogate = FlowSurrogate(table.n_ops, forward, torch.float64)
    state = surrogate.states(table)  # (n_nodes, k)
    source, target = (torch.from_numpy(end) for end in table.global_edges())
    message = torch.zeros_like(state).index_add(0, target, state.index_select(0, source))
    ops = torch.from_numpy(table.ops.astype(np.int64))
    of_operation = surrogate.P.index_select(0, ops) @ surrogate.W[: config.k]
    converted = (of_operation + message @ surrogate.W[config.k :]).numpy()  # before the relu
    dead = converted <= 0
    shares = {}
    for index, op in enumerate(table.vocabulary):
        rows = dead[(table.ops == index) & (table.generation > 0)]
        if len(rows):
            shares[op] = (float(rows.all(axis=1).mean()), float(rows.mean()))
    return shares


def examples(table: ArchTable, label: IntArray) -> list[tuple[str, int, int]]:
    """A pair of rows of one group for each reason: its words, and the two rows, as small as any."""
    flow, paths = flow_words(table), path_words(table)
    first, second = label, np.arange(len(label))
    pair = first != second
    sizes, n_edges = np.diff(table.node_ptr), np.diff(table.edge_ptr)
    same_flow, same_paths = flow[first] == flow[second], paths[first] == paths[second]
    same_size = sizes[first] == sizes[second]
    reasons = {
        "same unfoldings": pair & same_flow,
        "same paths, relu linear": pair & ~same_flow & same_paths,
        "a dead operation": pair & ~same_paths & same_size,
        "two halves make a whole": pair & ~same_size,
    }
    chosen = []
    for words, applies in reasons.items():
        rows = np.flatnonzero(applies)
        if len(rows):
            # edges decide only between pairs with as many nodes: no cell has 100 edges
            weight = 100 * (sizes[rows] + sizes[first[rows]]) + n_edges[rows]
            row = int(rows[np.argmin(weight)])
            chosen.append((words, int(first[row]), row))
    return chosen
