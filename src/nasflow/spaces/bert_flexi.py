"""FlexiBERT's space of small BERT encoders (Tuli et al., JAIR 2023): 10,621,440 networks.

    embedding ── two or four times: attention ── feed-forward ── output

A node is a part of a layer, an edge leads to the next one. The network chooses its hidden size
(128, 256); every layer the kind of its attention, its heads (2, 4), the size of its feed-forward
part (512, 1024) and how many hidden layers that has (1, 3). Kinds: self-attention by scaled dot
products (`sa_sdp`) or with a learnt matrix between them (`sa_wma`), a linear transform of the
sequence by Fourier or cosine (`lt_dft`, `lt_dct`), span-based dynamic convolution of kernel 5 or 9
(`dsc`).

Parameters and multiply-adds are those of the usual layers for such a part, for sequences of 128
tokens; the published table has none to compare them with. The embedding counts its parameters, and
the transforms no multiply-adds, as they have no weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.chain_columns import ChainColumns
from nasflow.spaces.choices import Product, Value, Values
from nasflow.spaces.layer_costs import Cost, Size, linear
from nasflow.spaces.sized import SizedSpace, legal_numbers, one_of
from nasflow.spaces.structure import Repeat

KINDS = ("sa_sdp", "sa_wma", "lt_dft", "lt_dct", "dsc5", "dsc9")
HIDDEN, HEADS, FFN_DIMS, N_FFNS, DEPTHS = (128, 256), (2, 4), (512, 1024), (1, 3), (2, 4)
LENGTH = 128
"""Tokens of a sequence."""
N_EMBEDDED = 30_522 + LENGTH + 2
"""Vectors of the embedding: BERT's vocabulary, positions, two segments."""

_LAYER = re.compile(r"(sa_sdp|sa_wma|lt_dft|lt_dct|dsc5|dsc9)-h([24])-f(512|1024)x([13])", re.ASCII)


