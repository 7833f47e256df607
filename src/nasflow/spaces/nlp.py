"""NAS-Bench-NLP (Klyuchnikov et al., 2020): recurrent cells of at most 24 nodes.

A cell reads the word `x` and one to three hidden states `h_prev_0` ..., and computes as many new
ones, `h_new_0` .... Its notation is a *recipe*: for each node its operation and its inputs.

    {"node_0": {"op": "linear", "input": ["x", "h_prev_0"]}, "h_new_0": {"op": "activation_tanh",
    "input": ["node_0"]}}

The graph: nodes `input_x` and `input_h0`, `input_h1`, `input_h2`; one node per operation;
`output_h0`, ... behind the nodes that are the new states. An edge carries a vector. Every operation
takes its inputs in any order but `blend`: `blend(z, a, b) = z*a + (1 - z)*b`. So `z` comes through
a node `blend_gate` and `a` through a node `blend_first` (`NLP(ports=False)` leaves those two out,
as the published graph does; cells that swap them then look alike).

Rules: `linear` takes one to three vectors, the elementwise operations two, `blend` three,
activations one, no vector twice; only `linear` may take `x`, whose size is another; every operation
leads to a new state, and every new state belongs to another node. Recipes may have nodes that lead
nowhere, which `parse` drops.
"""

from __future__ import annotations

from typing import ClassVar, NoReturn

import numpy as np

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.changes import Change, ChangeSpace
from nasflow.spaces.recipe import (
    ACTIVATIONS,
    ARITY,
    ELEMENTWISE,
    MAX_NODES,
    MAX_STATES,
    OPERATIONS,
    Recipe,
    read_recipe,
    write_recipe,
)

_INPUTS = ("input_x", *(f"input_h{i}" for i in range(MAX_STATES)))
_OUTPUTS = tuple(f"output_h{i}" for i in range(MAX_STATES))
_PORTS = ("blend_gate", "blend_first")
# the sizes that the benchmark drew its cells from, beside the new states
_N_OPERATIONS = (7, 14, 21)


