"""Normalisations that a source writes out, as one operation each."""

from __future__ import annotations

from nasflow.importers.calls import Call, Operand, Program, call_of, rank_of
from nasflow.importers.normal_form.layout import reshaped
from nasflow.importers.normal_form.patterns import Bound, Pattern, match, rename

# written out here, so that a weight that follows belongs to it
_WRITTEN_OUT = {"written_out": True}
# x^2 is `pow` by now, however it was written
_MEAN_SQUARE: Pattern = ("mean", ("pow", "D", 2.0))
_CENTRED: Pattern = ("sub", "X", ("mean", "X"))


def norms(program: Program) -> None:
    """Give normalisations that are written out their name."""
    _layer_norms(program)
    _root_mean_squares(program)
    _variances(program)
    _group_norms(program)
    _local_response_norms(program)
    _unit_vectors(program)


def _by_root_of(call: Call, spread: Pattern) -> Bound | None:
    """What is bound where a call divides D by the root of something and a small number."""
    total: Pattern = ("add", spread, "C")
    quotient = match(call.result, ("div", "D", ("sqrt", total)))
    return match(call.result, ("mul", "D", ("rsqrt", total))) if quotient is None else quotient


def _layer_norms(program: Program) -> None:
    """(x - mean) / sqrt(variance + eps), the variance written out or not; then weight and bias."""
    for call in program.of("div", "mul"):
        for spread in (_MEAN_SQUARE, ("var", "Y")):
            # D is x less its mean, and the variance must be of the same x
            bound = _by_root_of(call, spread)
            source = None if bound is None else match(bound["D"], _CENTRED)
            if bound is None or source is None or bound.get("Y", source["X"]) != source["X"]:
                continue
            difference = call_of(bound["D"], "sub")
            mean = None if difference is None else call_of(difference.inputs[1], "mean")
            if _is_over_last_axes(mean, source["X"]):
                call.become("layernorm", [source["X"]], **_WRITTEN_OUT)
                break
    _absorb(program, "layernorm", "mul", "add")


def _root_mean_squares(program: Program) -> None:
    """x / sqrt(mean of squares + eps), then a weight."""
    for call in program.of("div", "mul"):
        bound = _by_root_of(call, _MEAN_SQUARE)
        if bound is not None and _is_over_last_axes(_mean_below(call), bound["D"]):
            call.become("rmsnorm", [bound["D"]], **_WRITTEN_OUT)
    _absorb(program, "rmsnorm", "mul")


def _mean_below(call: Call) -> Call | None:
    """The mean in the denominator of a norm that is written out."""
    # the pattern matched, so there is one; which operand has it depends on how it was written
    for operand in call.inputs:
        root = call_of(operand, "sqrt", "rsqrt")
        total = None if root is None else call_of(root.inputs[0], "add")
        for term in [] if total is None else total.inputs:
            mean = call_of(term, "mean")
            if mean is not None:
                return mean
    return None


def _is_over_last_axes(mean: Call | None, operand: Operand) -> bool:
    """Whether a mean is taken over the last axes: -1, or -2 and -1, and so on."""
    axes = None if mean is None else mean.parameters.get("axes")
    if not axes:
        return False
    rank = rank_of(operand)
    counted = sorted(axis - rank if axis >= 0 and rank is not None else axis for axis in axes)
    return counted == list(range(-len(counted), 0))


def _absorb(program: Program, norm: str, *steps: str) -> None:
    """Join a norm that is written out with the product with its weight, the sum with its bias."""
    # a step at a time: the sum is a bias only if the product before it was joined
    for step in steps:
        users = program.users()
        for call in program.of(step):
            bound = match(call.result, (step, "X", "C"))
            before = None if bound is None else call_of(bound["X"], norm)
            if bound is None or before is None or len(users.get(before, ())) != 1:
                continue
            # a number is a factor of the network, not a weight a channel
            is_weight = rank_of(bound["C"]) not in (None, 0)
            if is_weight and before.parameters.get("written_out"):
                inputs = [*before.inputs, bound["C"]]
                call.become(norm, inputs, written_out=step != steps[-1])


def _variances(program: Program) -> None:
    """The mean of squared distances from the mean, as exporters write a variance or deviation."""
    for call in program.of("mean"):
        bound = match(call.result, _MEAN_SQUARE)
        source = None if bound is None else match(bound["D"], _CENTRED)
        if source is not None:
            call.become("var", [source["X"]], **_WRITTEN_OUT)
    # by n - 1 in place of n
    of_sample: Pattern = ("mul", ("var", "X", _WRITTEN_OUT), "C1")
    rename(program, "var", ("div", of_sample, "C2"))
    rename(program, "std", ("sqrt", ("var", "X")), ("sqrt", ("reshape", ("var", "X"))))


def _group_norms(program: Program) -> None:
    """An instance norm between two reshapes, then weight and bias."""
    users = program.users()
    for call in program.of("instancenorm"):
        # groups stand in for channels: exporters have instance norms only
        before = call_of(call.inputs[0], "reshape")
        readers = users.get(call, [])
        after = readers[0] if len(readers) == 1 else None
        if before is None or after is None or after.op != "reshape":
            continue
        source = reshaped(program, before.inputs[0], after.shape, before=after)
        after.become("groupnorm", [source], **_WRITTEN_OUT)
    _absorb(program, "groupnorm", "mul", "add")


def _local_response_norms(program: Program) -> None:
    """x / (k + a * mean of squares of neighbouring channels) ^ b, the mean by an average pool."""
    pattern: Pattern = ("div", "X", ("pow", ("add", ("mul", "S", "C1"), "C2"), "C3"))
    for call in program.of("div"):
        bound = match(call.result, pattern)
        if bound is None:
            continue
        operand, steps = bound["S"], []
        # padded, pooled, and before and behind that with the axes that a pool needs
        while (step := call_of(operand, "reshape", "squeeze", "unsqueeze", "pad")) or (
            step := _pool_of(operand)
        ):
            steps.append(step.op)
            operand = step.inputs[0]
        is_pooled = any(op.startswith("avgpool") for op in steps)
        if is_pooled and match(operand, ("pow", "X", 2.0)) == {"X": bound["X"]}:
            call.become("localresponsenorm", [bound["X"]])


def _pool_of(operand: Operand) -> Call | None:
    source = getattr(operand, "call", None)
    return source if isinstance(source, Call) and source.op.startswith("avgpool") else None


def _unit_vectors(program: Program) -> None:
    """x by its length, but no less than eps; the cosine of two such."""
    length: Pattern = ("clamp", ("norm", "X"), {"max": None})
    rename(program, "normalize", ("div", "X", length), ("div", "X", ("expand", length)))
    cosine: Pattern = ("sum", ("mul", ("normalize", "X"), ("normalize", "Y")))
    rename(program, "cosinesimilarity", cosine, keep="XY")
