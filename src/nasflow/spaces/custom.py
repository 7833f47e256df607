"""`CustomSpace`: a search space of one's own, described by a few lines of YAML.

    ops: [attn, mlp, norm]          # the operations that a node may have
    max_nodes: 12                   # or n_nodes: 12 for exactly 12
    n_inputs: 1                     # input nodes (default 1)
    edges: all                      # default; or chain, or a list of the edges that may be there
    features: {width: [64, 128]}    # numbers that a node chooses with its operation (optional)

The nodes that are counted are those with an operation. Also `min_nodes` (with `max_nodes`; default
1), `max_edges` (with `edges: all`), and `fixed_edges: true` (every listed edge is in every
element). Positions in a list of edges: first the inputs, then the nodes, then the output, from 0.
`chain` joins the last input to the first node, each node to the next, and the last one to the
output.

A node is an operation and an edge carries its output; every node lies on a path from an input to
the output. A feature becomes part of the operation's name, `mlp[width=64]`, so that a predictor
sees every combination as an operation of its own; a mutation changes the operation or one feature.
Which operation has which features, `nasflow.spaces.custom_operations` says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short  # aliases can make a few lines of YAML endless text
from typing import Any, ClassVar

from nasflow.errors import ConfigError, unknown_option
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.flat_arrays import MAX_OPS
from nasflow.running.files import PathLike, require_file
from nasflow.running.yaml_text import strict_yaml
from nasflow.spaces.custom_operations import operations
from nasflow.spaces.dag import DagSpace
from nasflow.spaces.json_text import json_object

_KEYS = (
    "ops",
    "n_nodes",
    "max_nodes",
    "min_nodes",
    "n_inputs",
    "edges",
    "max_edges",
    "fixed_edges",
    "features",
)

MAX_NODES = 100  # a mutation lists every possible edge: 5,000 of them


class CustomSpace(DagSpace):
    """The space of a description; its keys are on this module's first page.

    Args:
        description: the mapping that the YAML file holds.

    Raises:
        ConfigError: an unknown key, or a value that is not legal; the message says what is.

    Example:
        >>> space = CustomSpace({"ops": ["attn", "mlp"], "n_nodes": 2, "edges": "chain"})
        >>> space.format(space.enumerate()[0])
        '{"ops": ["input", "attn", "attn", "output"], "edges": [[0, 1], [1, 2], [2, 3]]}'
    """

    name: ClassVar[str] = "custom"

    def __init__(self, description: Mapping[str, Any]) -> None:
        if not isinstance(description, Mapping):
            raise ConfigError(f"a space is described by keys and values; seen {short(description)}")
        for key in description:
            if key not in _KEYS:
                raise unknown_option("space", str(key), _KEYS)
        self.description = dict(description)
        self.n_inputs = _count(description, "n_inputs", 1, 1, MAX_NODES)
        self.min_nodes, self.max_nodes = _node_range(description)
        self._alternatives = operations(description)
        self.choices = tuple(self._alternatives)
        self.ops = (*self.inputs, *self.choices, "output")
        if len(self.ops) > MAX_OPS:
            raise ConfigError(
                f"ops and features give {len(self.choices)} operations; legal: at most "
                f"{MAX_OPS - 1 - self.n_inputs}: fewer values, or coarser ones"
            )
        self.allowed = self._allowed(description.get("edges", "all"))
        self.fixed_edges = description.get("fixed_edges", description.get("edges") == "chain")
        if not isinstance(self.fixed_edges, bool) or (self.fixed_edges and self.allowed is None):
            raise ConfigError(
                f"fixed_edges is {self.fixed_edges!r}; legal: true or false, true with a list of"
                " edges"
            )
        if description.get("max_edges") is not None:
            if self.allowed is not None:
                raise ConfigError(
                    "max_edges goes with edges: all; a chain or a list says itself which may be"
                    " there"
                )
            # at least what a path through every node takes
            self.max_edges = _count(
                description, "max_edges", None, self.max_nodes + 1, MAX_NODES**2
            )

    @classmethod
    def from_file(cls, path: PathLike) -> CustomSpace:
        """The space that a YAML (or JSON) file describes.

        Only plain data is read: a tag that would call a constructor is an error.

        Raises:
            MissingDataError, ConfigError: no such file, no YAML, or no legal description.
        """
        import yaml

        text = require_file(path).read_bytes()
        try:
            return cls(strict_yaml(text))
        except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
            raise ConfigError(f"{Path(path)}: {error}") from None

    def _allowed(self, edges: Any) -> tuple[tuple[int, int], ...] | None:
        if edges == "all":
            return None
        if self.min_nodes != self.max_nodes:
            raise ConfigError(
                "edges as a chain or a list need a fixed number of nodes: n_nodes, not max_nodes"
            )
        first, last = self.n_inputs, self.n_inputs + self.max_nodes
        if edges == "chain":
            edges = [[v, v + 1] for v in range(first - 1, last)]
        if not isinstance(edges, (list, tuple)) or not edges:
            raise ConfigError(
                f"edges is {short(edges)}; legal: all, chain, or a list such as [[0, 1], [1, 2]]"
            )
        listed = set()
        for edge in edges:
            pair = tuple(edge) if isinstance(edge, (list, tuple)) else ()
            is_pair = len(pair) == 2 and all(type(v) is int for v in pair)
            if not is_pair or not 0 <= pair[0] < pair[1] <= last:
                raise ConfigError(
                    f"edge {short(edge)} is no pair [source, target] with "
                    f"0 <= source < target <= {last}"
                )
            if pair[1] < first:
                raise ConfigError(
                    f"edge {list(pair)} leads into an input; inputs are 0..{first - 1}"
                )
            listed.add((pair[0], pair[1]))
        dead = self._dead(last + 1, sorted(listed))
        if dead is not None:
            raise ConfigError(
                f"node {dead} is on no path from an input to the output ({last}), even with all"
                " edges that are listed: add one into it and one out of it"
            )
        return tuple(sorted(listed, key=lambda e: (e[1], e[0])))

    def alternatives(self, op: str) -> list[str]:
        """The other operations, shared features kept, and the same one with another feature."""
        return self._alternatives[op]

    def parse(self, text: str) -> Architecture:
        """The element of `{"ops": [...], "edges": [[0, 1], ...]}`, as in users' JSONL files."""
        architecture = Architecture.from_dict(
            json_object(text, 'object {"ops": [...], "edges": [[0, 1], ...]}')
        )
        self.check(architecture)
        return architecture

    def format(self, architecture: Architecture) -> str:
        """The JSON object that `parse` reads."""
        self.check(architecture)
        return json.dumps(architecture.to_dict())


def _count(
    description: Mapping[str, Any], key: str, default: int | None, least: int, most: int
) -> int:
    value = description.get(key, default)
    if type(value) is not int or not least <= value <= most:
        raise ConfigError(f"{key} is {short(value)}; legal: a whole number from {least} to {most}")
    return value


def _node_range(description: Mapping[str, Any]) -> tuple[int, int]:
    if ("n_nodes" in description) == ("max_nodes" in description):
        raise ConfigError(
            "give either n_nodes (exactly that many) or max_nodes (at most that many)"
        )
    if "n_nodes" in description:
        if "min_nodes" in description:
            raise ConfigError("min_nodes goes with max_nodes; n_nodes is exact")
        n_nodes = _count(description, "n_nodes", None, 1, MAX_NODES)
        return n_nodes, n_nodes
    most = _count(description, "max_nodes", None, 1, MAX_NODES)
    return _count(description, "min_nodes", 1, 0, most), most