class NLP(ChangeSpace):
    """The recurrent cells of NAS-Bench-NLP.

    Args:
        ports: whether the graph that a predictor sees tells the inputs of `blend` apart.

    Example:
        >>> NLP().parse('{"h_new_0": {"op": "linear", "input": ["x", "h_prev_0"]}}').ops
        ('input_x', 'input_h0', 'linear', 'output_h0')
    """

    name: ClassVar[str] = "nasbench-nlp"

    def __init__(self, ports: bool = True) -> None:
        self.ports = ports
        self.ops = (*_INPUTS, *OPERATIONS, *(_PORTS if ports else ()), *_OUTPUTS)

    def parse(self, text: str) -> Architecture:
        """The cell of a recipe, as JSON. Nodes may come in any order and have any name."""
        return self.from_recipe(read_recipe(text))

    def format(self, architecture: Architecture) -> str:
        """The recipe, as JSON, its nodes `node_0` ... and `h_new_0` ... in topological order."""
        return write_recipe(self.to_recipe(architecture))

    # -- elements

    def from_recipe(self, recipe: Recipe) -> Architecture:
        """The element of a recipe that obeys the rules of this module's text."""
        n_inputs = 1 + recipe.n_states
        ops = list(_INPUTS[:n_inputs])
        node_of = list(range(n_inputs))  # of each vector: the inputs, then the operations
        edges: list[tuple[int, int]] = []
        for op, inputs in recipe.nodes:
            sources = [node_of[vector] for vector in inputs]
            if op == "blend":
                # the first two inputs come through a port; the third is told by having none
                for side, port in enumerate(_PORTS):
                    edges.append((sources[side], len(ops)))
                    sources[side] = len(ops)
                    ops.append(port)
            node_of.append(len(ops))
            edges += [(source, len(ops)) for source in sources]
            ops.append(op)
        for state, vector in enumerate(recipe.outputs):
            edges.append((node_of[vector], len(ops)))
            ops.append(_OUTPUTS[state])
        return Architecture(tuple(ops), tuple(edges))

    def to_recipe(self, architecture: Architecture) -> Recipe:
        """The recipe of an element.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        n_states = sum(op in _OUTPUTS for op in architecture.ops)
        vector: dict[int, int] = {}  # of each node but ports and outputs
        nodes: list[tuple[str, tuple[int, ...]]] = []
        outputs: list[int] = []
        try:
            for node, op in enumerate(architecture.ops):
                before = architecture.predecessors[node]
                if op in _INPUTS:
                    vector[node] = node
                elif op in _OUTPUTS:
                    outputs.append(vector[before[0]])
                elif op == "blend":
                    # `from_recipe` puts the two ports right before it; of any other graph the
                    # comparison below finds that it is none of this space
                    gate, first = node - 2, node - 1
                    ways = (
                        architecture.predecessors[gate][0],
                        architecture.predecessors[first][0],
                        before[0],
                    )
                    nodes.append((op, tuple(vector[v] for v in ways)))
                    vector[node] = n_states + len(nodes)
                elif op in OPERATIONS:
                    nodes.append((op, tuple(sorted(vector[v] for v in before))))
                    vector[node] = n_states + len(nodes)
                elif op not in _PORTS:
                    raise GraphError(
                        f"unknown operation {op!r}; legal in {self.name}: {', '.join(self.ops)}"
                    )
            recipe = Recipe(n_states, tuple(nodes), tuple(outputs))
            fault = recipe.fault()
            # an edge that was not looked at would be lost in silence: compare the whole graph
            if fault is None and self.from_recipe(recipe) == architecture:
                return recipe
        except (IndexError, KeyError):
            # a node without the inputs that its operation has in a recipe
            fault = None
        raise GraphError(
            f"{architecture} is no element of {self.name}: {fault or 'it is no graph of a recipe'}"
        )

    def graph(self, architecture: Architecture) -> Architecture:
        """The element, with or without the two port nodes of each `blend`."""
        if self.ports:
            return architecture
        self.to_recipe(architecture)
        edges = []
        for source, target in architecture.edges:
            if architecture.ops[target] in _PORTS:
                continue
            # a port has one source, which takes its place
            if architecture.ops[source] in _PORTS:
                source = architecture.predecessors[source][0]
            edges.append((source, target))
        kept = [v for v, op in enumerate(architecture.ops) if op not in _PORTS]
        new_number = {old: new for new, old in enumerate(kept)}
        return Architecture(
            tuple(architecture.ops[v] for v in kept),
            tuple((new_number[s], new_number[t]) for s, t in edges),
        )

    # -- changing and drawing

    def changes(self, architecture: Architecture) -> list[Change]:
        """One operation, one input, one new state's node, or one activation inserted or taken out.

        Operations change among those of as many inputs. A `linear` may also gain or lose an input.
        An activation goes in before one input of one operation, and comes out if it feeds one
        operation alone.
        """
        recipe = self.to_recipe(architecture)
        n_inputs = 1 + recipe.n_states
        n_vectors = n_inputs + len(recipe.nodes)
        n_users = [0] * n_vectors
        for _, inputs in recipe.nodes:
            for vector in inputs:
                n_users[vector] += 1
        changes: list[Change] = []
        for i, (op, inputs) in enumerate(recipe.nodes):
            result = n_inputs + i
            # only earlier vectors, so that the recipe stays sorted
            unused = [vector for vector in range(result) if vector not in inputs]
            others = [other for other in OPERATIONS if other != op]
            changes += [("op", i, other) for other in others if len(inputs) in ARITY[other]]
            for side in range(len(inputs)):
                changes += [("input", i, side, vector) for vector in unused]
            if op == "linear":
                changes += [("more", i, vector) for vector in unused]
                changes += [("fewer", i, vector) for vector in inputs]
            # of two users, or of a user and a new state, each would be changed
            if op in ACTIVATIONS and result not in recipe.outputs and n_users[result] == 1:
                changes.append(("drop", i))
            for side in range(len(inputs)):
                changes += [("insert", i, side, activation) for activation in ACTIVATIONS]
        no_state = [v for v in range(n_inputs, n_vectors) if v not in recipe.outputs]
        for state in range(recipe.n_states):
            changes += [("output", state, vector) for vector in no_state]
        return changes

    def changed(self, architecture: Architecture, change: Change) -> Architecture | None:
        """The element after a change, or None where it would break a rule."""
        recipe = self.to_recipe(architecture).after(change)
        return None if recipe.fault() else self.from_recipe(recipe)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A random cell, drawn as the benchmark's authors drew theirs.

        One to three states, and 7, 14 or 21 operations beside them. `linear` is drawn three times
        as often as each other; it takes two vectors (or, one time in five, three) among inputs and
        activations, and an activation follows it. What leads to no new state goes. A draw is legal
        if it reads `x` and every state and gives no state on unchanged but for one operation; after
        100 that are not, a plain recurrent cell is returned.
        """
        for _ in range(100):
            n_states = int(rng.integers(1, MAX_STATES + 1))
            total = n_states + _N_OPERATIONS[int(rng.integers(len(_N_OPERATIONS)))]
            recipe = _random_recipe(n_states, min(total, MAX_NODES), rng)
            if recipe.fault() is None and recipe.reads_everything():
                return self.from_recipe(recipe)
        return self.from_recipe(Recipe(1, (("linear", (0, 1)), ("activation_tanh", (2,))), (3,)))

    def enumerate(self) -> NoReturn:
        """Raises a `GraphError`: the space is too large to list."""
        raise GraphError(f"{self.name} cannot be listed: draw with sample() instead")


def _random_recipe(n_states: int, n_nodes: int, rng: np.random.Generator) -> Recipe:
    """A recipe of at most `n_nodes` operations; what leads to no new state is dropped."""
    base = list(range(1 + n_states))
    activations: list[int] = []
    nodes: list[tuple[str, tuple[int, ...]]] = []
    mains = ("linear", "blend", *ELEMENTWISE)
    while len(nodes) < n_nodes:
        op = mains[int(rng.choice(len(mains), p=[3 / 6, 1 / 6, 1 / 6, 1 / 6]))]
        if op == "linear":
            vectors = base + activations
            wanted = 2 if rng.random() < 0.8 else 3
        else:
            # all but x, whose size is another
            vectors = [*base[1:], *range(len(base), len(base) + len(nodes))]
            wanted = max(ARITY[op])
            if wanted > len(vectors):
                # too early for it; a linear always fits, so the loop ends
                op, vectors, wanted = "linear", base, 2
        drawn = rng.choice(len(vectors), size=min(wanted, len(vectors)), replace=False)
        inputs = tuple(vectors[int(i)] for i in drawn)
        nodes.append((op, inputs if op == "blend" else tuple(sorted(inputs))))
        if op == "linear" and len(nodes) < n_nodes:
            activation = ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))]
            nodes.append((activation, (len(base) + len(nodes) - 1,)))
            activations.append(len(base) + len(nodes) - 1)
    outputs = rng.choice(len(nodes), size=n_states, replace=False) + len(base)
    return Recipe(n_states, tuple(nodes), tuple(outputs.tolist())).pruned()
