"""Nodes that look alike to a message-passing layer, so that each kind is computed once.

The state of a node after l layers depends on its neighbourhood up to l steps alone. Colour
refinement (Weisfeiler and Leman 1968) finds the nodes that agree on it: two have the same colour
after l layers if they had the same after l - 1 and so had their neighbours, counted with
multiplicity. Without gradient and dropout, states of one colour are equal but for the order of
sums. On NAS-Bench-201 a batch of 512 cells has 4,096 nodes of 7 colours, 350 after one layer, about
3,800 after two, and all different after three.

The multiset of the neighbours' colours is compared by a sum of 64 scrambled bits for each: two
different ones among 10,000 are taken for the same with a probability of about 10,000^2 / 2^65, 3 in
10^12.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nasflow.graphs.batch import Neighbourhood


@dataclass(frozen=True, eq=False)
class LookAlikes:
    """The nodes of a batch grouped into kinds, one node of each kind, and the messages that those
    nodes receive.
    """

    kind: Tensor
    """(n_nodes,) int64: the kind of every node."""
    node: Tensor
    """(n_kinds,) int64: a node of each kind."""
    source: Tensor
    """(n_messages,) int64: the node that each message comes from."""
    target: Tensor
    """(n_messages,) int64: the node that it goes to."""
    ptr: Tensor
    """(n_kinds + 1,) int64: kind i receives the messages ptr[i] : ptr[i+1]."""

    @classmethod
    def after_a_layer(cls, kind: Tensor, n_kinds: int, neighbours: Neighbourhood) -> LookAlikes:
        """The kinds after a layer of message passing, from the kinds (n_nodes,) before it.

        Where so many differ already that little can be shared, every node is a kind of its own.
        """
        n_nodes = len(kind)
        if n_kinds > n_nodes // 2:
            return cls._all_different(neighbours)
        message = _scrambled(kind).index_select(0, neighbours.source)
        heard = torch.zeros_like(kind).index_add_(0, neighbours.target, message)
        key, order = torch.sort(_scrambled(heard + kind), stable=True)
        first = torch.cat([torch.ones_like(key[:1], dtype=torch.bool), key[1:] != key[:-1]])
        node = order[first]
        if len(node) > 0.9 * n_nodes:
            return cls._all_different(neighbours)
        after = torch.empty_like(kind)
        after[order] = first.cumsum(0) - 1
        start = neighbours.ptr.index_select(0, node)
        degree = neighbours.ptr.index_select(0, node + 1) - start
        ptr = torch.cat([degree.new_zeros(1), degree.cumsum(0)])
        messages = torch.arange(int(ptr[-1]), device=kind.device) + (
            start - ptr[:-1]
        ).repeat_interleave(degree)
        return cls(
            after,
            node,
            neighbours.source.index_select(0, messages),
            neighbours.target.index_select(0, messages),
            ptr,
        )

    @classmethod
    def _all_different(cls, neighbours: Neighbourhood) -> LookAlikes:
        nodes = torch.arange(len(neighbours.ptr) - 1, device=neighbours.ptr.device)
        return cls(nodes, nodes, neighbours.source, neighbours.target, neighbours.ptr)


def _scrambled(x: Tensor) -> Tensor:
    """64 bits for each int64, by the multiplications and shifts of splitmix64 (Steele, Lea and
    Flood 2014).
    """
    x = x * -7046029254386353131 + 7640891576956012809
    x = (x ^ _shifted(x, 30)) * -4658895280553007687
    x = (x ^ _shifted(x, 27)) * -7723592293110705685
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """`x` moved right by `bits`, zeros coming in."""
    shifted: Tensor = (x >> bits) & (2 ** (64 - bits) - 1)
    return shifted
