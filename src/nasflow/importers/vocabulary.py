"""The names of operations in imported models: one vocabulary for PyTorch and ONNX.

A name is the class's or function's in lower case, without underscores and without 1d, 2d, 3d:
`batchnorm`, `relu`, `layernorm`. Synonyms share one (`cat`, `concat`, `Concat`: `concat`).
Convolutions and pools carry their kernel (`conv3x3`, `dwconv3x3` for one group a channel,
`groupconv3x3`, `maxpool2x2`). An identity is `skip`. What a name means never changes between
versions; new ones are added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nasflow.graphs.names import SKIP_OP

_ACTIVATIONS = """
    relu relu6 leakyrelu prelu rrelu elu selu celu gelu silu mish glu sigmoid hardsigmoid logsigmoid
    tanh hardtanh hardswish softplus softsign softmax softmin logsoftmax threshold tanhshrink
    softshrink hardshrink
"""
_LAYERS = """
    linear bilinear embedding embeddingbag batchnorm layernorm groupnorm instancenorm rmsnorm
    localresponsenorm dropout alphadropout featurealphadropout lppool adaptiveavgpool
    adaptivemaxpool globalavgpool globalmaxpool upsample pixelshuffle pixelunshuffle channelshuffle
    multiheadattention attention transformer transformerencoder transformerdecoder
    transformerencoderlayer transformerdecoderlayer rnn lstm gru rnncell lstmcell grucell fold
    unfold cosinesimilarity normalize
"""
_ARITHMETIC = """
    add sub mul div pow sqrt rsqrt exp log abs neg sign floor round reciprocal sin cos erf matmul
    einsum mean sum prod max min clamp norm var std cumsum where mask argmax topk outer maximum
    minimum
"""
_SHAPES = """
    flatten unflatten reshape permute transpose squeeze unsqueeze concat stack split slice select
    gather scatter pad expand repeat roll flip tril triu
