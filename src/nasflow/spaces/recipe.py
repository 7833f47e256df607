"""NAS-Bench-NLP's recipes: reading, checking, changing and writing them.

Vectors are numbered: 0 is `x`, 1 to `n_states` the previous hidden states, then one number per
operation, in a topological order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
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

_STATE = re.compile("h_new_[0-9]+")
"""What a new state is called, and no other node."""

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
                legal = " or ".join(map(str, ARITY[op]))
                return f"{op} with {len(inputs)} inputs; legal: {legal}"
            if len(set(inputs)) != len(inputs):
                return f"{op} takes a vector twice"
            if 0 in inputs and op != "linear":
                return f"{op} takes x; only linear may, because x has a size of its own"
            # what stands before node i has a smaller number, so no cycle can be written
            if not all(0 <= v < first + i for v in inputs):
                return f"{op} takes a vector that is computed after it"
        if len(set(self.outputs)) != len(self.outputs) or min(self.outputs) < first:
            return "two new states are one vector, or one is an input"
        # last, because pruning counts on inputs that exist
        if len(self.pruned().nodes) != len(self.nodes):
            return "an operation leads to no new state"
        return None

    def reads_everything(self) -> bool:
        """Whether `x` and all states are read, and no new state is one operation from an old."""
        read = {v for _, inputs in self.nodes for v in inputs}
        previous = set(range(1, 1 + self.n_states))
        direct = {v for output in self.outputs for v in self.nodes[output - 1 - self.n_states][1]}
        return read >= {0, *previous} and not direct & previous

    def pruned(self) -> Recipe:
        """This recipe less the operations that lead to no new state."""
        first = 1 + self.n_states
        used = set(self.outputs)
        # backwards, so that all users of a node have been looked at before it
        for i in range(len(self.nodes) - 1, -1, -1):
            if first + i in used:
                used.update(self.nodes[i][1])
        kept = [i for i in range(len(self.nodes)) if first + i in used]
        number = {v: v for v in range(first)}
        for new, i in enumerate(kept):
            number[first + i] = first + new
        return self._renumbered([self.nodes[i] for i in kept], number)

    def after(self, change: tuple[Any, ...]) -> Recipe:
        """This recipe after one of `NLP.changes`; whether it is legal is for `fault` to say."""
        kind, i, *rest = change
        nodes, outputs = list(self.nodes), list(self.outputs)
        if kind == "output":
            outputs[i] = rest[0]
            return Recipe(self.n_states, self.nodes, tuple(outputs))
        op, inputs = nodes[i]
        if kind == "drop":
            return self._without(i)
        if kind == "insert":
            return self._with(i, *rest)
        if kind == "op":
            op = rest[0]
        elif kind == "input":
            side, vector = rest
            inputs = (*inputs[:side], vector, *inputs[side + 1 :])
        elif kind == "more":
            inputs = (*inputs, rest[0])
        else:  # fewer
            inputs = tuple(v for v in inputs if v != rest[0])
        nodes[i] = _in_order(op, inputs)
        return Recipe(self.n_states, tuple(nodes), self.outputs)

    def _without(self, i: int) -> Recipe:
        """This recipe less activation i: what took its result takes its input."""
        result = 1 + self.n_states + i
        (source,) = self.nodes[i][1]
        # the vectors behind the one that goes move up by one
        number = {v: v - (v > result) for v in range(1 + self.n_states + len(self.nodes))}
        number[result] = source
        return self._renumbered([*self.nodes[:i], *self.nodes[i + 1 :]], number)

    def _with(self, i: int, side: int, activation: str) -> Recipe:
        """This recipe with an activation inserted before input `side` of node i."""
        result = 1 + self.n_states + i
        number = {v: v + (v >= result) for v in range(1 + self.n_states + len(self.nodes))}
        moved = self._renumbered(self.nodes, number)
        op, inputs = self.nodes[i]
        # both stand before whatever was renumbered, so their inputs keep their numbers
        new = (activation, (inputs[side],))
        changed = _in_order(op, (*inputs[:side], result, *inputs[side + 1 :]))
        nodes = (*moved.nodes[:i], new, changed, *moved.nodes[i + 1 :])
        return Recipe(self.n_states, nodes, moved.outputs)

    def _renumbered(self, nodes: Sequence[Node], number: Mapping[int, int]) -> Recipe:
        """The recipe of `nodes` and this one's outputs, each vector given its new number."""
        renumbered = []
        for op, inputs in nodes:
            renumbered.append(_in_order(op, tuple(number[v] for v in inputs)))
        outputs = tuple(number[v] for v in self.outputs)
        return Recipe(self.n_states, tuple(renumbered), outputs)


def _in_order(op: str, inputs: tuple[int, ...]) -> Node:
    """A node with its inputs ascending, where their order means nothing."""
    return op, inputs if op == "blend" else tuple(sorted(inputs))


def read_recipe(text: str) -> Recipe:
    """The recipe of `{node: {"op": ..., "input": [...]}}` as JSON, sorted and pruned.

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
    # the authors' recipes have inner nodes such as h_new_1_act too
    states = sorted(name for name in content if _STATE.fullmatch(name))
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
        vectors = tuple(number[v] for v in content[name]["input"])
        nodes.append(_in_order(content[name]["op"], vectors))
    # before the rules are looked at: the benchmark's recipes have nodes that lead nowhere
    recipe = Recipe(len(states), tuple(nodes), tuple(number[name] for name in states)).pruned()
    fault = recipe.fault()
    if fault:
        raise GraphError(f"{text[:60]!r} breaks a rule of NAS-Bench-NLP: {fault}")
    return recipe


def _sorted_names(content: dict[str, Any], inputs: Iterable[str]) -> list[str]:
    """The nodes' names in a topological order, the file's where it is one."""
    computed, order, waiting = set(inputs), [], list(content)
    # a name that nothing gives would look like a cycle below: told apart first
    for name in waiting:
        unknown = [v for v in content[name]["input"] if v not in computed and v not in content]
        if unknown or name in computed:
            raise GraphError(
                f"node {name!r} takes {(unknown or [name])[0]!r}, which is no node and no input "
                f"({', '.join(inputs)}), or has an input's name"
            )
    while waiting:
        # the first in the file that can be computed, so that a sorted file keeps its order
        ready = next((n for n in waiting if computed.issuperset(content[n]["input"])), None)
        if ready is None:
            raise GraphError(f"the nodes {waiting[:6]} form a cycle; FGP needs a DAG")
        order.append(ready)
        computed.add(ready)
        waiting.remove(ready)
    return order


def write_recipe(recipe: Recipe) -> str:
    """The JSON object that `read_recipe` reads back."""
    first = 1 + recipe.n_states
    names = ["x", *(f"h_prev_{i}" for i in range(recipe.n_states))]
    for i in range(len(recipe.nodes)):
        # the node that is a new state bears its name, as in the benchmark's files
        is_state = first + i in recipe.outputs
        names.append(f"h_new_{recipe.outputs.index(first + i)}" if is_state else f"node_{i}")
    content = {}
    for name, (op, inputs) in zip(names[first:], recipe.nodes, strict=True):
        content[name] = {"op": op, "input": [names[v] for v in inputs]}
    return json.dumps(content)
