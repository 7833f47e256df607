"""`DagSpace`: spaces of any acyclic graph with operations on its nodes, such as NAS-Bench-101's.

An element has `n_inputs` input nodes, then between `min_nodes` and `max_nodes` nodes with an
operation, then one output. Every operation lies on a path from an input to the output, and the
output is fed. The nodes stand in a topological order, so every edge runs forward.

Two kinds. *Open* (`allowed` is None): any forward edge may be there and the order of the nodes has
no meaning of its own. *Positional* (`allowed` lists edges): the node count is fixed, each node has
a place, and only the listed edges may be there (all of them, if `fixed_edges`).

One change is one of these; the first two apply to positional spaces as well:

* another operation at a node;
* one edge more, or one less if every node stays on a path;
* one node more, fed by one node and feeding one other: beside the edge between the two, or in its
  place;
* the reverse: a node with one predecessor and one successor goes, bridged by an edge or not.

From any element these lead to any other: where no edge can go, some node has one predecessor and
one successor, so every element can be reduced to an input joined to the output.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.changes import Change, ChangeSpace
from nasflow.spaces.dag_enumeration import MAX_PAIRS, count_elements, enumerate_dags

Edge = tuple[int, int]

MAX_ENUMERATED = 2_000_000  # NAS-Bench-101 has 423,624; a table of 2 million takes about 100 MB


class DagSpace(ChangeSpace):
    """The space that the attributes below describe; subclasses set them and add the notation."""

    choices: tuple[str, ...]
    """The operations that a node may have."""

    n_inputs: int = 1
    """Number of input nodes: `input`, or `input0`, `input1`, ... where there are several."""

    min_nodes: int
    """Smallest number of nodes with an operation."""

    max_nodes: int
    """Largest number of nodes with an operation."""

    max_edges: int | None = None
    """Largest number of edges; None for any."""

    allowed: tuple[Edge, ...] | None = None
    """The edges that may be there, by position; None for every forward edge."""

    fixed_edges: bool = False
    """Whether every allowed edge is there in every element."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input nodes."""
        if self.n_inputs == 1:
            return ("input",)
        return tuple(f"input{i}" for i in range(self.n_inputs))

    def alternatives(self, op: str) -> Sequence[str]:
        """The operations that differ from `op` in one choice."""
        return [other for other in self.choices if other != op]

    # -- elements

    def check(self, architecture: Architecture) -> None:
        """Return if the architecture is an element of this space.

        Raises:
            GraphError: it is not, and why.
        """
        ops, edges = architecture.ops, architecture.edges
        n, last = self.n_inputs, len(ops) - 1
        # the ends first: what follows counts on them
        if ops[:n] != self.inputs or len(ops) <= n or ops[-1] != "output":
            raise GraphError(
                f"the operations {list(ops)} must start with {', '.join(self.inputs)} and end "
                "with output"
            )
        if not self.min_nodes <= last - n <= self.max_nodes:
            raise GraphError(
                f"{len(ops)} nodes, of which {last - n} have an operation; {self.name} needs "
                f"{self.min_nodes} to {self.max_nodes} with an operation"
            )
        for node in range(n, last):
            if ops[node] not in self.choices:
                raise GraphError(
                    f"unknown operation {ops[node]!r} at node {node}; legal in {self.name}: "
                    f"{', '.join(self.choices)}"
                )
        for source, target in edges:
            if source > target or target < n or source == last:
                raise GraphError(
                    f"edge {[source, target]} runs backwards, into an input or out of the output; "
                    "list the nodes in a topological order, inputs first, output last"
                )
            if self.allowed is not None and (source, target) not in self.allowed:
                allowed = [list(edge) for edge in self.allowed]
                raise GraphError(
                    f"edge {[source, target]} is not among the allowed edges of {self.name}: "
                    f"{allowed}"
                )
        if self.max_edges is not None and len(edges) > self.max_edges:
            raise GraphError(f"{len(edges)} edges; {self.name} allows {self.max_edges}")
        if self.fixed_edges and self.allowed is not None and len(edges) != len(self.allowed):
            missing = sorted(set(self.allowed) - set(edges))
            raise GraphError(
                f"edge {list(missing[0])} is missing; the edges of {self.name} are fixed"
            )
        dead = self._dead(len(ops), edges)
        if dead is not None:
            culprit = "the output" if dead == last else f"node {dead} ({ops[dead]})"
            raise GraphError(
                f"{culprit} is on no path from an input to the output; every node must be"
            )

    def _dead(self, n_nodes: int, edges: Sequence[Edge]) -> int | None:
        """A node on no path from an input to the output, or None where there is none."""
        sources = {source for source, _ in edges}
        targets = {target for _, target in edges}
        # degrees are enough: in a DAG, a walk back over nodes that are fed ends at an input
        for node in range(self.n_inputs, n_nodes):
            leads_on = node in sources or node == n_nodes - 1
            if node not in targets or not leads_on:
                return node
        return None

    def _element(self, ops: list[str], edges: Sequence[Edge]) -> Architecture | None:
        """The element with these nodes in a topological order, or None where it breaks a limit.

        The output is the last of `ops`; edges may run backwards, as long as there is no cycle.
        Among the orders, the one that takes the smallest free position each time; a sorted graph
        keeps its order.
        """
        n_nodes = len(ops)
        if self.max_edges is not None and len(edges) > self.max_edges:
            return None
        if self._dead(n_nodes, edges) is not None:
            return None
        # most changes leave the order as it is
        if all(source < target for source, target in edges):
            return Architecture(tuple(ops), tuple(edges))
        n_unplaced_sources = [0] * n_nodes
        targets: list[list[int]] = [[] for _ in ops]
        for source, target in edges:
            n_unplaced_sources[target] += 1
            targets[source].append(target)
        # ascending, and so a heap already
        ready = [v for v in range(n_nodes) if not n_unplaced_sources[v]]
        order = []
        while ready:
            # the smallest first, so that equal graphs come out in equal order
            order.append(heapq.heappop(ready))
            for target in targets[order[-1]]:
                n_unplaced_sources[target] -= 1
                if not n_unplaced_sources[target]:
                    heapq.heappush(ready, target)
        new_number = {old: new for new, old in enumerate(order)}
        sorted_edges = tuple((new_number[s], new_number[t]) for s, t in edges)
        return Architecture(tuple(ops[v] for v in order), sorted_edges)

    # -- changes

    def changes(self, architecture: Architecture) -> list[Change]:
        """Operations, edges, then (in an open space) nodes to insert and to drop."""
        self.check(architecture)
        ops, edges = architecture.ops, set(architecture.edges)
        n, last = self.n_inputs, len(ops) - 1
        changes: list[Change] = [
            ("op", v, op) for v in range(n, last) for op in self.alternatives(ops[v])
        ]
        if self.fixed_edges:
            return changes
        changes += [("cut", s, t) for s, t in architecture.edges]
        if self.allowed is not None:
            return changes + [("join", s, t) for s, t in self.allowed if (s, t) not in edges]
        # an edge may also run against the order of two nodes that no path orders
        reached = self._reached(architecture)
        pairs = [
            (s, t)
            for t in range(n, last + 1)
            for s in range(last)
            if s != t and not reached[t] >> s & 1
        ]
        changes += [("join", s, t) for s, t in pairs if (s, t) not in edges]
        if last - n < self.max_nodes:
            for s, t in pairs:
                changes += [("beside", s, t, op) for op in self.choices]
                if (s, t) in edges:
                    changes += [("into", s, t, op) for op in self.choices]
        if last - n > self.min_nodes:
            for v in range(n, last):
                before, after = architecture.predecessors[v], architecture.successors[v]
                if len(before) == len(after) == 1:
                    changes.append(("drop", v))
                    # where the bridge is there already, dropping the node is the same change
                    if (before[0], after[0]) not in edges:
                        changes.append(("bridge", v))
        return changes

    def changed(self, architecture: Architecture, change: Change) -> Architecture | None:
        """The element after a change, or None where that would break a rule of the space."""
        kind, *rest = change
        ops, edges = list(architecture.ops), list(architecture.edges)
        if kind == "op":
            ops[rest[0]] = rest[1]
            return Architecture(tuple(ops), architecture.edges)
        if kind in ("drop", "bridge"):
            v = rest[0]
            (before,), (after,) = architecture.predecessors[v], architecture.successors[v]
            edges = [edge for edge in edges if v not in edge]
            if kind == "bridge":
                edges.append((before, after))
            # the nodes behind the one that goes move up by one
            edges = [(s - (s > v), t - (t > v)) for s, t in edges]
            return self._element(ops[:v] + ops[v + 1 :], edges)
        s, t = rest[:2]
        if kind == "join":
            return self._element(ops, [*edges, (s, t)])
        if kind == "cut" or kind == "into":
            edges.remove((s, t))
        if kind == "cut":
            return self._element(ops, edges)
        # a new node, put before its target, or before the output if it runs against the order
        v = max(s + 1, t) if s < t else len(ops) - 1
        edges = [(a + (a >= v), b + (b >= v)) for a, b in edges]
        edges += [(s + (s >= v), v), (v, t + (t >= v))]
        return self._element([*ops[:v], rest[2], *ops[v:]], edges)

    @staticmethod
    def _reached(architecture: Architecture) -> list[int]:
        """For each node, a bit mask of the nodes that a path leads to."""
        reached = [0] * architecture.n_nodes
        # backwards, so that the masks of the nodes ahead are complete
        for v in range(architecture.n_nodes - 1, -1, -1):
            for w in architecture.successors[v]:
                reached[v] |= 1 << w | reached[w]
        return reached

    # -- drawing and listing

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A random element, not uniform: number of nodes and operations uniform, then edges.

        Every node gets one source and, if it feeds nothing, one target; some of the other edges
        follow, their number drawn uniformly up to the limit, and what is too many goes again.
        """
        n_ops = int(rng.integers(self.min_nodes, self.max_nodes + 1))
        names = [self.choices[int(i)] for i in rng.integers(len(self.choices), size=n_ops)]
        ops = [*self.inputs, *names, "output"]
        last = len(ops) - 1
        legal = self._legal_edges(last)
        if self.fixed_edges:
            return Architecture(tuple(ops), tuple(legal))
        edges: set[Edge] = set()
        for v in range(self.n_inputs, last + 1):
            into = [edge for edge in legal if edge[1] == v]
            edges.add(into[int(rng.integers(len(into)))])
        for v in range(last - 1, self.n_inputs - 1, -1):
            if not any(source == v for source, _ in edges):
                out = [edge for edge in legal if edge[0] == v]
                edges.add(out[int(rng.integers(len(out)))])
        others = [edge for edge in legal if edge not in edges]
        limit = len(legal) if self.max_edges is None else self.max_edges
        room = min(len(others), max(0, limit - len(edges)))
        # the permutation is drawn before the number: their order is part of what a seed gives
        shuffled = rng.permutation(len(others))
        n_more = int(rng.integers(room + 1))
        edges.update(others[int(i)] for i in shuffled[:n_more])
        return Architecture(tuple(ops), tuple(self._thinned(sorted(edges), limit, last + 1, rng)))

    def _thinned(
        self, edges: list[Edge], limit: int, n_nodes: int, rng: np.random.Generator
    ) -> list[Edge]:
        """At most `limit` of the edges, all nodes still on a path."""
        for i in rng.permutation(len(edges)):
            if len(edges) <= limit:
                break
            # the list shrinks while the permutation is of its first length
            fewer = [edge for j, edge in enumerate(edges) if j != i % len(edges)]
            if self._dead(n_nodes, fewer) is None:
                edges = fewer
        if len(edges) > limit:
            # a path through all nodes has as few edges as there can be
            return [(v, v + 1) for v in range(self.n_inputs - 1, n_nodes - 1)]
        return edges

    def enumerate(self) -> ArchTable:
        """All elements, in an open space one of each isomorphism class.

        Raises:
            GraphError: there are too many.
        """
        pairs = [self._pairs(n) for n in range(self.min_nodes, self.max_nodes + 1)]
        if max(map(len, pairs)) > MAX_PAIRS:
            raise GraphError(
                f"{self.name} has up to {max(map(len, pairs))} possible edges; spaces of at most "
                f"{MAX_PAIRS} can be listed: draw with sample() instead"
            )
        # any operations on a path through all nodes are elements that differ: refused before they
        # are laid out
        if len(self.choices) ** self.max_nodes > MAX_ENUMERATED:
            raise GraphError(
                f"{self.name} has more than {MAX_ENUMERATED:,} elements: draw with sample() instead"
            )
        tables: list[ArchTable] = []
        total = 0
        for n, legal in enumerate(pairs, start=self.min_nodes):
            limit = len(legal) if self.max_edges is None else self.max_edges
            least = len(legal) if self.fixed_edges else 0
            open_space = self.allowed is None
            plan = count_elements(
                self.n_inputs, n, legal, least, limit, len(self.choices), open_space
            )
            total += plan.total
            if total > MAX_ENUMERATED:
                raise GraphError(
                    f"{self.name} has more than {MAX_ENUMERATED:,} elements: draw with sample()"
                    " instead"
                )
            tables.extend(enumerate_dags(plan, self.ops, self.inputs, self.choices))
        return ArchTable.concatenate(tables)

    def _pairs(self, n_ops: int) -> list[Edge]:
        """The edges that may be there with `n_ops` operation nodes, sorted by (target, source)."""
        legal = self._legal_edges(self.n_inputs + n_ops)
        return sorted(legal, key=lambda edge: (edge[1], edge[0]))

    def _legal_edges(self, last: int) -> Sequence[Edge]:
        """The edges that may be there in a graph whose output is node `last`."""
        if self.allowed:
            return self.allowed
        return [(s, t) for t in range(self.n_inputs, last + 1) for s in range(min(t, last))]
