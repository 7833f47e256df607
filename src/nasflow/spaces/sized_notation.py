"""The notation of chains of sized layers, for people to read.

    resolution=224; width=64: conv(kernel=3) > conv(kernel=5); pool > mlp(width=256)

Numbers of the whole network come first, then the stages. What the nodes of a stage have in common
stands before its colon, what a node chose in its brackets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nasflow.errors import GraphError
from nasflow.spaces.choices import Value
from nasflow.spaces.described_stages import Slot, Stage
from nasflow.spaces.described_values import Levels

MAX_LENGTH = 1_000_000  # characters; a thousand nodes have some 50,000


def write(whole: Mapping[str, Levels], stages: Sequence[Stage], value: Value) -> str:
    """The text of a value: indices for the whole network, then a value of each stage."""
    indices, *of_stages = value
    segments = [_assignments(whole, indices)] if whole else []
    for stage, (shared, blocks) in zip(stages, of_stages, strict=True):
        nodes = [_node(slot, chosen) for slot, chosen in _nodes(stage, blocks)]
        head = f"{_assignments(stage.shared, shared)}: " if stage.shared else ""
        segments.append(head + " > ".join(nodes))
    return "; ".join(segments)


def _nodes(stage: Stage, blocks: Iterable[Value]) -> Iterator[tuple[Slot, Value]]:
    for block in blocks:
        yield from zip(stage.slots, block, strict=True)


def _node(slot: Slot, chosen: Value) -> str:
    op, indices = chosen
    named = slot.attributes[slot.ops[op]]
    return f"{slot.ops[op]}({_assignments(named, indices)})" if named else slot.ops[op]


def _assignments(named: Mapping[str, Levels], indices: Iterable[int]) -> str:
    pairs = zip(named.items(), indices, strict=True)
    return ",".join(f"{name}={one.texts[i]}" for (name, one), i in pairs)


def read(whole: Mapping[str, Levels], stages: Sequence[Stage], text: str) -> Value:
    """The value that a text denotes.

    Raises:
        GraphError: it denotes none; names the stage and the node, and says what is legal.
    """
    if len(text) > MAX_LENGTH:
        raise GraphError(f"a text of {len(text)} characters; legal: at most {MAX_LENGTH}")
    segments = text.split(";")
    n_segments = len(stages) + bool(whole)
    if len(segments) != n_segments:
        front = f"{', '.join(whole)}, then " if whole else ""
        raise GraphError(
            f"{text[:80]!r} has {len(segments)} parts with ; between them; legal: {n_segments}:"
            f" {front}{len(stages)} stage{'s' if len(stages) > 1 else ''}"
        )
    indices = _read_assignments(whole, segments.pop(0), "the network") if whole else ()
    values = []
    for number, (stage, segment) in enumerate(zip(stages, segments, strict=True), start=1):
        values.append(_read_stage(stage, segment, f"stage {number}"))
    return (indices, *values)


def _read_stage(stage: Stage, text: str, title: str) -> Value:
    head, colon, rest = text.partition(":")
    if bool(colon) != bool(stage.shared):
        needed = f"{', '.join(stage.shared)} before a colon" if stage.shared else "no colon"
        raise GraphError(f"{title} is {text.strip()[:60]!r}; legal: with {needed}")
    shared = _read_assignments(stage.shared, head, title) if colon else ()
    nodes = (rest if colon else text).split(">")
    n_slots = len(stage.slots)
    if len(nodes) % n_slots or len(nodes) // n_slots not in stage.lengths:
        lengths = ", ".join(str(length * n_slots) for length in stage.lengths[:12])
        raise GraphError(f"{title} has {len(nodes)} nodes; legal: {lengths}")
    read_nodes = []
    for i, node in enumerate(nodes):
        read_nodes.append(_read_node(stage.slots[i % n_slots], node, f"node {i + 1} of {title}"))
    blocks = zip(*[iter(read_nodes)] * n_slots, strict=True)
    return shared, tuple(blocks)


def _read_node(slot: Slot, text: str, title: str) -> Value:
    op, bracket, rest = text.strip().partition("(")
    op = op.strip()
    if op not in slot.ops:
        raise GraphError(f"{title} has operation {op[:40]!r}; legal: {', '.join(slot.ops)}")
    if bracket and not rest.endswith(")"):
        raise GraphError(f"{title} is {text.strip()[:60]!r}; legal: brackets that close at its end")
    named = slot.attributes[op]
    return slot.ops.index(op), _read_assignments(named, rest[:-1], f"{title}, {op}")


def _read_assignments(named: Mapping[str, Levels], text: str, title: str) -> tuple[int, ...]:
    """The index of each number, given in any order."""
    indices: dict[str, int] = {}
    for pair in text.split(",") if text.strip() else []:
        name, _, value = (part.strip() for part in pair.partition("="))
        if name not in named or name in indices:
            fault = "twice" if name in indices else "which it does not have"
            raise GraphError(
                f"{title} has {name[:40]!r} {fault}; legal: {', '.join(named) or 'nothing'}"
            )
        indices[name] = named[name].index_of_text(value, title)
    missing = [name for name in named if name not in indices]
    if missing:
        raise GraphError(f"{title} lacks {missing[0]}; legal: {named[missing[0]].legal}")
    return tuple(indices[name] for name in named)
