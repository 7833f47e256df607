"""A certificate of one graph: bytes that are equal exactly for isomorphic graphs.

For graphs that colour refinement alone does not settle (`nasflow.graphs.canonical`). Two ways, by
size, so that the ids of small graphs are what they have always been:

* up to `SMALL` nodes the smallest relabelled edge list, by individualisation and refinement with
  automorphisms pruning the search (after McKay);
* above, by taking the graph apart. Nodes of a colour of their own are fixed; what is left falls
  into parts that are joined by no edge (or, between two colours that are joined more often than
  not, by every edge). Each part is described alone, and the sorted descriptions describe the whole:
  a thousand equal branches are a thousand small graphs. Only a part that cannot be taken apart
  needs a choice: a node of it gets a colour of its own, one of each kind is tried, and the smallest
  description stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

Edge = tuple[int, int]

SMALL = 32  # nodes; the search over relabellings grows like the fourth power of equal branches


def certificate(
    ops: Sequence[str], edges: Iterable[Sequence[int]], colours: Sequence[int]
) -> bytes:
    """The certificate of the graph with these operations and edges.

    Args:
        ops: the operation of each node.
        edges: pairs (source, target).
        colours: a stable colouring: numbers that isomorphic graphs give to corresponding nodes.
    """
    pairs = [(source, target) for source, target in edges]
    if len(ops) <= SMALL:
        return _LabellingSearch(ops, pairs).run()
    return _TakenApart(len(ops), pairs).describe(list(colours))


class _TakenApart:
    """Certificates of a larger graph and of its parts."""

    def __init__(self, n_nodes: int, edges: list[Edge]) -> None:
        self.predecessors: list[list[int]] = [[] for _ in range(n_nodes)]
        self.successors: list[list[int]] = [[] for _ in range(n_nodes)]
        for source, target in edges:
            self.successors[source].append(target)
            self.predecessors[target].append(source)

    def describe(self, colours: list[int]) -> bytes:
        """The certificate of the whole graph."""
        nodes = list(range(len(colours)))
        return self._part(nodes, dict(zip(nodes, colours, strict=True)), greedy=False)

    def _part(self, nodes: list[int], colour: dict[int, int], greedy: bool) -> bytes:
        """The description of the graph between some nodes, which have colours.

        With `greedy` it depends on the order of the nodes too: still complete, so that equal ones
        are of isomorphic parts, but isomorphic parts may have different ones.
        """
        colour_before = colour
        colour = self._refined(nodes, colour)
        cells: dict[int, list[int]] = {}  # the nodes of each colour
        for node in nodes:
            cells.setdefault(colour[node], []).append(node)
        inner = set(nodes)
        joined = self._joined_cells(cells, colour, inner)
        parts = self._parts(cells, colour, joined, inner)
        # refinement splits cells and never joins any: all nodes of a cell had one colour before
        before = {c: colour_before[cell[0]] for c, cell in cells.items()}
        described = [f"{c}={before[c]}x{len(cells[c])}" for c in sorted(cells)]
        described += [f"{c}>{d}:{how}" for (c, d), how in sorted(joined.items())]
        if len(parts) == 1 and len(parts[0]) == len(nodes):
            # nothing came off: describing the only part would go round in circles
            certificates = [self._chosen(cells, colour, greedy)]
        else:
            # each part keeps the colours of the whole: they say how it hangs together with the rest
            certificates = []
            for part in parts:
                colour_in_part = {node: colour[node] for node in part}
                certificates.append(self._part(part, colour_in_part, greedy))
            certificates.sort()
        text = " ".join(described).encode()
        return hashlib.sha256(text + b"|" + b"".join(certificates)).digest()

    def _chosen(self, cells: dict[int, list[int]], colour: dict[int, int], greedy: bool) -> bytes:
        """The description after one node of the smallest open cell got a colour of its own."""
        _, first = min((len(cell), c) for c, cell in cells.items() if len(cell) > 1)
        nodes = list(colour)
        new = max(cells) + 1  # refinement makes ranks of it again
        cell = cells[first]
        if greedy:
            return self._part(nodes, {**colour, cell[0]: new}, greedy=True)
        # Equal greedy descriptions prove an automorphism, and then one of the two is enough.
        kinds = {self._part(nodes, {**colour, node: new}, greedy=True): node for node in cell}
        one_of_each = kinds.values()
        return min(self._part(nodes, {**colour, node: new}, greedy=False) for node in one_of_each)

    def _refined(self, nodes: list[int], colour: dict[int, int]) -> dict[int, int]:
        """The coarsest stable refinement among the nodes; colours become ranks."""
        inner = set(nodes)
        # once, for the rounds below read them again and again
        predecessors = _between(self.predecessors, nodes, inner)
        successors = _between(self.successors, nodes, inner)
        n_colours = len(set(colour.values()))
        while True:
            keys = {}
            for v in nodes:
                into = tuple(sorted(colour[u] for u in predecessors[v]))
                out_of = tuple(sorted(colour[w] for w in successors[v]))
                keys[v] = (colour[v], into, out_of)
            rank = {key: i for i, key in enumerate(sorted(set(keys.values())))}
            colour = {v: rank[keys[v]] for v in nodes}
            # a round that splits no colour splits none ever after: the keys hold the old colour
            if len(rank) == n_colours:
                return colour
            n_colours = len(rank)

    def _joined_cells(
        self, cells: dict[int, list[int]], colour: dict[int, int], inner: set[int]
    ) -> dict[tuple[int, int], str]:
        """How the nodes of two colours are joined: all, most or some of the possible edges."""
        n_edges: dict[tuple[int, int], int] = {}
        for v in inner:
            for w in self.successors[v]:
                if w in inner:
                    pair = (colour[v], colour[w])
                    n_edges[pair] = n_edges.get(pair, 0) + 1
        joined = {}
        for (c, d), n in n_edges.items():
            possible = len(cells[c]) * len(cells[d])
            if n == possible:
                joined[c, d] = "all"
            elif 2 * n > possible and c != d:
                # the missing edges link the nodes instead, which are fewer
                joined[c, d] = "most"
            else:
                joined[c, d] = "some"
        return joined

    def _parts(
        self,
        cells: dict[int, list[int]],
        colour: dict[int, int],
        joined: dict[tuple[int, int], str],
        inner: set[int],
    ) -> list[list[int]]:
        """The connected parts of the nodes that share their colour.

        Two nodes are connected where the colours alone do not say whether there is an edge: by the
        edges between cells with some, by the missing edges between cells with most.
        """
        # a node of a colour of its own is fixed, and links nothing
        links: dict[int, list[int]] = {v: [] for v in inner if len(cells[colour[v]]) > 1}
        for v in links:
            for w in self.successors[v]:
                if w in links and joined[colour[v], colour[w]] == "some":
                    links[v].append(w)
                    links[w].append(v)
        for (c, d), how in joined.items():
            if how != "most":
                continue
            for v in cells[c]:
                present = set(self.successors[v])
                missing = [w for w in cells[d] if w not in present]
                for w in missing:
                    links[v].append(w)
                    links[w].append(v)
        parts = []
        unseen = dict.fromkeys(links)  # a set that keeps its order
        while unseen:
            start = next(iter(unseen))
            del unseen[start]
            part, front = [start], [start]
            while front:
                for w in links[front.pop()]:
                    if w in unseen:
                        del unseen[w]
                        part.append(w)
                        front.append(w)
            parts.append(part)
        return parts


def _between(
    neighbours: list[list[int]], nodes: list[int], inner: set[int]
) -> dict[int, list[int]]:
    """Those neighbours of each of `nodes` that are in `inner`."""
    lists = {}
    for v in nodes:
        lists[v] = [u for u in neighbours[v] if u in inner]
    return lists


class _LabellingSearch:
    """The state of one search for the smallest leaf.

    Refine an ordered partition of the nodes until it is stable; if some cell has several nodes,
    give each of them in turn a cell of its own and go on; a partition into single nodes is a leaf
    and describes the graph. Two equal leaves are an automorphism, and a node that an automorphism
    (one that fixes the choices made so far) carries to a node already tried is skipped.
    """

    def __init__(self, ops: Sequence[str], edges: list[Edge]) -> None:
        self.ops = ops
        self.edges = edges
        self.predecessors: list[list[int]] = [[] for _ in ops]
        self.successors: list[list[int]] = [[] for _ in ops]
        for source, target in edges:
            self.successors[source].append(target)
            self.predecessors[target].append(source)
        self.first_path: list[int] = []  # the choices that led to the first leaf
        self.leaves: dict[bytes, list[int]] = {}  # description -> node at each position
        self.automorphisms: list[list[int]] = []

    def run(self) -> bytes:
        """The smallest description."""
        names = sorted(set(self.ops))
        self._descend(self._refined([names.index(op) for op in self.ops]), [])
        return min(self.leaves)

    def _refined(self, colour: list[int]) -> list[int]:
        """The coarsest stable refinement of an ordered colouring; colours are ranks."""
        n_colours = len(set(colour))
        while True:
            key_of = []
            for v, colour_of_node in enumerate(colour):
                into = sorted(colour[u] for u in self.predecessors[v])
                out_of = sorted(colour[w] for w in self.successors[v])
                key_of.append((colour_of_node, into, out_of))
            # keys are lists, which no set takes: their texts stand for them
            by_text = {repr(key): key for key in key_of}
            in_order = sorted(by_text.values())
            rank = {repr(key): i for i, key in enumerate(in_order)}
            colour = [rank[repr(key)] for key in key_of]
            if len(rank) == n_colours:
                return colour
            n_colours = len(rank)

    def _descend(self, colour: list[int], path: list[int]) -> int:
        """Search below `path`; returns the depth to go on at (less than len(path): jump back)."""
        cells: dict[int, list[int]] = {}
        for node, c in enumerate(colour):
            cells.setdefault(c, []).append(node)
        open_cells = [c for c in sorted(cells) if len(cells[c]) > 1]
        if not open_cells:
            return self._leaf(colour, path)
        cell = cells[open_cells[0]]
        tried: list[int] = []
        for node in cell:
            if tried and self._same_orbit(node, tried, path):
                continue
            # room between the colours: the node comes right before the rest of its cell
            split = [2 * c + 1 for c in colour]
            split[node] -= 1
            back = self._descend(self._refined(split), [*path, node])
            if back < len(path):
                return back
            tried.append(node)
        return len(path)

    def _leaf(self, colour: list[int], path: list[int]) -> int:
        """Keep the description of a leaf, or the automorphism that an equal one proves.

        Returns the depth to go on at, as `_descend` does.
        """
        node_at = sorted(range(len(colour)), key=colour.__getitem__)
        position = [0] * len(colour)
        for new, old in enumerate(node_at):
            position[old] = new
        ends = [(position[source], position[target]) for source, target in self.edges]
        ends.sort(key=lambda edge: (edge[1], edge[0]))
        text = repr((tuple(self.ops[node] for node in node_at), tuple(ends))).encode()
        equal_leaf = self.leaves.setdefault(text, node_at)
        if equal_leaf is node_at:  # it is new
            if not self.first_path:
                self.first_path = path
            return len(path)
        automorphism = [0] * len(colour)
        for a, b in zip(equal_leaf, node_at, strict=True):
            automorphism[a] = b
        self.automorphisms.append(automorphism)
        if equal_leaf is not next(iter(self.leaves.values())):
            return len(path)
        # Equivalent to the first leaf: so is everything below the point where the two paths part.
        depth = 0
        while self.first_path[depth] == path[depth]:
            depth += 1
        return depth

    def _same_orbit(self, node: int, tried: list[int], path: list[int]) -> bool:
        """Whether the automorphisms found that fix `path` carry `node` to a node already tried."""
        fixing = []
        for automorphism in self.automorphisms:
            if all(automorphism[v] == v for v in path):
                fixing.append(automorphism)
        orbit, front = {node}, [node]
        while front:
            here = front.pop()
            for automorphism in fixing:
                # forwards and backwards, for what carries one to the other carries it back
                for there in (automorphism[here], automorphism.index(here)):
                    if there not in orbit:
                        orbit.add(there)
                        front.append(there)
        return not orbit.isdisjoint(tried)
