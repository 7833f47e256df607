"""Layers that some source makes two of: linear layers, global pools, padded convolutions."""

from __future__ import annotations

from collections.abc import Iterator

from nasflow.importers.calls import (
    Call,
    Operand,
    Program,
    Result,
    call_of,
    is_known_shape,
    rank_of,
)
from nasflow.importers.normal_form.layout import permutation
from nasflow.importers.normal_form.patterns import match, rename

# the axes of images, sequences and volumes are the last one, two or three; two or three from 2
_SPATIAL = ((2, 3), (2, 3, 4), (-2, -1), (-3, -2, -1))


def products_with_weights(program: Program) -> None:
    """Call a product with a weight `linear`."""
    for call in program.of("matmul"):
        computed = [operand for operand in call.inputs if isinstance(operand, Result)]
        # of two computed factors, neither is a weight: attention, or a gate
        if len(computed) == 1:
            weights = [operand for operand in call.inputs if operand not in computed]
            # the weight stays: two layers that read one tensor are two layers
            is_right = call.inputs[-1] is weights[-1]
            call.become("linear", [*computed, *weights], bias=False)
            shape = weights[-1].shape
            if is_right and shape is not None and shape[-1:] not in ((), (None,)):
                call.numbers["width"] = float(shape[-1] or 0)


def biases(program: Program) -> None:
    """Join a linear layer without bias and the sum with one."""
    users = program.users()
    replacements: dict[Call, Operand] = {}
    for call in program.of("add"):
        bound = match(call.result, ("add", "X", "C"))
        linear = None if bound is None else call_of(bound["X"], "linear")
        if bound is None or linear is None or len(users.get(linear, ())) != 1:
            continue
        # a second sum, or one with a matrix (an embedding of places), is one of its own
        if linear.parameters.get("bias") is False and rank_of(bound["C"]) == 1:
            linear.parameters["bias"] = True
            linear.inputs.append(bound["C"])
            replacements[call] = linear.result
    program.replace(replacements)
    program.remove(replacements)


def global_pools(program: Program) -> None:
    """Call a mean or maximum over all places that keeps its axes a global pool."""
    for op, pool in (("mean", "globalavgpool"), ("max", "globalmaxpool")):
        for call in program.of(op):
            axes = call.parameters.get("axes")
            is_spatial = axes is not None and tuple(sorted(axes)) in _SPATIAL
            if is_spatial and call.parameters.get("keepdim"):
                call.become(pool, call.inputs[:1])
        # sequences are pooled by way of images of height one
        rename(program, pool, ("squeeze", (pool, ("unsqueeze", "X"))))
    program.bypass(list(_restrided_pools(program)))


def _restrided_pools(program: Program) -> Iterator[Call]:
    """Reads of a pool's numbers in their own order: how PyTorch says channels-last."""
    for call in program.of("gather"):
        # as_strided over the whole tensor, which functionalisation writes as a gather from a row
        row = call_of(call.inputs[0], "reshape")
        pool = None if row is None else call_of(row.inputs[0], "globalavgpool")
        if row is None or pool is None or rank_of(row.result) != 1:
            continue
        if is_known_shape(pool.shape) and pool.shape == call.shape:
            call.inputs[0] = pool.result
            yield call


def unfolds(program: Program) -> None:
    """Call an image gathered window by window, down and then across, `unfold`."""
    for call in program.of("reshape"):
        order = call_of(call.inputs[0], "transpose")
        across = None if order is None else call_of(order.inputs[0], "gather")
        down = None if across is None else call_of(across.inputs[0], "gather")
        if order is None or across is None or down is None:
            continue
        axes = (down.parameters.get("axis"), across.parameters.get("axis"))
        # rows and columns of a window, then rows and columns of windows
        if axes == (2, 4) and permutation(order) == (0, 1, 2, 4, 3, 5):
            pad = call_of(down.inputs[0], "pad")
            is_padded = pad is not None and pad.parameters.get("zeros")
            source = pad.inputs[0] if pad is not None and is_padded else down.inputs[0]
            unfold = Call("unfold", call.name, [source], shapes={0: (None, None, None)})
            # the reshape that it ends with may be one with another behind it
            if rank_of(call.result) == 3:
                call.become("unfold", [source])
            else:
                call.inputs[0] = program.insert(unfold, before=call).result


def padded_convolutions(program: Program) -> None:
    """Let convolutions read what is before a padding by zeros: they pad by themselves."""
    for call in program.calls:
        pad = call_of(call.inputs[0], "pad") if _is_convolution(call) else None
        # a pool that reads the same padding keeps it
        while pad is not None and pad.parameters.get("zeros"):
            call.inputs[0] = pad.inputs[0]
            pad = call_of(call.inputs[0], "pad")


def _is_convolution(call: Call) -> bool:
    is_named = call.op.startswith(("conv", "dwconv", "groupconv"))
    # transposed ones cut off where others pad
    return is_named and not call.op.startswith("convtranspose")


def choices(program: Program) -> None:
    """Call a choice between a tensor and a constant `mask`; leave out one between constants."""
    replacements: dict[Call, Operand] = {}
    for call in program.of("where", "mask"):
        if len(call.inputs) < 2:
            continue
        is_where = call.op == "where"
        condition = call.inputs[0 if is_where else 1]
        branches = call.inputs[1:] if is_where else call.inputs[:1]
        computed = [branch for branch in branches if isinstance(branch, Result)]
        if not computed and isinstance(condition, Result):
            # truth values turned into numbers, such as 0 and -inf: a change of type
            replacements[call] = condition
        elif len(computed) == 1 and len(call.inputs) == 3:
            call.become("mask", [computed[0], condition])
    program.replace(replacements)
    program.remove(replacements)
