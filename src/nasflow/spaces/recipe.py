"""NAS-Bench-NLP's recipes: reading, checking, changing and writing them.

Vectors are numbered: 0 is `x`, 1 to `n_states` the previous hidden states, then one number per
operation, in a topological order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nasflow.errors import GraphError
from nasflow.spaces.json_text import json_object

ACTIVATIONS = ("activation_tanh", "activation_sigm", "activation_leaky_relu")
ELEMENTWISE = ("elementwise_prod", "elementwise_sum")
OPERATIONS = ("linear", "blend", *ELEMENTWISE, *ACTIVATIONS)
"""The seven operations, in the order of the vocabulary."""

ARITY = {
    "linear": (1, 2, 3),
    "blend": (3,),
    **dict.fromkeys(ELEMENTWISE, (2,)),
    **dict.fromkeys(ACTIVATIONS, (1,)),
}
"""How many vectors each operation may take."""

MAX_NODES, MAX_STATES = 24, 3

Node = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Recipe:
    """A recurrent cell."""

    n_states: int
    """Number of hidden states."""
    nodes: tuple[Node, ...]
    """(operation, inputs) in a topological order; inputs ascending but for `blend`."""
    outputs: tuple[int, ...]
    """The vector that is each new hidden state."""

    def fault(self) -> str | None:
        """The rule that is broken, or None."""
        first = 1 + self.n_states
        if not 1 <= self.n_states <= MAX_STATES or len(self.outputs) != self.n_states:
            return f"{self.n_states} hidden states; legal: 1 to {MAX_STATES}"
        if not 1 <= len(self.nodes) <= MAX_NODES:
            return f"{len(self.nodes)} operations; legal: 1 to {MAX_NODES}"
        for i, (op, inputs) in enumerate(self.nodes):
            if len(inputs) not in ARITY[op]:
                return f"{op} with {len(inputs)} inputs; legal: {' or '.join(map(str, ARITY[op]))}"
            if len(set(inputs)) != len(inputs):
                return f"{op} takes a vector twice"
            if 0 in inputs and op != "linear":
                return f"{op} takes x; only linear may, because x has a size of its own"
            if not all(0 <= v < first + i for v in inputs):
                return f"{op} takes a vector that is computed after it"
        if len(set(self.outputs)) != len(self.outputs) or min(self.outputs) < first:
            return "two new states are one vector, or one is an input"
        if len(self.pruned().nodes) != len(self.nodes):
            return "an operation leads to no new state"
        return None

    def reads_everything(self) -> bool:
        """Whether `x` and every state are read, and no new state is one operation away from a
        previous one.
        """
        read = {v for _, inputs in self.nodes for v in inputs}
        previous = set(range(1, 1 + self.n_states))
        direct = {v for output in self.outputs for v in self.nodes[output - 1 - self.n_states][1]}
        return read >= {0, *previous} and not direct & previous

    def pruned(self) -> Recipe:
        """This recipe less the operations that lead to no new state."""
        first = 1 + self.n_states
        used = set(self.outputs)
        for i in range(len(self.nodes) - 1, -1, -1):
            if first + i in used:
                used.update(self.nodes[i][1])
        kept = [i for i in range(len(self.nodes)) if first + i in used]
        place = {v: v for v in range(first)} | {
            first + i: first + new for new, i in enumerate(kept)
        }
        nodes = tuple((self.nodes[i][0], tuple(place[v] for v in self.nodes[i][1])) for i in kept)
        return Recipe(self.n_states, nodes, tuple(place[v] for v in self.outputs))

    def after(self, change: tuple[Any, ...]) -> Recipe:
        """This recipe after one of `NLP.changes`; whether it is legal is for `fault` to say."""
        kind, i, *rest = change
        nodes, outputs = list(self.nodes), list(self.outputs)
        if kind == "output":
            outputs[i] = rest[0]
            return Recipe(self.n_states, self.nodes, tuple(outputs))
        op, inputs = nodes[i]
        if kind in ("drop", "insert"):
            return self._resized(kind, i, rest)
        if kind == "op":
            op = rest[0]
        elif kind == "input":
            side, vector = rest
            inputs = (*inputs[:side], vector, *inputs[side + 1 :])
        elif kind == "more":
            inputs = (*inputs, rest[0])
        else:  # fewer
            inputs = tuple(v for v in inputs if v != rest[0])
        nodes[i] = (op, inputs if op == "blend" else tuple(sorted(inputs)))
        return Recipe(self.n_states, tuple(nodes), self.outputs)

    def _resized(self, kind: str, i: int, rest: list[Any]) -> Recipe:
        """This recipe with an activation inserted before input `rest[0]` of node i, or with
        activation i gone.
        """
        first = 1 + self.n_states
        own = first + i
        op, inputs = self.nodes[i]
        if kind == "drop":
            place = {v: v - (v > own) for v in range(first + len(self.nodes))} | {own: inputs[0]}
            kept = [*self.nodes[:i], *self.nodes[i + 1 :]]
            nodes = [(o, tuple(place[v] for v in vs)) for o, vs in kept]
        else:
            side, activation = rest
            place = {v: v + (v >= own) for v in range(first + len(self.nodes))}
            later = [(o, tuple(place[v] for v in vs)) for o, vs in self.nodes[i + 1 :]]
            changed = (op, (*inputs[:side], own, *inputs[side + 1 :]))
            nodes = [*self.nodes[:i], (activation, (inputs[side],)), changed, *later]
        ordered = tuple((o, vs if o == "blend" else tuple(sorted(vs))) for o, vs in nodes)
        return Recipe(self.n_states, ordered, tuple(place[v] for v in self.outputs))


def read_recipe(text: str) -> Recipe:
    """The recipe of a JSON object `{node: {"op": ..., "input": [...]}}`, sorted topologically and
    pruned.

    Raises:
        GraphError: what is malformed or breaks a rule, and what is legal.
    """
    content = json_object(text, "recipe; it needs an object of nodes")
    for name, node in content.items():
        inputs = node.get("input") if isinstance(node, dict) else None
        if not isinstance(inputs, list) or not all(isinstance(v, str) for v in inputs):
            raise GraphError(
                f'node {name!r} is {str(node)[:60]}; it needs {{"op": ..., "input": [names]}}'
            )
        if not isinstance(node.get("op"), str) or node["op"] not in OPERATIONS:
            raise GraphError(
                f"node {name!r} has operation {str(node.get('op'))[:40]!r}; "
                f"legal: {', '.join(OPERATIONS)}"
            )
    states = sorted(name for name in content if name.startswith("h_new_"))
    if not 1 <= len(states) <= MAX_STATES or states != [f"h_new_{i}" for i in range(len(states))]:
        raise GraphError(
            f"the new states are {states[:4]}; legal: h_new_0, then h_new_1 and h_new_2 if there"
            " are more"
        )
    inputs = ["x", *(f"h_prev_{i}" for i in range(len(states)))]
    order = _sorted_names(content, inputs)
    number = {name: i for i, name in enumerate([*inputs, *order])}
    nodes = []
    for name in order:
        vectors = [number[v] for v in content[name]["input"]]
        op = content[name]["op"]
        nodes.append((op, tuple(vectors if op == "blend" else sorted(vectors))))
    recipe = Recipe(len(states), tuple(nodes), tuple(number[name] for name in states)).pruned()
    fault = recipe.fault()
    if fault:
        raise GraphError(f"{text[:60]!r} breaks a rule of NAS-Bench-NLP: {fault}")
    return recipe


def _sorted_names(content: dict[str, Any], inputs: Iterable[str]) -> list[str]:
    """The nodes' names in a topological order, the file's where it is one."""
    known, order, waiting = set(inputs), [], list(content)
    for name in waiting:
        unknown = [v for v in content[name]["input"] if v not in known and v not in content]
        if unknown or name in known:
            raise GraphError(
                f"node {name!r} takes {(unknown or [name])[0]!r}, which is no node and no input "
                f"({', '.join(inputs)}), or has an input's name"
            )
    while waiting:
        ready = next((n for n in waiting if known.issuperset(content[n]["input"])), None)
        if ready is None:
            raise GraphError(f"the nodes {waiting[:6]} form a cycle; FGP needs a DAG")
        order.append(ready)
        known.add(ready)
        waiting.remove(ready)
    return order


def write_recipe(recipe: Recipe) -> str:
    """The JSON object that `read_recipe` reads back."""
    first = 1 + recipe.n_states
    names = ["x", *(f"h_prev_{i}" for i in range(recipe.n_states))]
    for i in range(len(recipe.nodes)):
        state = recipe.outputs.index(first + i) if first + i in recipe.outputs else None
        names.append(f"node_{i}" if state is None else f"h_new_{state}")
    return json.dumps(
        {
            names[first + i]: {"op": op, "input": [names[v] for v in inputs]}
            for i, (op, inputs) in enumerate(recipe.nodes)
        }
    )
