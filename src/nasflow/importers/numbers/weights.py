"""The parameters of each node, whatever the normal form makes of the calls that had them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from nasflow.importers.calls import (
    Call,
    Constant,
    Program,
    Result,
    Weights,
    is_known_shape,
    weights_of,
)


@dataclass(frozen=True)
class WeightsBefore:
    """The weights of a program's calls before rules join, rewrite and drop them."""

    weights: Mapping[Call, Weights]
    """Of the calls that have some."""
    readers: Mapping[Call, list[Call]]
    """For each call those that read it, in their order."""


def weights_before(program: Program) -> WeightsBefore:
    """What `weights_by_call` must know of a program that is about to be rewritten."""
    weights: dict[Call, Weights] = {}
    readers: dict[Call, list[Call]] = {}
    for call in program.calls:
        of_call = weights_of(call.inputs)
        if of_call:
            weights[call] = of_call
        for operand in call.inputs:
            if isinstance(operand, Result):
                readers.setdefault(operand.call, []).append(call)
    return WeightsBefore(weights, readers)


def weights_by_call(program: Program, before: WeightsBefore) -> dict[Call, Weights]:
    """The weights of each call of a rewritten program.

    What a call still reads is its own. A rule may drop a constant, such as the learned mask of
    attention, or a call that reads one: such weights go to the call itself or, if it is gone, to
    the first behind it that is left.
    """
    there = set(program.calls)
    # first what is still read, so that nothing is given to two that was joined into one of them
    found: dict[Call, dict[Hashable, int]] = {}
    for call in program.calls:
        found[call] = dict(weights_of(call.inputs))
    placed = set[Hashable]().union(*found.values())
    for call, weights in before.weights.items():
        # exporters write a norm of groups with an instance norm, whose scale of ones is none of its
        is_means = call.op == "instancenorm" and call not in there
        lost = {key: n for key, n in weights.items() if key not in placed}
        heir = _first_left(call, there, before.readers)
        if lost and heir is not None and not is_means:
            found[heir].update(lost)
    return {call: weights for call, weights in found.items() if weights}


def n_params(call: Call, weights: Weights) -> int:
    """How many of the elements of a call's weights are its own.

    Layers may share out one tensor, such as the query's, key's and value's share of an input
    projection; in all else a tensor counts as a whole.
    """
    total = sum(weights.values())
    for constant in dict.fromkeys(call.inputs):
        # what is made of several tensors may well be smaller than they are together
        if not isinstance(constant, Constant) or len(constant.weights) != 1:
            continue
        whole = sum(constant.weights.values())
        if is_known_shape(constant.shape):
            total -= max(0, whole - math.prod(size or 0 for size in constant.shape or ()))
    return total


def _first_left(call: Call, there: set[Call], readers: Mapping[Call, list[Call]]) -> Call | None:
    """The call itself if it is left, else the nearest of those that hang on it."""
    front, seen = [call], {call}
    # breadth first: of several, the nearest; none if all of that was dead
    while front:
        left = next((one for one in front if one in there), None)
        if left is not None:
            return left
        behind: dict[Call, None] = {}
        for one in front:
            behind.update(dict.fromkeys(readers.get(one, ())))
        front = [one for one in behind if one not in seen]
        seen.update(front)
    return None
