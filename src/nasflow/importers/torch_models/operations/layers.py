"""Layers: convolutions, pools, linear layers, attention, dropout."""

from __future__ import annotations

from collections.abc import Callable

from nasflow.errors import GraphError
from nasflow.importers.calls import Operand, Result
from nasflow.importers.torch_models.operations.reading import (
    Reading,
    operand,
    whole_numbers,
)
from nasflow.importers.torch_models.shapes import channels_of, with_channels
from nasflow.importers.vocabulary import convolution, with_kernel


def _linear(reading: Reading) -> Operand:
    bias = reading.get("bias")
    return reading.make("linear", reading.input, reading.get("weight"), bias, bias=bias is not None)


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
    return reading.make(name, *reading.tensors(), **reading.other_parameters(), shape=result_shape)


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
    return reading.make(op, reading.input, shape=shape, **reading.other_parameters())


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
    settings = reading.other_parameters()
    result = reading.make(reading.op, *reading.tensors(), **settings)
    for layer in range(1, reading.get("num_layers", default=1)):
        result = reading.make(reading.op, result, **settings, place=layer)
    return result


def _embedding(reading: Reading) -> Operand:
    indices = operand(reading.get("indices", "input"))
    if reading.official == "embedding" and "indices" not in reading.arguments:
        indices = reading.input
    return reading.make("embedding", indices, reading.get("weight"))


def _attention(reading: Reading) -> Operand:
    mask = reading.get("attn_mask")
    parts = [reading.get(name) for name in ("query", "key", "value")]
    return reading.make("attention", *parts, mask if isinstance(mask, Result) else None)


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
