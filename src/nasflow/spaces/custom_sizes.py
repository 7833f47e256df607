"""`CustomSizes`: a space of one's own whose layers carry numbers, described by YAML.

    ops: [conv, pool]
    min_nodes: 2
    max_nodes: 6
    edges: chain
    attributes: {conv: {width: {from: 16, to: 512, log2: true}, kernel: [3, 5, 7]}}
    globals: {resolution: [128, 160, 192]}

or with `stages` in place of `ops` (`nasflow.spaces.described_stages`). Edges are those of a chain,
or a list that every element has (`fixed_edges: true`). Where edges are chosen, too,
`nasflow.spaces.custom_sized_dag` has the space. What follows from the numbers, such as parameters,
a description cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nasflow.errors import ConfigError, unknown_option
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.flat_arrays import MAX_OPS
from nasflow.graphs.table import ArchTable
from nasflow.spaces import sized_notation
from nasflow.spaces.choices import Product, Value
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.described_stages import (
    Named,
    Stage,
    attributes_of,
    check_ops,
    check_shared,
    named_levels,
    stage_of,
    stages_of,
)
from nasflow.spaces.json_text import json_object
from nasflow.spaces.sized import SizedSpace

STAGE = "stage"
"""The number that nodes carry where there are several stages: which one, from 1."""

_SIZES = ("attributes", "shared", "globals")
_STAGED = ("stages", *_SIZES)


class CustomSizes(SizedSpace):
    """The space of a description; its keys are on this module's first page.

    Args:
        description: the mapping that the YAML file holds.

    Raises:
        ConfigError: an unknown key, or a value that is not legal; the message says what is.

    Example:
        >>> numbers = {"conv": {"width": {"from": 8, "to": 32, "log2": True}}}
        >>> space = CustomSizes(
        ...     {"ops": ["conv", "pool"], "n_nodes": 2, "edges": "chain", "attributes": numbers}
        ... )
        >>> space.n_elements, space.format(space.unrank(3))
        (16, 'conv(width=8) > pool')
    """

    name: ClassVar[str] = "custom"

    def __init__(self, description: Mapping[str, Any]) -> None:
        self.description = dict(description)
        self._in_all = named_levels("shared", description.get("shared"))
        self.inputs: tuple[str, ...] = ("input",)
        self._edges: tuple[tuple[int, int], ...] | None = None
        if "stages" in description:
            for key in description:
                # nodes and edges are the stages'; the keys for them would be without effect
                if key not in _STAGED:
                    raise unknown_option("space with stages", str(key), _STAGED)
            self.stages = stages_of(description, self._in_all)
        else:
            self.stages = [self._one_stage(description)]
        in_graph = named_levels("globals", description.get("globals"))
        # one front of the notation for both: a name may stand there once
        for name in in_graph.keys() & self._in_all.keys():
            raise ConfigError(f"{name!r} is in globals and in shared; give one another name")
        self._whole: Named = {**in_graph, **self._in_all}
        self._n_globals = len(in_graph)
        ops: dict[str, None] = {}
        names = set(self._in_all)
        for stage in self.stages:
            names.update(stage.shared)
            # operations that several stages have stand in the vocabulary once
            for slot in stage.slots:
                ops.update(dict.fromkeys(slot.ops))
                for named in slot.attributes.values():
                    names.update(named)
        if len(self.stages) > 1:
            if STAGE in names:
                raise ConfigError(
                    f"a number has the name {STAGE!r}, under which nodes carry which stage they are"
                    " of; choose another"
                )
            names.add(STAGE)
        self.attr_names = tuple(sorted(names))
        self.ops = (*self.inputs, *ops, "output")
        if len(self.ops) > MAX_OPS:
            raise ConfigError(f"there are {len(ops)} operations; legal: at most {MAX_OPS - 2}")
        whole = Product(*(one.part for one in self._whole.values()))
        self.choices = Product(whole, *(stage.part for stage in self.stages))

    def _one_stage(self, description: Mapping[str, Any]) -> Stage:
        """The stage that a description without stages is."""
        # nodes and edges are described as without numbers, and checked there; a chain is more here,
        # since its number of nodes may vary
        plain = {key: value for key, value in description.items() if key not in _SIZES}
        ops = check_ops("ops", description.get("ops"))
        if plain.get("edges") == "chain":
            if plain.get("max_edges") is not None:
                raise ConfigError("max_edges goes with edges: all; a chain has those of a chain")
            plain = {key: plain[key] for key in plain if key not in ("edges", "fixed_edges")}
        outline = CustomSpace(plain)
        if outline.min_nodes == 0:
            raise ConfigError(
                "min_nodes is 0; legal: a whole number from 1, a chain of nothing is none"
            )
        self.inputs, self._edges = outline.inputs, outline.allowed
        lengths = tuple(range(outline.min_nodes, outline.max_nodes + 1))
        attributes = attributes_of("attributes", description.get("attributes"), ops)
        check_shared("the space", self._in_all, [ops], attributes)
        return stage_of([ops], attributes, {}, lengths, "anywhere")

    # -- graphs -----------------------------------------------------------------------------------

    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements given by their choices."""
        ops: list[int] = []
        rows: list[list[float]] = []
        sizes: list[int] = []
        in_graphs: list[list[float]] = []
        for indices, *of_stages in values:
            numbers = [one.numbers[i] for one, i in zip(self._whole.values(), indices, strict=True)]
            in_graphs.append(numbers[: self._n_globals])
            in_all = dict(zip(self._in_all, numbers[self._n_globals :], strict=True))
            nodes = self._nodes(in_all, of_stages)
            ops.extend([self.ops.index(op) for op, _ in nodes])
            for _, carried in nodes:
                rows.append([carried.get(name, math.nan) for name in self.attr_names])
            sizes.append(len(nodes))
        node_ptr = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        edges = [edge for size in sizes for edge in self._edges_of(size)]
        edge_ptr = np.cumsum([0, *(len(self._edges_of(size)) for size in sizes)])
        global_names = list(self._whole)[: self._n_globals]
        order = np.argsort(global_names).astype(np.int64)
        return ArchTable.from_arrays(
            self.ops,
            np.array(ops, np.int64),
            node_ptr,
            np.array(edges, np.int64).reshape(-1, 2).T,
            edge_ptr,
            attr_names=self.attr_names,
            attrs=np.array(rows, np.float64).reshape(len(ops), len(self.attr_names)),
            global_names=sorted(global_names),
            globals=np.array(in_graphs, np.float64).reshape(len(values), len(order))[:, order],
        )

    def _nodes(
        self, in_all: Mapping[str, float], of_stages: Sequence[Value]
    ) -> list[tuple[str, dict[str, float]]]:
        """Each node's operation and the numbers that it carries."""
        nodes: list[tuple[str, dict[str, float]]] = [(op, {}) for op in self.inputs]
        pairs = zip(self.stages, of_stages, strict=True)
        for number, (stage, (shared, blocks)) in enumerate(pairs, start=1):
            common = dict(in_all)
            for (name, one), i in zip(stage.shared.items(), shared, strict=True):
                common[name] = one.numbers[i]
            for block in blocks:
                for slot, (op, indices) in zip(stage.slots, block, strict=True):
                    named = slot.attributes[slot.ops[op]]
                    # skip and none carry nothing, not even what all have in common
                    carried = dict(common) if slot.has_numbers(op) else {}
                    for (name, one), i in zip(named.items(), indices, strict=True):
                        carried[name] = one.numbers[i]
                    if len(self.stages) > 1:
                        carried[STAGE] = number
                    nodes.append((slot.ops[op], carried))
        return [*nodes, ("output", {})]

    def _edges_of(self, n_nodes: int) -> Sequence[tuple[int, int]]:
        """The edges of a graph of some nodes."""
        if self._edges is not None:
            return self._edges
        return [(v, v + 1) for v in range(len(self.inputs) - 1, n_nodes - 1)]

    def read(self, architecture: Architecture) -> Value:
        """The choices, stage by stage: several stages number their nodes."""
        attrs, n_nodes = architecture.attrs, architecture.n_nodes
        none = (None,) * n_nodes
        columns = {name: attrs.get(name, none) for name in self.attr_names}
        middle = range(len(self.inputs), n_nodes - 1)
        indices = []
        for number, (name, one) in enumerate(self._whole.items()):
            is_global = number < self._n_globals
            seen = architecture.globals.get(name) if is_global else _first(columns[name])
            indices.append(one.index_of(seen))
        values = []
        for number, stage in enumerate(self.stages, start=1):
            is_one = len(self.stages) == 1
            nodes = [v for v in middle if is_one or columns[STAGE][v] == number]
            shared = []
            for name, one in stage.shared.items():
                # skip and none do not carry it, another node of the stage does
                shared.append(one.index_of(_first([columns[name][v] for v in nodes])))
            read_nodes = []
            for i, v in enumerate(nodes):
                slot = stage.slots[i % len(stage.slots)]
                op = slot.ops.index(architecture.ops[v])
                named = slot.attributes[slot.ops[op]]
                chosen = [one.index_of(columns[name][v]) for name, one in named.items()]
                read_nodes.append((op, tuple(chosen)))
            blocks = zip(*[iter(read_nodes)] * len(stage.slots), strict=True)
            values.append((tuple(shared), tuple(blocks)))
        return (tuple(indices), *values)

    # -- texts ------------------------------------------------------------------------------------

    def parse_value(self, text: str) -> Value:
        """`width=64: conv(kernel=3) > pool; ...`, or a JSON object as in users' files."""
        if not text.lstrip().startswith("{"):
            return sized_notation.read(self._whole, self.stages, text)
        content = json_object(text, 'object {"ops": [...], "edges": [[0, 1], ...], "attrs": {}}')
        return self.value(Architecture.from_dict(content))

    def format_value(self, value: Value) -> str:
        """`width=64: conv(kernel=3) > pool; ...` (`nasflow.spaces.sized_notation`)."""
        return sized_notation.write(self._whole, self.stages, value)


def _first(values: Sequence[float | None]) -> float | None:
    """The first number there is."""
    return next((value for value in values if value is not None), None)
