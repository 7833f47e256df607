"""`Architecture`: one neural architecture as a directed acyclic graph, operations on the nodes.

Decisions:

* Operations are *names*, not indices: an architecture means the same in every file and every space,
  and its `canonical_id` is a content hash. Indices belong to a table's vocabulary
  (`nasflow.graphs.table`).
* Four names carry meaning, by convention: a name that starts with `input` marks an input node, one
  that starts with `output` an output node, `none` (NAS-Bench-201's zeroize) is a node that passes
  nothing on, and `skip` is the identity. A graph that uses none of them is taken as it is.
  (`skip_connect`, which halves the resolution in a DARTS reduction cell, is no identity and hence
  another name.)
* Nodes may carry named numbers (`attrs`), and so may the whole graph (`globals`): widths, kernels,
  a resolution. Rules and rounding are on the page of `nasflow.graphs.attributes`.
* Frozen and checked once, at construction; everything derived is computed from valid data.

This class is for single graphs: parsing, mutation, error messages. Whole spaces live in
`ArchTable`, which holds no Python object per graph.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nasflow.errors import GraphError
from nasflow.graphs.attributes import (
    NO_GRAPH_NUMBERS,
    NO_NODE_NUMBERS,
    GraphNumbers,
    NodeNumbers,
    graph_numbers,
    node_numbers,
    plain,
    plain_list,
)
from nasflow.graphs.canonical import canonical_ids
from nasflow.graphs.flat_graphs import FlatGraphs
from nasflow.graphs.generations import generations_of_graph
from nasflow.graphs.names import NONE_OP, OP_NAME_RULE, is_input, is_op_name, is_output
from nasflow.running.cached import cached_property


@dataclass(frozen=True)
class Architecture:
    """A directed acyclic graph with one operation per node.

    Args:
        ops: the operation's name of each node; at least one node.
        edges: pairs `(source, target)` of node positions. Sorted by `(target, source)` on
            construction, so that two equal graphs compare equal whatever order their edges came in.
        attrs: numbers of the nodes by name, one for each node and None where it has none:
            `{"width": [None, 64, None]}`.
        globals: numbers of the whole graph by name: `{"resolution": 224}`.

    Raises:
        GraphError: no node, an operation that is no string, an edge that repeats, leaves the
            graph, joins a node to itself or closes a cycle (which is spelt out); a number that is
            none, or numbers that do not fit the nodes.

    Example:
        >>> a = Architecture(("input", "conv3x3", "output"), ((0, 1), (1, 2), (0, 2)))
        >>> a.generations
        (0, 1, 2)
        >>> a == Architecture(("input", "conv3x3", "output"), ((0, 2), (0, 1), (1, 2)))
        True
    """

    ops: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()
    # a mapping has no hash: `__hash__` takes what is in it
    attrs: NodeNumbers = field(default_factory=dict, hash=False)
    globals: GraphNumbers = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        ops = tuple(self.ops)  # lists are welcome, yet what is kept must be hashable
        if not ops:
            raise GraphError("an architecture needs at least one node; ops is empty")
        for node, op in enumerate(ops):
            if not is_op_name(op):
                raise GraphError(
                    f"ops[{node}] is {op!r}; an operation is a non-empty string {OP_NAME_RULE}"
                )
        checked = [_edge(edge, len(ops)) for edge in self.edges]
        # by target first: the order that tables and messages are in
        edges = tuple(sorted(checked, key=lambda edge: (edge[1], edge[0])))
        for before, edge in itertools.pairwise(edges):
            if before == edge:
                raise GraphError(f"edge {list(edge)} occurs twice; list each edge once")
        # the class is frozen: only here its fields may be set
        object.__setattr__(self, "ops", ops)
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "attrs", node_numbers(self.attrs, len(ops)))
        object.__setattr__(self, "globals", graph_numbers(self.globals))
        # computed in any case, for that is how a cycle is found
        object.__setattr__(self, "_generations", generations_of_graph(len(ops), edges))

    def __hash__(self) -> int:
        graph = self.ops, self.edges
        # without numbers, what it was before there were any: sets keep their order
        if not self.attrs and not self.globals:
            return hash(graph)
        # with them in it: thousands of elements of a space of sizes are one graph otherwise
        return hash((graph, tuple(self.attrs.items()), tuple(self.globals.items())))

    def __repr__(self) -> str:
        # numbers only where there are some, as most graphs have none
        parts = [f"ops={self.ops!r}", f"edges={self.edges!r}"]
        if self.attrs:
            parts.append(f"attrs={dict(self.attrs)!r}")
        if self.globals:
            parts.append(f"globals={dict(self.globals)!r}")
        return f"Architecture({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        # a read-only mapping cannot be pickled
        return Architecture, (self.ops, self.edges, dict(self.attrs), dict(self.globals))

    @classmethod
    def from_adjacency(cls, matrix: Iterable[Iterable[Any]], ops: Sequence[str]) -> Architecture:
        """The architecture of an adjacency matrix: a 1 at row `i`, column `j` is the edge `i -> j`.

        Any square matrix of zeros and ones will do (list, NumPy array; bool, int or float): the
        type does not matter to the result.
        """
        rows = [list(row) for row in matrix]
        widths = sorted({len(row) for row in rows})
        if len(rows) != len(ops) or any(width != len(ops) for width in widths):
            shape = f"{len(rows)} rows of {widths} columns"
            raise GraphError(
                f"the adjacency matrix has {shape}, but there are {len(ops)} operations"
            )
        edges = []
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                # True == 1 == 1.0: the comparison takes every type that the docstring promises
                if value not in (0, 1):
                    raise GraphError(f"adjacency[{i}][{j}] is {value!r}; legal: 0 and 1")
                if value:
                    edges.append((i, j))
        return cls(tuple(ops), tuple(edges))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Architecture:
        """The architecture of a JSON object `{"ops": [...], "edges": [[0, 1], ...]}`.

        It may have `"attrs": {"width": [null, 64, null]}` and `"globals": {"resolution": 224}`.
        """
        for key in ("ops", "edges"):
            if not isinstance(data.get(key), (list, tuple)):
                raise GraphError(
                    f'an architecture is {{"ops": [...], "edges": [[0, 1], ...]}}; {key!r} is '
                    f"{data.get(key, 'missing')!r}"
                )
        return cls(
            tuple(data["ops"]),
            tuple(data["edges"]),
            data.get("attrs", NO_NODE_NUMBERS),
            data.get("globals", NO_GRAPH_NUMBERS),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `from_dict` reads back."""
        result: dict[str, Any] = {
            "ops": list(self.ops),
            "edges": [list(edge) for edge in self.edges],
        }
        # only where there are some: a file of graphs without numbers is what it always was
        if self.attrs:
            result["attrs"] = {name: plain_list(values) for name, values in self.attrs.items()}
        if self.globals:
            result["globals"] = {name: plain(value) for name, value in self.globals.items()}
        return result

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.ops)

    @property
    def generations(self) -> tuple[int, ...]:
        """Topological generation of each node, from 0 (no incoming edge; the paper's generation 1).

        A node's generation is the length of the longest path that ends in it: what peeling off the
        nodes without predecessors, again and again, gives (section 3 of the paper).
        """
        generations: tuple[int, ...] = self.__dict__["_generations"]
        return generations

    @cached_property
    def predecessors(self) -> tuple[tuple[int, ...], ...]:
        """The sources of the edges into each node, ascending."""
        lists: list[list[int]] = [[] for _ in self.ops]
        for source, target in self.edges:
            lists[target].append(source)
        return tuple(map(tuple, lists))

    @cached_property
    def successors(self) -> tuple[tuple[int, ...], ...]:
        """The targets of the edges out of each node, ascending."""
        lists: list[list[int]] = [[] for _ in self.ops]
        for source, target in self.edges:
            lists[source].append(target)
        return tuple(map(tuple, lists))

    @cached_property
    def canonical_id(self) -> str:
        """32 hexadecimal digits, equal for two architectures exactly when they compute the same.

        That is: when their graphs are isomorphic once dead nodes are pruned and identities
        contracted (`nasflow.graphs.canonical`), and corresponding nodes have equal numbers.
        Independent of node order and of where the graph came from.
        """
        graph = FlatGraphs.of_graph(self.ops, self.edges, self.attrs, self.globals)
        return str(canonical_ids(graph)[0])

    def relabelled(self, order: Sequence[int]) -> Architecture:
        """The same graph with its nodes in another order: new node `i` is old node `order[i]`."""
        if sorted(order) != list(range(self.n_nodes)):
            raise GraphError(f"order {list(order)!r} is no permutation of 0..{self.n_nodes - 1}")
        position = {old: new for new, old in enumerate(order)}
        edges = tuple((position[source], position[target]) for source, target in self.edges)
        return self._with_nodes(order, edges)

    def without(self, op: str) -> Architecture:
        """This graph less the nodes of one operation and the edges at them.

        Raises:
            GraphError: no node would be left.
        """
        return self._keep([node for node, name in enumerate(self.ops) if name != op])

    def without_numbers(self) -> Architecture:
        """The same graph without numbers on its nodes and of its own."""
        return Architecture(self.ops, self.edges)

    def pruned(self) -> Architecture:
        """This graph less its dead nodes: those on no directed path from an input to an output.

        `none` nodes go first, with their edges. Inputs and outputs themselves always stay, so that
        a cell that connects nothing is a graph of its input and output. Without nodes named
        `input*` every source counts as an input, without `output*` every sink as an output. Pruning
        twice changes nothing.
        """
        # a graph that marks no end may use the word none for anything
        marks_ends = any(is_input(op) or is_output(op) for op in self.ops)
        graph = self.without(NONE_OP) if marks_ends and NONE_OP in self.ops else self
        inputs = [v for v, op in enumerate(graph.ops) if is_input(op)]
        outputs = [v for v, op in enumerate(graph.ops) if is_output(op)]
        sources = [v for v, before in enumerate(graph.predecessors) if not before]
        sinks = [v for v, after in enumerate(graph.successors) if not after]
        live = _reachable(inputs or sources, graph.successors)
        live &= _reachable(outputs or sinks, graph.predecessors)
        # the ends stay even where nothing joins them: a cell that connects nothing is a graph too
        live |= {*inputs, *outputs}
        return graph._keep(sorted(live))

    def _keep(self, nodes: list[int]) -> Architecture:
        """The graph of some nodes, ascending, and of the edges between them."""
        if len(nodes) == self.n_nodes:
            return self
        if not nodes:
            raise GraphError(f"nothing would be left of the graph with operations {list(self.ops)}")
        position = {old: new for new, old in enumerate(nodes)}
        edges = tuple(
            (position[source], position[target])
            for source, target in self.edges
            if source in position and target in position
        )
        return self._with_nodes(nodes, edges)

    def _with_nodes(self, nodes: Sequence[int], edges: tuple[tuple[int, int], ...]) -> Architecture:
        """A graph of some of these nodes in a given order, each with its numbers."""
        attrs = {}
        for name, values in self.attrs.items():
            attrs[name] = tuple(values[old] for old in nodes)
        return Architecture(tuple(self.ops[old] for old in nodes), edges, attrs, self.globals)


