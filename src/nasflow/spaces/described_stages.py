"""What a description says of a chain of sized layers: stages, their nodes, their numbers.

    globals: {resolution: [128, 160, 192]}     # numbers of the whole network
    shared: {width: [64, 128]}                 # numbers that all its nodes have in common
    attributes: {norm: [none, batch, layer]}   # numbers of every operation of every stage
    stages:
      - ops: [conv, mbconv]                    # each node of the stage is one of these
        repeat: {from: 2, to: 6}               # how many nodes; a number, a list or a range
        shared: {kernel: [3, 5]}               # what the nodes of this stage have in common
        attributes: {mbconv: {expansion: [3, 6]}}   # what each node chooses, by operation
      - block: [attn, [mlp, moe]]              # or several nodes, repeated together

Without stages, `ops` and `n_nodes` (or `min_nodes` and `max_nodes`) are one stage whose nodes come
and go anywhere. `skip` and `none` have no numbers: they compute nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from reprlib import repr as short  # aliases can make a few lines of YAML endless text
from typing import Any, Literal

from nasflow.errors import ConfigError, unknown_option
from nasflow.graphs.names import NONE_OP, SKIP_OP
from nasflow.spaces.choices import Part, Product
from nasflow.spaces.described_values import WORD_RULE, Levels, is_word, levels
from nasflow.spaces.structure import Either, Repeat

MAX_NODES = 1000
MAX_STAGES = 100
_STAGE_KEYS = ("ops", "block", "repeat", "shared", "attributes")

Named = dict[str, Levels]


@dataclass(frozen=True)
class Slot:
    """A node of a block: the operations it may have, each with the numbers that it chooses."""

    attributes: dict[str, Named]
    part: Either

    @property
    def ops(self) -> tuple[str, ...]:
        """The operations, in the order of their indices."""
        return self.part.ops

    def has_numbers(self, op: int) -> bool:
        """Whether an operation carries numbers: all do but skip and none."""
        return not bare(self.ops[op])


@dataclass(frozen=True)
class Stage:
    """Blocks of nodes, one after the other."""

    slots: tuple[Slot, ...]
    shared: Named
    lengths: tuple[int, ...]
    part: Part
    """A value is (indices of what is shared, blocks), a block a value of each slot."""


def bare(op: str) -> bool:
    """Whether an operation has no numbers."""
    return op in (SKIP_OP, NONE_OP)


def named_levels(key: str, given: Any) -> Named:
    """Numbers by name, as `globals` and `shared` give them.

    Raises:
        ConfigError: no mapping of names to values; names the key.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{key} is {short(given)}; legal: names with values, {{width: [64, 128]}}"
        )
    result = {}
    for name, values in given.items():
        # before it becomes part of a key in messages
        _check_name(f"{key} has the name", name)
        result[name] = levels(f"{key}.{name}", name, values)
    return result


def attributes_of(key: str, given: Any, ops: Sequence[str]) -> dict[str, Named]:
    """The numbers that each operation chooses: those of every one, then its own.

    Args:
        key: what the description calls them.
        given: names with values, and operations with such names.
        ops: the operations there are.

    Raises:
        ConfigError: no such mapping, an operation that there is not, a number given twice.
    """
    found: dict[str, Named] = {op: {} for op in ops}
    if given is None:
        return found
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{key} is {short(given)}; legal: names with values, {{width: [64, 128]}}, or"
            " operations with such, {conv: {kernel: [3, 5]}}"
        )
    own = {}
    for name, values in given.items():
        # a range is a mapping too, and no operation is called `from`
        if isinstance(values, Mapping) and "from" not in values:
            if name not in found:
                raise ConfigError(
                    f"{key} names the operation {short(name)}, which is not among the operations;"
                    f" legal: {', '.join(ops)}"
                )
            if bare(name) and values:
                raise ConfigError(
                    f"{key} gives {name!r} numbers, but it computes nothing that could have some;"
                    " name another operation"
                )
            own[name] = named_levels(f"{key}.{name}", values)
            continue
        _check_name(f"{key} has the name", name)
        one = levels(f"{key}.{name}", name, values)
        for op in ops:
            # one object for all: a change of the operation keeps the number
            if not bare(op):
                found[op][name] = one
    for op, named in own.items():
        _add(found[op], named, f"{key}.{op}")
    return found


def _add(numbers: Named, more: Named, key: str) -> None:
    for name, one in more.items():
        # one of the two would be without effect
        if name in numbers:
            raise ConfigError(f"{key} gives {name!r} a second time; give it once")
        numbers[name] = one


