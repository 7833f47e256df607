"""`x[...]`: the selections, slices and added axes that an index stands for, one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nasflow.importers.calls import Constant, Operand, Result


@dataclass(frozen=True)
class Step:
    """One of the operations that an index stands for."""

    op: str
    parameters: dict[str, Any]
    others: tuple[Operand, ...] = ()
    """Operands besides the tensor: indices that are tensors."""


def steps_of(index: Any) -> list[Step]:
    """What an index does, from the first axis on.

    Example:
        >>> [step.op for step in steps_of((slice(None), 0, None))]
        ['select', 'unsqueeze']
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    tensors = [part for part in parts if isinstance(part, (Result, list)) or _is_tensor(part)]
    steps: list[Step] = []
    # axes are counted from the front up to an ellipsis, behind it from the back
    axis, from_back = 0, False
    for position, part in enumerate(parts):
        if part is Ellipsis:
            # added axes take none of those that are there
            taken = [rest for rest in parts[position + 1 :] if rest is not None]
            axis, from_back = -len(taken), True
        elif part is None:
            steps.append(Step("unsqueeze", {"axes": (axis - from_back,)}))
            axis += not from_back
        elif isinstance(part, slice):
            steps.append(_slice(part, axis))
            axis += 1
        elif isinstance(part, (Result, list)) or _is_tensor(part):
            # all tensors of an index pick together, once the rest is done
            axis += 1
        else:
            steps.append(Step("select", {"axis": axis, "index": _whole(part)}))
            # the axis is gone: counted from the back, the next one is nearer
            axis += from_back
    if tensors:
        computed = tuple(part for part in tensors if isinstance(part, Result))
        steps.append(Step("gather", {"index": repr(tensors)}, computed))
    return [step for step in steps if not _takes_all(step)]


def _is_tensor(part: Any) -> bool:
    """Whether an index is a tensor of the model, not a number that sizes give."""
    return isinstance(part, Constant) and bool(part.shape)


def _slice(part: slice, axis: int) -> Step:
    start, end, step = (_whole(bound) for bound in (part.start, part.stop, part.step))
    return Step(
        "slice", {"axis": axis, "start": start, "end": end, "step": 1 if step is None else step}
    )


def _whole(bound: Any) -> int | str | None:
    """A bound as it is, or a text that tells one that sizes give from others."""
    return bound if bound is None or isinstance(bound, int) else repr(bound)


def _takes_all(step: Step) -> bool:
    bounds = [step.parameters.get(name) for name in ("start", "end")]
    return (
        step.op == "slice"
        and bounds in ([None, None], [0, None])
        and (step.parameters["step"] == 1)
    )
