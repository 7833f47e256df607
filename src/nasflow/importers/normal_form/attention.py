"""Attention that is written out: softmax(q k^T * scale + mask) v.

Exporters write it in many ways: the scale on either factor or on both, the transposition of k
merged with the one before it or done in three dimensions, the mask as a sum or a choice. All are
`attention` of q, k, v and, if computed, the mask.
"""

from __future__ import annotations

from nasflow.importers.calls import (
    Call,
    Constant,
    Operand,
    Program,
    Result,
    behind,
    call_of,
)
from nasflow.importers.normal_form.layout import permutation, reshaped
from nasflow.importers.normal_form.patterns import match


def attention(program: Program) -> None:
    """Write attention as one call, and its own call without scales."""
    users = program.users()
    # from the last product backwards: what is found decides which products are scores
    for call in program.of("matmul"):
        softmax = _softmax(call.inputs[0], users)
        if softmax is None:
            continue
        found = _scores(softmax.inputs[0])
        if found is not None:
            scores, masks = found
            query = _unscaled(scores.inputs[0])
            key = _upright(program, _unscaled(scores.inputs[1]), call)
            call.become("attention", [query, _unscaled(key), call.inputs[1], *masks])
    # PyTorch's own call scales by itself, whatever scales it was given
    for call in program.of("attention"):
        query, key, *rest = call.inputs
        masks = [mask for mask in map(_mask, rest[1:]) if isinstance(mask, Result)]
        call.inputs = [_unscaled(query), _unscaled(key), *rest[:1], *masks]


def _softmax(operand: Operand, users: dict[Call, list[Call | None]]) -> Call | None:
    """The softmax that gives an operand, if nothing else reads it."""
    operand = behind(operand)
    # where a row is masked as a whole, PyTorch has zeros in place of what is not a number
    guarded = match(operand, ("where", ("isnan", "X"), "C", "X")) or match(
        operand, ("mask", "X", ("isnan", "X"))
    )
    n_readers = 1
    if guarded is not None:
        operand, n_readers = guarded["X"], 2
    dropped = call_of(operand, "dropout")
    softmax = call_of(operand if dropped is None else dropped.inputs[0], "softmax")
    if softmax is None or not softmax.inputs or len(users.get(softmax, ())) != n_readers:
        return None
    return softmax


def _scores(operand: Operand) -> tuple[Call, list[Operand]] | None:
    """The product of q and k under scales and masks, and the masks that are computed."""
    call = call_of(operand, "matmul", "mul", "div", "add", "mask", "where")
    if call is None or len(call.inputs) < 2:
        return None
    if call.op == "matmul":
        both = all(isinstance(behind(factor), Result) for factor in call.inputs)
        return (call, []) if both else None
    if call.op in ("mul", "div"):
        inner = _without_number(call)
        return None if inner is None else _scores(inner)
    # a mask is added or chosen by; which operand has the scores shows where it leads
    for position, operand in enumerate(call.inputs):
        found = _scores(operand)
        if found is not None:
            others = [_mask(other) for i, other in enumerate(call.inputs) if i != position]
            return found[0], [*found[1], *(other for other in others if isinstance(other, Result))]
    return None


def _mask(operand: Operand) -> Operand:
    """A mask before a choice between two constants by it."""
    call = call_of(operand, "where", "logicalnot", "not", "bitwisenot")
    if call is None:
        return operand
    is_choice = call.op != "where" or not any(
        isinstance(behind(branch), Result) for branch in call.inputs[1:]
    )
    return _mask(call.inputs[0]) if is_choice else operand


def _without_number(call: Call) -> Operand | None:
    """What a call multiplies with a number, or divides by one."""
    left, right = call.inputs
    if _is_number(right):
        return left
    return right if call.op == "mul" and _is_number(left) else None


def _is_number(operand: Operand) -> bool:
    """Whether an operand is a constant of one element, even if sizes give it."""
    source = behind(operand)
    shape = source.shape
    return isinstance(source, Constant) and shape is not None and all(n == 1 for n in shape)


def _unscaled(operand: Operand) -> Operand:
    """An operand before products with numbers."""
    # exporters put the root of the scale on each factor, so there may be several
    call = call_of(operand, "mul", "div")
    while call is not None and len(call.inputs) == 2:
        inner = _without_number(call)
        if inner is None:
            break
        operand = inner
        call = call_of(operand, "mul", "div")
    return behind(operand)


def _upright(program: Program, operand: Operand, before: Call) -> Operand:
    """A factor before its last two axes were swapped; as it is, if they were not."""
    call = call_of(operand, "transpose", "reshape")
    if call is None:
        return operand
    if call.op == "transpose":
        return _unswapped(program, call, before)
    # in three dimensions: reshape, swap, reshape
    swap = call_of(call.inputs[0], "transpose")
    if swap is None or permutation(swap) != (0, 2, 1):
        return operand
    shape = call.shape
    upright_shape = None if shape is None else (*shape[:-2], shape[-1], shape[-2])
    inner = call_of(swap.inputs[0], "reshape")
    source = swap.inputs[0] if inner is None else inner.inputs[0]
    return reshaped(program, source, upright_shape, before)


def _unswapped(program: Program, call: Call, before: Call) -> Operand:
    """The operand of a `transpose` less its swap of the last two axes."""
    source = call.inputs[0]
    order = permutation(call)
    if order is None:
        swap = call.parameters.get("swap")
        # the number of axes is not known: of neighbours, one is the last
        are_neighbours = swap is not None and abs(swap[0] - swap[1]) == 1
        return source if are_neighbours else call.result
    # the swap undone; what is left moves the heads, as for q and v
    order = (*order[:-2], order[-1], order[-2])
    if order == tuple(range(len(order))):
        return source
    shape = call.shape
    rest = Call("transpose", call.name, [source], {"perm": order})
    rest.shapes[0] = None if shape is None else (*shape[:-2], shape[-1], shape[-2])
    return program.insert(rest, before).result
