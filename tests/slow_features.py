"""Slow, obviously right features of one architecture at a time."""

from __future__ import annotations

import itertools
import math

import networkx as nx

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.names import is_input, is_output


def ways(graph: Architecture) -> list[list[int]]:
    """All ways from an input to an output; from a source to a sink where none is marked."""
    inputs = [v for v, op in enumerate(graph.ops) if is_input(op)]
    outputs = [v for v, op in enumerate(graph.ops) if is_output(op)]
    starts = inputs or [v for v in range(graph.n_nodes) if not graph.predecessors[v]]
    stops = outputs or [v for v in range(graph.n_nodes) if not graph.successors[v]]
    drawn = nx.DiGraph(list(graph.edges))
    drawn.add_nodes_from(range(graph.n_nodes))
    found = []
    for start, stop in itertools.product(starts, stops):
        if start == stop:
            found.append([start])
        else:
            found += nx.all_simple_paths(drawn, start, stop)
    return found


def path_features(graph: Architecture, subset: tuple[str, ...]) -> tuple[float, float, float]:
    """near, far, within of one subset of the operations, of a graph as it computes."""
    lengths = []
    for way in ways(graph):
        ops = [graph.ops[v] for v in way if not (is_input(graph.ops[v]) or is_output(graph.ops[v]))]
        if all(op in subset for op in ops):
            lengths.append(len(ops))
    members = [v for v, op in enumerate(graph.ops) if op in subset]
    within = sum(u in members and v in members for u, v in graph.edges)
    near = 1 / (1 + min(lengths)) if lengths else 0.0
    far = float(max(lengths)) if lengths else 0.0
    return near, far, within / len(members) if members else 0.0


def op_features(graph: Architecture, op: str) -> tuple[int, int, int]:
    """count, fed, feeding of one operation."""
    nodes = [v for v, name in enumerate(graph.ops) if name == op]
    fed = [v for v in nodes if any(is_input(graph.ops[u]) for u in graph.predecessors[v])]
    feeding = [v for v in nodes if any(is_output(graph.ops[w]) for w in graph.successors[v])]
    return len(nodes), len(fed), len(feeding)


def log1p(value: float) -> float:
    """sign(x) log(1 + |x|)."""
    return math.copysign(math.log1p(abs(value)), value)


def number_features(graph: Architecture) -> dict[str, float]:
    """All columns of numbers, of a graph as it computes, for what it carries."""
    features: dict[str, float] = {}
    for number, column in graph.attrs.items():
        nodes = [v for v in range(graph.n_nodes) if column[v] is not None]
        features[f"totals.sum.{number}"] = total = sum(column[v] for v in nodes)
        features[f"log-totals.sum.{number}"] = log1p(total)
        for op in set(graph.ops):
            of_op = [v for v in nodes if graph.ops[v] == op]
            features[f"sums.{number}@{op}"] = total = sum(column[v] for v in of_op)
            features[f"log-sums.{number}@{op}"] = log1p(total)
            values = [log1p(column[v]) for v in of_op] or [0.0]
            depth = max((graph.generations[v] for v in of_op), default=0)
            last = [log1p(column[v]) for v in of_op if graph.generations[v] == depth] or [0.0]
            features[f"values.mean.{number}@{op}"] = sum(values) / len(values)
            features[f"values.max.{number}@{op}"] = max(values)
            features[f"values.min.{number}@{op}"] = min(values)
            features[f"values.count.{number}@{op}"] = len(of_op)
            features[f"values.last.{number}@{op}"] = sum(last) / len(last)
    for number, value in graph.globals.items():
        features |= {f"totals.{number}": value, f"log-totals.{number}": log1p(value)}
        features |= {f"totals.has.{number}": 1.0, f"log-totals.has.{number}": log1p(1)}
    return features