"""
KERNELS = ("conv", "dwconv", "groupconv", "convtranspose", "maxpool", "avgpool")


def words(*texts: str) -> frozenset[str]:
    """The words of some texts."""
    return frozenset(" ".join(texts).split())


PLAIN = words(_ACTIVATIONS, _LAYERS, _ARITHMETIC, _SHAPES, *KERNELS, SKIP_OP, "input output")
"""All names without a kernel."""

JOINED = words(
    "getitem contiguous detach to type float half clone alias copy liftfresh totype cast typeas",
    "requiresgrad tocopy liftfreshcopy lift castlike double bfloat16 long int bool cpu cuda",
)
"""Operations that compute nothing: their nodes are dropped and their neighbours joined."""

DROPPED = words(
    "size shape symsize dim ndim numel symnumel stride symstride len device dtype isfloatingpoint",
    "assert assertisnone asserttensormetadata assertscalar assertasync functionalassertscalar",
    "functionalassertasync constantofshape constant symconstrainrange symconstrainrangeforsize",
    "zeroslike oneslike fulllike emptylike newzeros newones newfull newempty newemptystrided",
)
"""Operations on shapes, not on activations: their nodes are dropped with their edges."""

_SYNONYMS = {
    "identity": SKIP_OP,
    "iadd": "add",
    "addcmul": "add",
    "isub": "sub",
    "rsub": "sub",
    "subtract": "sub",
    "imul": "mul",
    "multiply": "mul",
    "truediv": "div",
    "floordiv": "div",
    "divide": "div",
    "itruediv": "div",
    "negative": "neg",
    "mm": "matmul",
    "bmm": "matmul",
    "baddbmm": "matmul",
    "imatmul": "matmul",
    "mv": "matmul",
    "gemm": "linear",
    "addmm": "linear",
    "nondynamicallyquantizablelinear": "linear",
    "lazylinear": "linear",
    "cat": "concat",
    "concatenate": "concat",
    "view": "reshape",
    "unsafeview": "reshape",
    "viewas": "reshape",
    "reshapeas": "reshape",
    "ravel": "flatten",
    "t": "transpose",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "movedim": "permute",
    "chunk": "split",
    "unbind": "split",
    "splitwithsizes": "split",
    "tensorsplit": "split",
    "narrow": "slice",
    "indexselect": "gather",
    "index": "gather",
    "gathernd": "gather",
    "takealongdim": "gather",
    "scaleddotproductattention": "attention",
    "maskedfill": "mask",
    "clip": "clamp",
    "clampmin": "clamp",
    "clampmax": "clamp",
    "constantpad": "pad",
    "constantpadnd": "pad",
    "zeropad": "pad",
    "reflectionpad": "pad",
    "replicationpad": "pad",
    "tile": "repeat",
    "expandas": "expand",
    "interpolate": "upsample",
    "resize": "upsample",
    "upsamplenearest": "upsample",
    "upsamplebilinear": "upsample",
    "depthtospace": "pixelshuffle",
    "spacetodepth": "pixelunshuffle",
    "syncbatchnorm": "batchnorm",
    "batchnormalization": "batchnorm",
    "nativebatchnorm": "batchnorm",
    "nativebatchnormlegitnotraining": "batchnorm",
    "nativebatchnormlegit": "batchnorm",
    "cudnnbatchnorm": "batchnorm",
    "layernormalization": "layernorm",
    "nativelayernorm": "layernorm",
    "nativegroupnorm": "groupnorm",
    "groupnormalization": "groupnorm",
    "instancenormalization": "instancenorm",
    "lrn": "localresponsenorm",
    "globalaveragepool": "globalavgpool",
    "globalmaxpooling": "globalmaxpool",
    "globalmaxpool": "globalmaxpool",
    "swish": "silu",
    "swishactivation": "silu",
    "featuredropout": "dropout",
    "nativedropout": "dropout",
    "hardswishactivation": "hardswish",
    "reducemean": "mean",
    "reducesum": "sum",
    "reducemax": "max",
    "reducemin": "min",
    "reducel2": "norm",
    "linalgvectornorm": "norm",
    "amax": "max",
    "amin": "min",
    "square": "pow",
    "dot": "matmul",
    "broadcastto": "expand",
    "moveaxis": "permute",
    "matrixtranspose": "transpose",
    "adjoint": "transpose",
    "rnntanh": "rnn",
    "rnnrelu": "rnn",
    "upsamplebicubic": "upsample",
    "upsamplelinear": "upsample",
    "upsampletrilinear": "upsample",
    "upsamplenearestexact": "upsample",
    "upsamplebilinearaa": "upsample",
    "upsamplebicubicaa": "upsample",
    "lpnormalization": "normalize",
    "rmsnormalization": "rmsnorm",
    "fusedrmsnorm": "rmsnorm",
    "simplifiedlayernormalization": "rmsnorm",
    "selectscatter": "scatter",
    "slicescatter": "scatter",
    "scatternd": "scatter",
    "scatterelements": "scatter",
    "setitem": "scatter",
    "gatherelements": "gather",
    "circularpad": "pad",
    "padenum": "pad",
    "im2col": "unfold",
    "col2im": "fold",
    "prelukernel": "prelu",
    "linalgnorm": "norm",
    "vectornorm": "norm",
    "nativechannelshuffle": "channelshuffle",
    "convolutionoverrideable": "convolution",
}
_CAMEL_DIMENSION = re.compile(r"[123]d$")
_KERNEL = re.compile(rf"(?:{'|'.join(KERNELS)})\d+(?:x\d+)*")


def plain_name(name: str) -> str:
    """The vocabulary's name for a class or function; a simplified one if the vocabulary has none.

    Example:
        >>> [plain_name(n) for n in ("BatchNorm2d", "leaky_relu_", "_softmax", "Concat", "MyBlock")]
        ['batchnorm', 'leakyrelu', 'softmax', 'concat', 'myblock']
    """
    short = simple_name(name)
    return _SYNONYMS.get(short, short)


def simple_name(name: str) -> str:
    """A name in lower case, without underscores and without 1d, 2d, 3d."""
    return _CAMEL_DIMENSION.sub("", name.lower().replace("_", ""))


def is_known(name: str) -> bool:
    """Whether the vocabulary has a name."""
    return name in PLAIN or _KERNEL.fullmatch(name) is not None


def with_kernel(base: str, kernel: Sequence[int] | None) -> str:
    """`conv3x3` of `conv` and (3, 3); the base alone where no kernel is known."""
    return base + "x".join(map(str, kernel)) if kernel else base


def convolution(
    kernel: Sequence[int] | None, groups: int, in_channels: int | None, transposed: bool = False
) -> str:
    """The name of a convolution."""
    if transposed:
        return with_kernel("convtranspose", kernel)
    if groups <= 1:
        return with_kernel("conv", kernel)
    return with_kernel("dwconv" if groups == in_channels else "groupconv", kernel)