def _edge(edge: Any, n_nodes: int) -> tuple[int, int]:
    """`edge` as a pair of node positions, or a `GraphError` that says what is wrong with it."""
    try:
        source, target = edge
        if isinstance(source, bool) or isinstance(target, bool):
            raise TypeError("a boolean is no position, though Python counts it as an integer")
        # operator.index: NumPy integers pass, 1.5 and "1" do not
        source, target = operator.index(source), operator.index(target)
    except (TypeError, ValueError):
        raise GraphError(f"edge {edge!r} is no pair of node positions such as [0, 1]") from None
    if not (0 <= source < n_nodes and 0 <= target < n_nodes):
        raise GraphError(
            f"edge {[source, target]} leaves the graph; legal node positions: 0..{n_nodes - 1}"
        )
    if source == target:
        raise GraphError(
            f"edge {[source, target]} joins a node to itself; FGP needs an acyclic graph"
        )
    return source, target


def _reachable(starts: Sequence[int], neighbours: Sequence[Sequence[int]]) -> set[int]:
    """All nodes that can be reached from `starts`, themselves included."""
    seen, front = set(starts), list(starts)
    # `front` has the nodes seen whose neighbours are still to be looked at
    while front:
        for node in neighbours[front.pop()]:
            if node not in seen:
                seen.add(node)
                front.append(node)
    return seen
