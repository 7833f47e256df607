"""Sizes that an ONNX file leaves open, such as the batch: what they are taken to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nasflow.errors import ConfigError


@dataclass(frozen=True)
class Sizes:
    """What a user says of the sizes of the inputs."""

    dims: Mapping[str, int] = field(default_factory=dict)
    """By the name that the file has for an axis."""
    input_shapes: Sequence[Any] | Mapping[str, Any] | None = None
    """A shape for each input, in their order or by name; or that of the only input."""
    one_example: bool = True
    """Whether the first axis of an input, where nobody says what it is, has size 1."""


def fix_sizes(graph: Any, sizes: Sizes) -> None:
    """Give the open axes of a graph's tensors their sizes, in place.

    Raises:
        ConfigError: a name that no axis has, a size that is no size, a shape that does not fit.
    """
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    values = {name: _checked(f"dims[{name!r}]", size) for name, size in sizes.dims.items()}
    _check_names(values, [dim.dim_param for value in inputs for dim in _dims(value)])
    for value, shape in _given(inputs, sizes.input_shapes):
        _fix_shape(value, shape, values)
    for value in inputs:
        for dim in list(_dims(value))[:1]:
            # a batch: whatever its size, numbers are of one example
            if sizes.one_example and _is_open(dim) and dim.dim_param not in values:
                if dim.dim_param:
                    values[dim.dim_param] = 1
                else:
                    dim.dim_value = 1
    # one name is one size, wherever it stands
    for value in (*graph.input, *graph.value_info, *graph.output):
        for dim in _dims(value):
            if dim.HasField("dim_param") and dim.dim_param in values:
                dim.dim_value = values[dim.dim_param]


def _dims(value: Any) -> Iterator[Any]:
    yield from value.type.tensor_type.shape.dim


def _is_open(dim: Any) -> bool:
    return not dim.HasField("dim_value")


def _checked(title: str, size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ConfigError(f"{title} is {size!r}; legal: a whole number from 1")
    return size


def _check_names(values: Mapping[str, int], names: Sequence[str]) -> None:
    unknown = [name for name in values if name not in names]
    if unknown:
        known = ", ".join(dict.fromkeys(name for name in names if name)) or "none"
        raise ConfigError(
            f"dims names {', '.join(unknown)}; axes of the model's inputs that have a name: {known}"
        )


def _given(inputs: Sequence[Any], shapes: Any) -> list[tuple[Any, Any]]:
    """The inputs that a shape is given for, each with it."""
    if shapes is None:
        return []
    names = [value.name for value in inputs]
    if isinstance(shapes, Mapping):
        unknown = [name for name in shapes if name not in names]
        if unknown:
            raise ConfigError(f"input_shapes names {unknown}; the model's inputs: {names}")
        return [(value, shapes[value.name]) for value in inputs if value.name in shapes]
    listed = list(shapes)
    if all(isinstance(size, int) for size in listed):
        listed = [listed]
    if len(listed) != len(inputs):
        raise ConfigError(
            f"input_shapes has {len(listed)} shapes for {len(inputs)} inputs ({', '.join(names)})"
        )
    return list(zip(inputs, listed, strict=True))


def _fix_shape(value: Any, shape: Any, values: dict[str, int]) -> None:
    """Give the axes of an input their sizes; those that have a name pass theirs on by `values`."""
    given = [_checked(f"a size of {value.name!r}", size) for size in shape]
    dims = list(_dims(value))
    has_rank = value.type.tensor_type.HasField("shape")
    fits = len(dims) == len(given) or not has_rank
    # numbers are of one example, so that the batch that a file has may stay
    for axis, (dim, size) in enumerate(zip(dims, given, strict=False)):
        fits = fits and (axis == 0 or _is_open(dim) or dim.dim_value == size)
    if not fits:
        known = [dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in dims]
        raise ConfigError(
            f"the input {value.name!r} has the shape {known}, and {given} does not fit it"
        )
    if not has_rank:
        for size in given:
            value.type.tensor_type.shape.dim.add().dim_value = size
    for dim, size in zip(dims, given, strict=False):
        if _is_open(dim) and dim.dim_param:
            values.setdefault(dim.dim_param, size)
        elif _is_open(dim):
            dim.dim_value = size