class BertFlexi(SizedSpace):
    """The encoders of FlexiBERT whose hidden size is the same in all layers.

    Example:
        >>> element = BertFlexi().parse("128 dsc9-h2-f512x3 lt_dft-h2-f1024x1")
        >>> element.ops
        ('input', 'embedding', 'dsc', 'ffn', 'lt_dft', 'ffn', 'output')
    """

    name: ClassVar[str] = "bert-flexi"
    ops: tuple[str, ...] = ("input", "embedding", *KINDS[:4], "dsc", "ffn", "output")
    attr_names = ("depth", "flops", "heads", "kernel", "outputs", "params", "ratio", "width")

    def __init__(self) -> None:
        # two layers become four by being repeated: any other two would be eight choices at once
        heads, ffn_dim, n_ffn = (Values(2) for _ in range(3))
        layer = Product(Values(len(KINDS), ordered=False), heads, ffn_dim, n_ffn)
        self.choices = Product(Values(len(HIDDEN)), Repeat(layer, DEPTHS, grows="copy"))

    def from_choices(self, hidden: int, layers: Sequence[Mapping[str, Any]]) -> Architecture:
        """The element of a hidden size and its layers, each as the benchmark's records have it.

        Args:
            hidden: hidden size.
            layers: `op` (SA, LT, DSC), `parameter` (SDP, WMA; DFT, DCT; 5, 9), `heads`, `ffn_dim`
                and `n_ffn` of each.

        Raises:
            GraphError: a choice that is not legal.
        """
        return self.element(self._value(hidden, layers))

    def table_from_records(self, records: Iterable[Mapping[str, Any]]) -> ArchTable:
        """The table of records with `hidden` and `layers`; errors name the row."""
        values = []
        for row, record in enumerate(records):
            try:
                values.append(self._value(record["hidden"], record["layers"]))
            except GraphError as error:
                raise GraphError(f"row {row}: {error}") from None
        return self.table_of_values(values)

    def _value(self, hidden: int, layers: Sequence[Mapping[str, Any]]) -> Value:
        if len(layers) not in DEPTHS:
            raise GraphError(f"there are {len(layers)} layers; legal: 2, 4")
        chosen = []
        for layer in layers:
            parameter = str(layer["parameter"]).lower()
            separator = "" if layer["op"] == "DSC" else "_"
            kind = f"{str(layer['op']).lower()}{separator}{parameter}"
            chosen.append(
                (
                    one_of("op with its parameter", kind, KINDS),
                    one_of("heads", layer["heads"], HEADS),
                    one_of("ffn_dim", layer["ffn_dim"], FFN_DIMS),
                    one_of("n_ffn", layer["n_ffn"], N_FFNS),
                )
            )
        return one_of("hidden", hidden, HIDDEN), tuple(chosen)

    def table_from_choices(
        self,
        hidden: npt.ArrayLike,
        n_layers: npt.ArrayLike,
        kind: npt.ArrayLike,
        heads: npt.ArrayLike,
        ffn_dim: npt.ArrayLike,
        n_ffn: npt.ArrayLike,
    ) -> ArchTable:
        """The table of many elements at once.

        Args:
            hidden: (N,) hidden sizes.
            n_layers: (N,) 2 or 4; what stands in the other arrays beyond is not looked at.
            kind: (N, 4) indices into `KINDS`.
            heads: (N, 4) numbers of heads.
            ffn_dim: (N, 4) sizes of the feed-forward parts.
            n_ffn: (N, 4) hidden layers of the feed-forward parts.

        Raises:
            GraphError: a number that is not legal, with its position; arrays of other shapes.
        """
        width = legal_numbers("hidden", hidden, HIDDEN, (None,))
        depths = legal_numbers("n_layers", n_layers, DEPTHS, (len(width),))
        exists = np.arange(max(DEPTHS)) < depths[:, None]  # (N, 4)
        legal = {"kind": range(len(KINDS)), "heads": HEADS, "ffn_dim": FFN_DIMS, "n_ffn": N_FFNS}
        checked = []
        for name, given in zip(legal, (kind, heads, ffn_dim, n_ffn), strict=True):
            array = np.asarray(given)
            if array.shape != exists.shape:
                raise GraphError(f"{name} has shape {array.shape}; legal: {exists.shape}")
            array = np.where(exists, array, legal[name][0])
            checked.append(legal_numbers(name, array, legal[name], exists.shape))
        columns = ChainColumns(self.ops, self.attr_names, len(width))
        columns.add(0, 1, LENGTH)
        columns.add(1, width, LENGTH, cost=Cost((N_EMBEDDED + 2) * width, 0))
        for i in range(max(DEPTHS)):
            self._add_layer(columns, width, exists[:, i], *(numbers[:, i] for numbers in checked))
        columns.add(self.ops.index("output"), width, cost=linear(width, width))
        return columns.table({})

    def _add_layer(
        self,
        columns: ChainColumns,
        width: Size,
        exists: Size,
        kind: Size,
        heads: Size,
        ffn_dim: Size,
        n_ffn: Size,
    ) -> None:
        is_dsc = kind >= KINDS.index("dsc5")
        kernel = np.where(kind == KINDS.index("dsc5"), 5, 9)
        columns.add(
            # the kinds stand behind input and embedding, with one operation for both dsc
            2 + np.minimum(kind, 4),
            width,
            LENGTH,
            cost=_attention(kind, width, heads, kernel),
            present=exists,
            heads=heads,
            kernel=np.where(is_dsc, kernel, np.nan),
        )
        inner = linear(ffn_dim, ffn_dim, LENGTH)
        more = Cost(inner.params * (n_ffn - 1), inner.flops * (n_ffn - 1))
        ends = linear(width, ffn_dim, LENGTH) + linear(ffn_dim, width, LENGTH)
        columns.add(
            self.ops.index("ffn"),
            width,
            LENGTH,
            cost=ends + more + Cost(2 * width, 0),
            present=exists,
            ratio=ffn_dim / width,
            depth=n_ffn,
        )

    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements given by their choices."""
        n = len(values)
        indices = np.zeros((n, max(DEPTHS), 4), np.int64)
        n_layers = np.zeros(n, np.int64)
        hidden = np.zeros(n, np.int64)
        for row, (width, layers) in enumerate(values):
            hidden[row], n_layers[row] = HIDDEN[width], len(layers)
            indices[row, : len(layers)] = layers
        kind, heads, ffn_dim, n_ffn = indices.transpose(2, 0, 1)
        return self.table_from_choices(
            hidden,
            n_layers,
            kind,
            np.array(HEADS)[heads],
            np.array(FFN_DIMS)[ffn_dim],
            np.array(N_FFNS)[n_ffn],
        )

    def read(self, architecture: Architecture) -> Value:
        """The layers, each an attention and a feed-forward node behind input and embedding."""
        attrs, ops = architecture.attrs, architecture.ops
        width = int(attrs["width"][1] or 0)
        kernels = attrs.get("kernel", (None,) * len(ops))
        layers = []
        for node in range(2, len(ops) - 1, 2):
            kernel = "" if kernels[node] is None else str(int(kernels[node] or 0))
            layers.append(
                (
                    KINDS.index(ops[node] + kernel),
                    HEADS.index(int(attrs["heads"][node] or 0)),
                    FFN_DIMS.index(int((attrs["ratio"][node + 1] or 0) * width)),
                    N_FFNS.index(int(attrs["depth"][node + 1] or 0)),
                )
            )
        return HIDDEN.index(width), tuple(layers)

    def parse_value(self, text: str) -> Value:
        """The hidden size and the layers, with blanks between them."""
        hidden, *words = text.split() or [""]
        matches = [match for match in map(_LAYER.fullmatch, words) if match]
        if hidden not in map(str, HIDDEN) or len(words) != len(matches) or len(words) not in DEPTHS:
            raise GraphError(
                f"{text[:120]!r} is no network of {self.name}; legal: a hidden size (128, 256) and"
                f" 2 or 4 layers of {', '.join(KINDS)} with heads (2, 4), feed-forward size (512,"
                f" 1024) and depth (1, 3), such as {self.format_value(self.choices.unrank(0))}"
            )
        layers = []
        for match in matches:
            heads, ffn_dim, n_ffn = map(int, match.groups()[1:])
            sizes = HEADS.index(heads), FFN_DIMS.index(ffn_dim), N_FFNS.index(n_ffn)
            layers.append((KINDS.index(match[1]), *sizes))
        return HIDDEN.index(int(hidden)), tuple(layers)

    def format_value(self, value: Value) -> str:
        """`128 dsc9-h2-f512x3 ...`: hidden size; attention, heads, feed-forward of each layer."""
        hidden, layers = value
        words = [str(HIDDEN[hidden])]
        for kind, heads, ffn_dim, n_ffn in layers:
            words.append(f"{KINDS[kind]}-h{HEADS[heads]}-f{FFN_DIMS[ffn_dim]}x{N_FFNS[n_ffn]}")
        return " ".join(words)


def _attention(kind: Size, width: Size, heads: Size, kernel: Size) -> Cost:
    """What an attention part costs, with its normalisation and its last linear layer."""
    one = linear(width, width, LENGTH)
    norm = Cost(2 * width, 0)
    # query, key, value and the last layer; scores and sums
    scores = Cost(0, 2 * LENGTH**2 * width)
    sdp = one + one + one + one + scores
    # a matrix between query and key in each head
    between = Cost(width**2 // heads, LENGTH * width**2 // heads)
    # query and value; keys by a convolution of each feature and a linear layer; the kernels of each
    # head, and their use
    keys = Cost(width * kernel, LENGTH * width * kernel) + one
    kernels = linear(width, heads * kernel, LENGTH) + Cost(0, LENGTH * width * kernel)
    dsc = one + one + keys + kernels + one
    is_sa, is_lt, is_dsc = kind < 2, (kind >= 2) & (kind < 4), kind >= 4
    return sdp.where(is_sa) + between.where(kind == 1) + one.where(is_lt) + dsc.where(is_dsc) + norm
