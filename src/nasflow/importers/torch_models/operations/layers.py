"""Layers: convolutions, pools, linear layers, attention, dropout."""

from __future__ import annotations

from collections.abc import Callable

from nasflow.errors import GraphError
from nasflow.importers.calls import Constant, Operand, Result, weights_of
from nasflow.importers.numbers.windows import window
from nasflow.importers.torch_models.operations.reading import (
    Reading,
    operand,
    whole_numbers,
)
from nasflow.importers.torch_models.shapes import channels_of, with_channels
from nasflow.importers.vocabulary import convolution, with_kernel


def _linear(reading: Reading) -> Operand:
    bias, weight = reading.get("bias"), operand(reading.get("weight"))
    result = reading.make("linear", reading.input, weight, bias, bias=bias is not None)
    if isinstance(result, Result) and weight.shape:
        # a weight has (out_features, in_features)
        _note(result, width=weight.shape[0])
    return result


def _note(result: Operand, **numbers: float | None) -> Operand:
    """A result whose call has some numbers, those that are known."""
    if isinstance(result, Result):
        known = {name: float(number) for name, number in numbers.items() if number is not None}
        result.call.numbers.update(known)
    return result


def _convolution(reading: Reading) -> Operand:
    groups = reading.get("groups", default=1)
    transposed = reading.op == "convtranspose" or reading.get("transposed") is True
    shape = operand(reading.get("weight", default=0)).shape
    kernel = None if shape is None else shape[2:]
    is_known = kernel is not None and isinstance(groups, int) and None not in kernel
    if not is_known or shape is None or len(shape) < 3:
        raise GraphError(
            f"the weight of the convolution {reading.node!r} is computed, so that its kernel is not"
            " known before the model runs; give the model as"
            " torch.export.export(model, example_inputs)"
        )
    # a weight has (out_channels, in_channels / groups, *kernel)
    in_channels = None if shape[1] is None else shape[1] * groups
    name = convolution([size or 0 for size in kernel or ()], groups, in_channels, transposed)
    out_channels = shape[0]
    if transposed:
        out_channels = None if shape[1] is None else shape[1] * groups
    result_shape = with_channels(len(shape), out_channels)
    result = reading.make(
        name, *reading.tensors(), **reading.other_parameters(), shape=result_shape
    )
    numbers = window(reading.get("stride"), reading.get("dilation"), groups)
    return _note(result, width=out_channels, **numbers)


_POOLS = {"maxpoolwithindices": "maxpool"}


def _pool(reading: Reading) -> Operand:
    kernel = whole_numbers(reading.get("kernel_size"))
    if kernel is None:
        raise GraphError(
            f"the kernel of the pool {reading.node!r} is computed, so that it is not known before"
            " the model runs; give the model as torch.export.export(model, example_inputs)"
        )
    if len(kernel) == 1:
        kernel *= reading.n_spatial
    op = with_kernel(_POOLS.get(reading.op, reading.op), kernel)
    shape = with_channels(reading.n_spatial + 2, channels_of(reading.input))
    result = reading.make(op, reading.input, shape=shape, **reading.other_parameters())
    # a pool that is given no stride moves by its kernel
    numbers = window(reading.get("stride"), reading.get("dilation"), kernel=kernel)
    return _note(result, **numbers)


def _adaptive_pool(reading: Reading) -> Operand:
    """An adaptive pool's name: a global one's if it leaves one number a channel."""
    size = reading.get("output_size")
    sizes = [size] if isinstance(size, int) else [item for item in size or () if item is not None]
    is_global = bool(sizes) and set(map(repr, sizes)) == {"1"}
    op = reading.op.replace("adaptive", "global") if is_global else reading.op
    shape = with_channels(reading.n_spatial + 2, channels_of(reading.input))
    parameters = {} if is_global else {"output_size": repr(size)}
    return reading.make(op, reading.input, shape=shape, **parameters)


def _recurrent(reading: Reading) -> Operand:
    """One call for each layer, as ONNX has them."""
    settings, n_layers = reading.other_parameters(), reading.get("num_layers", default=1)
    tensors = reading.tensors()
    weights = [tensor for tensor in tensors if weights_of([tensor])]
    others = [tensor for tensor in tensors if not weights_of([tensor])]
    # a layer after the other, each with as many
    n_each = len(weights) // n_layers
    width, source = _hidden_width(weights, n_each), reading.input.shape
    # all but the last, whose shape an exported graph has
    between = None if width is None or source is None or n_layers == 1 else (*source[:-1], width)
    result = reading.make(reading.op, *others, *weights[:n_each], shape=between, **settings)
    _note(result, width=width)
    for layer in range(1, n_layers):
        of_layer = weights[layer * n_each : (layer + 1) * n_each]
        shape = None if layer == n_layers - 1 else between
        result = reading.make(reading.op, result, *of_layer, shape=shape, **settings, place=layer)
        _note(result, width=width)
    return result


def _hidden_width(weights: list[Operand], n_each: int) -> int | None:
    """The features of a recurrent layer, both directions together."""
    # for each direction (gates x hidden, inputs), (gates x hidden, hidden), and two biases if any
    shapes = [weight.shape for weight in weights[:n_each] if len(weight.shape or ()) == 2]
    recurrent = shapes[1] if len(shapes) > 1 else None
    return None if recurrent is None or recurrent[1] is None else recurrent[1] * (len(shapes) // 2)


def _embedding(reading: Reading) -> Operand:
    indices = operand(reading.get("indices", "input"))
    if reading.official == "embedding" and "indices" not in reading.arguments:
        indices = reading.input
    return reading.make("embedding", indices, reading.get("weight"))


def _attention(reading: Reading) -> Operand:
    mask = reading.get("attn_mask")
    parts = [reading.get(name) for name in ("query", "key", "value")]
    # a constant one is no operand; made of weights, it is read for these
    is_read = isinstance(mask, Result) or (isinstance(mask, Constant) and bool(mask.weights))
    return reading.make("attention", *parts, mask if is_read else None)


def dropout(reading: Reading) -> Operand:
    """Nothing, unless it is told that it is in training."""
    is_training = reading.get("training", "train", default=True)
    if is_training is False or reading.get("p") == 0:
        return reading.input
    return reading.make(reading.op, reading.input, **reading.other_parameters())


READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("conv", "convtranspose", "convolution"), _convolution),
    **dict.fromkeys(("maxpool", "avgpool", "maxpoolwithindices"), _pool),
    **dict.fromkeys(("adaptiveavgpool", "adaptivemaxpool"), _adaptive_pool),
    **dict.fromkeys(("dropout", "alphadropout", "featurealphadropout"), dropout),
    **dict.fromkeys(("rnn", "lstm", "gru"), _recurrent),
    "attention": _attention,
    "embedding": _embedding,
    "linear": _linear,
}
"""What reads the arguments of an operation, by its name or its function's."""