def stages_of(description: Mapping[str, Any], shared: Named) -> list[Stage]:
    """The stages of a description with `stages`; `shared` is what the whole network has in common.

    Raises:
        ConfigError: no legal stages; the message names the key and says what is.
    """
    given = description["stages"]
    if not isinstance(given, (list, tuple)) or not 0 < len(given) <= MAX_STAGES:
        raise ConfigError(
            f"stages is {short(given)}; legal: a list of 1 to {MAX_STAGES} stages such as"
            " {ops: [conv], repeat: 3}"
        )
    # what all stages have in common may name an operation of any of them
    everywhere = sorted({op for number, stage in enumerate(given, 1) for op in _ops(number, stage)})
    common = attributes_of("attributes", description.get("attributes"), everywhere)
    stages = []
    # counted from 1, as people count, and as nodes carry it
    for number, stage in enumerate(given, start=1):
        key = f"stages[{number}]"
        block = _block(key, stage)
        ops = list(dict.fromkeys(op for choices in block for op in choices))
        attributes = {op: dict(common[op]) for op in ops}
        for op, named in attributes_of(f"{key}.attributes", stage.get("attributes"), ops).items():
            _add(attributes[op], named, f"{key}.attributes")
        own = named_levels(f"{key}.shared", stage.get("shared"))
        # what the network shares must be seen in each stage, for any of them may be all there is
        for named in (shared, own):
            check_shared(key, named, block, attributes)
        _add(dict(shared), own, f"{key}.shared")
        lengths = _lengths(key, stage.get("repeat", 1))
        # what does not grow by one grows by what is there: any other would be many choices at once
        by_one = lengths == tuple(range(lengths[0], lengths[-1] + 1))
        stages.append(stage_of(block, attributes, own, lengths, "anywhere" if by_one else "copy"))
    return stages


def stage_of(
    block: Sequence[Sequence[str]],
    attributes: Mapping[str, Named],
    shared: Named,
    lengths: tuple[int, ...],
    grows: Literal["anywhere", "copy"],
) -> Stage:
    """A stage from what was read."""
    slots = []
    for ops in block:
        parts = {}
        for op in ops:
            parts[op] = {name: one.part for name, one in attributes[op].items()}
        slots.append(Slot({op: attributes[op] for op in ops}, Either(parts)))
    item = Product(*(slot.part for slot in slots))
    in_common = Product(*(one.part for one in shared.values()))
    part = Product(in_common, Repeat(item, lengths, grows))
    return Stage(tuple(slots), shared, lengths, part)


def check_shared(
    key: str, shared: Named, block: Sequence[Sequence[str]], attributes: Mapping[str, Named]
) -> None:
    """Return if some node always shows what is shared, and no operation chooses it besides."""
    for name in shared:
        # a node would carry two numbers of one name
        for op, named in attributes.items():
            if name in named:
                raise ConfigError(
                    f"{key}: {name!r} is shared, and {op} chooses it as well; give it once"
                )
    if shared and all(any(map(bare, ops)) for ops in block):
        raise ConfigError(
            f"{key} has shared numbers, but every node may be {SKIP_OP} or {NONE_OP}, which have"
            " none; legal: a node in its block that is never one of them"
        )


def check_ops(key: str, ops: Any) -> tuple[str, ...]:
    """The operations of a list, which a notation can write.

    Raises:
        ConfigError: no list of different words, or one that would be an end of the graph.
    """
    if not isinstance(ops, (list, tuple)) or not ops:
        raise ConfigError(f"{key} is {short(ops)}; legal: a list of names such as [conv, pool]")
    for op in ops:
        _check_name(f"{key} has the operation", op)
        # such a name would mark where data enters or leaves
        if op.startswith(("input", "output")):
            raise ConfigError(
                f"operation {op!r} has the name of an end: choose one not starting with input or"
                " output"
            )
    if len(set(ops)) != len(ops):
        raise ConfigError(f"{key} names an operation twice: {', '.join(ops)}")
    return tuple(ops)


def _check_name(what: str, name: Any) -> None:
    if not is_word(name):
        raise ConfigError(
            f"{what} {short(name)}; legal: {WORD_RULE}, in quotes where YAML would read a truth"
            " value (yes, no, on, off) or nothing (null)"
        )


def _ops(number: int, stage: Any) -> set[str]:
    """All operations of a stage."""
    return {op for choices in _block(f"stages[{number}]", stage) for op in choices}


def _block(key: str, stage: Any) -> list[tuple[str, ...]]:
    """The operations of each node of a stage's block."""
    if not isinstance(stage, Mapping):
        raise ConfigError(f"{key} is {short(stage)}; legal: a stage such as {{ops: [conv]}}")
    for name in stage:
        if name not in _STAGE_KEYS:
            raise unknown_option(key, str(name), _STAGE_KEYS)
    # ops is a block of one node
    if ("ops" in stage) == ("block" in stage):
        raise ConfigError(
            f"{key}: give either ops (each node is one of them) or block (several nodes, one after"
            " the other)"
        )
    if "ops" in stage:
        return [check_ops(f"{key}.ops", stage["ops"])]
    block = stage["block"]
    if not isinstance(block, (list, tuple)) or not block:
        raise ConfigError(
            f"{key}.block is {short(block)}; legal: a list of operations, or of lists of them, such"
            " as [attn, [mlp, moe]]"
        )
    nodes = [[node] if isinstance(node, str) else node for node in block]
    return [check_ops(f"{key}.block[{i}]", node) for i, node in enumerate(nodes, start=1)]


def _lengths(key: str, given: Any) -> tuple[int, ...]:
    """How often a stage may be repeated."""
    if type(given) is int:
        given = [given]
    if isinstance(given, Mapping) and given.keys() == {"from", "to"}:
        given = {**given, "step": 1}
    # in ascending order, whatever the list's: growing goes to the next larger one
    numbers = sorted(levels(f"{key}.repeat", "repeat", given).numbers)
    if any(not n.is_integer() or not 1 <= n <= MAX_NODES for n in numbers):
        raise ConfigError(
            f"{key}.repeat is {short(given)}; legal: whole numbers from 1 to {MAX_NODES}, as one, a"
            " list, or {from: 2, to: 6}"
        )
    return tuple(int(n) for n in numbers)
