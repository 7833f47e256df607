"""Numbers on the nodes of an imported network: sizes, parameters, products.

    width       channels of a convolution, pool or norm; features of a linear layer; heads x
                features of attention; of what computes place by place, those of its operand
    kernel      side of the window; where it is not square, the geometric mean of the sides, which
                are in the operation's name
    stride, dilation
                of windows, as the kernel
    groups      of a convolution
    heads       of attention
    outputs     elements of the result
    params      learned numbers in the node
    flops       products that are added up, in convolutions, linear layers, products of matrices,
                attention and recurrent layers; nothing else has any

`outputs` and `flops` are of one example: the batch is the first size of the first input. A number
is missing where the sizes that it needs are not known. `params` and `flops` of the whole network
are numbers of the graph; parameters that several nodes share count once in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nasflow.graphs.names import SKIP_OP
from nasflow.importers.assemble import RawGraph
from nasflow.importers.calls import Call, Program
from nasflow.importers.numbers.filled import fill_shapes
from nasflow.importers.numbers.products import MULTIPLY, products
from nasflow.importers.numbers.sizes import Axes, channel_axes, heads, outputs, width
from nasflow.importers.numbers.weights import WeightsBefore, n_params, weights_by_call
from nasflow.importers.numbers.windows import kernel


@dataclass(frozen=True)
class Missing:
    """What could not be counted."""

    nodes: list[str]
    """The names of the nodes whose products are not known."""
    n_nodes: int
    """Of how many that have some."""


def add_numbers(raw: RawGraph, program: Program, before: WeightsBefore) -> Missing:
    """Give the nodes of a program's graph their numbers, and the graph its totals.

    Args:
        raw: `program.raw_graph()`.
        program: in its normal form.
        before: the weights of the calls before it was brought into that form.
    """
    fill_shapes(program)
    batch = _batch(program)
    axes = channel_axes(program)
    weights = weights_by_call(program, before)
    live = program.live()
    # a parameter is counted where it is met first
    total: dict[str, float] = {"params": 0, "flops": 0}
    counted: set[object] = set()
    unknown: list[str] = []
    n_multiplying = 0
    for position, call in enumerate(program.calls):
        numbers = _of_call(call, batch, axes)
        of_call = weights.get(call, {})
        if of_call:
            numbers["params"] = n_params(call, of_call)
        # an identity is contracted, and its numbers with it
        if call.op != SKIP_OP:
            raw.numbers[position] = numbers
        # what no output hangs on is pruned, and computes nothing when the model is run
        if call not in live:
            continue
        total["params"] += sum(n for key, n in of_call.items() if key not in counted)
        counted |= of_call.keys()
        total["flops"] += numbers.get("flops", 0)
        if call.op.startswith(MULTIPLY):
            n_multiplying += 1
            if "flops" not in numbers:
                unknown.append(call.name)
    # a part of them would pass for all
    if unknown:
        del total["flops"]
    raw.totals = total
    return Missing(unknown, n_multiplying)


def _of_call(call: Call, batch: int | None, axes: Axes) -> dict[str, float]:
    """The numbers of a call but for its parameters."""
    found: Mapping[str, float | None] = {
        "width": width(call, axes, batch),
        "kernel": kernel(call.op),
        "heads": heads(call, batch),
        "outputs": outputs(call, batch),
        "flops": products(call, batch),
        # what the source says itself
        **call.numbers,
    }
    return {name: number for name, number in found.items() if number is not None}


def _batch(program: Program) -> int | None:
    """The number of examples that the sizes are of; None if it is not known."""
    live = program.live()
    first = next((call for call in program.of("input") if call in live), None)
    shape = None if first is None else first.shape
    if shape is None:
        return None
    # a single number, or a row of them, is one example
    return shape[0] if len(shape) > 1 else 1
