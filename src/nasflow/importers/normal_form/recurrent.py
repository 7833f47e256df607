"""Recurrent layers without the order of axes that a source has for them.

ONNX wants time first and gives an axis of directions: (time, directions, batch, width). PyTorch has
either order, and joins directions and width. What only moves between these belongs to the layer.
"""

from __future__ import annotations

from nasflow.importers.calls import Call, Operand, Program, Result, call_of, rank_of
from nasflow.importers.normal_form.layout import permutation

RECURRENT = ("rnn", "lstm", "gru")
_TIME_AND_BATCH = (1, 0, 2)
_DIRECTIONS_LAST = (0, 2, 1, 3)


def recurrent_layouts(program: Program) -> None:
    """Leave out what swaps time and batch before a recurrent layer, and orders axes behind it."""
    for layer in program.of(*RECURRENT):
        swap = call_of(layer.inputs[0], "transpose") if layer.inputs else None
        if swap is not None and _swaps_time_and_batch(swap):
            layer.inputs[0] = swap.inputs[0]
    replacements: dict[Call, Operand] = {}
    for call in program.of("squeeze", "transpose", "reshape"):
        source = call.inputs[0]
        # what was found before stands for the layer's result already
        if isinstance(source, Result) and source.index == 0:
            source = replacements.get(source.call, source)
        layer_of_source = call_of(source, *RECURRENT)
        if layer_of_source is not None and _only_orders_axes(call, source):
            replacements[call] = source
    program.replace(replacements)
    program.remove(replacements)


def _only_orders_axes(call: Call, source: Operand) -> bool:
    is_sequence = isinstance(source, Result) and source.index == 0
    if call.op == "squeeze":
        # the axis of directions, where there is one
        return is_sequence and call.parameters.get("axes") == (1,) and rank_of(call.inputs[0]) == 4
    if call.op == "transpose":
        return is_sequence and (
            _swaps_time_and_batch(call) or permutation(call) == _DIRECTIONS_LAST
        )
    # directions and width in one
    return is_sequence and (rank_of(call.inputs[0]), rank_of(call.result)) == (4, 3)


def _swaps_time_and_batch(call: Call) -> bool:
    # of a traced graph, the number of axes may not be known
    swap = call.parameters.get("swap")
    return permutation(call) == _TIME_AND_BATCH or (swap is not None and set(swap) == {0, 1})
