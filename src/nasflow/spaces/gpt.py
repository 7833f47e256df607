"""GPT-like decoders: width, layers, and for each layer its heads and the ratio of its MLP.

    embedding ── as often as there are layers: attention ── mlp ── output

A node is a part of a layer, an edge leads to the next one; the ways around attention and MLP, which
every layer has, are no edges. Choices are those of HW-GPT-Bench (Sukthanker et al., NeurIPS 2024)
in sizes that train on a laptop.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.chain_columns import ChainColumns
from nasflow.spaces.choices import Product, Value, Values
from nasflow.spaces.layer_costs import Cost, Size, linear
from nasflow.spaces.sized import SizedSpace, legal_numbers, one_of
from nasflow.spaces.structure import Repeat

_LAYER = re.compile(r"h([0-9]{1,4})m([0-9]{1,4})", re.ASCII)


class GPT(SizedSpace):
    """Decoders of `context` tokens out of `vocabulary`.

    Args:
        widths: legal widths, ascending; each a multiple of every number of heads.
        depths: legal numbers of layers, ascending.
        heads: legal numbers of heads.
        ratios: legal ratios of an MLP's hidden layer to the width.
        context: tokens of a sequence.
        vocabulary: number of different tokens.

    Raises:
        ConfigError: heads that do not divide a width, or lists that do not ascend.

    Example:
        >>> GPT().parse("w128 h2m4 h8m1").ops
        ('input', 'embedding', 'attention', 'mlp', 'attention', 'mlp', 'output')
    """

    name: ClassVar[str] = "gpt"
    ops: tuple[str, ...] = ("input", "embedding", "attention", "mlp", "output")
    attr_names = ("flops", "heads", "outputs", "params", "ratio", "width")

    def __init__(
        self,
        widths: Sequence[int] = (64, 128, 192, 256, 384, 512),
        depths: Sequence[int] = tuple(range(2, 13)),
        heads: Sequence[int] = (2, 4, 8),
        ratios: Sequence[int] = (1, 2, 3, 4),
        context: int = 128,
        vocabulary: int = 256,
    ) -> None:
        named = {"widths": widths, "depths": depths, "heads": heads, "ratios": ratios}
        for name, listed in named.items():
            numbers = list(listed)
            # steps of a mutation go along the list
            if not numbers or min(numbers) < 1 or numbers != sorted(set(numbers)):
                raise ConfigError(f"{name} is {numbers}; legal: ascending whole numbers from 1 on")
        for width in widths:
            odd = [n for n in heads if width % n]
            if odd:
                raise ConfigError(
                    f"width {width} is no multiple of {odd[0]} heads; legal: multiples of every"
                    " number of heads"
                )
        self.widths, self.depths = tuple(widths), tuple(depths)
        self.heads, self.ratios = tuple(heads), tuple(ratios)
        self.context, self.vocabulary = context, vocabulary
        layer = Product(Values(len(heads)), Values(len(ratios)))
        self.choices = Product(Values(len(widths)), Repeat(layer, self.depths))

    @classmethod
    def of(cls, architecture: Architecture) -> GPT:
        """The smallest such space that an element is of, whatever the options of its own.

        Raises:
            GraphError: it is of none.
        """
        attrs, last = architecture.attrs, architecture.n_nodes - 1
        if not {"width", "outputs", "heads", "ratio"} <= attrs.keys() or last < 4:
            raise GraphError(f"{str(architecture)[:300]} is no element of a space {cls.name}")
        width, vocabulary = (int(attrs["width"][node] or 0) for node in (1, last))
        context = int(attrs["outputs"][0] or 0)
        heads = sorted({int(number) for number in attrs["heads"] if number is not None})
        ratios = sorted({int(number) for number in attrs["ratio"] if number is not None})
        try:
            space = cls([width], [(last - 2) // 2], heads, ratios, context, vocabulary)
        except ConfigError as error:
            raise GraphError(f"no element of a space {cls.name}: {error}") from None
        space.value(architecture)
        return space

    def to_choices(self, architecture: Architecture) -> tuple[int, list[int], list[int]]:
        """Width, and heads and ratio of each layer: `from_choices(*to_choices(a)) == a`.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        width, layers = self.value(architecture)
        heads = [self.heads[i] for i, _ in layers]
        return self.widths[width], heads, [self.ratios[i] for _, i in layers]

    def from_choices(self, width: int, heads: Sequence[int], ratios: Sequence[int]) -> Architecture:
        """The element of a width, and of heads and ratio of each layer."""
        return self.table_from_choices([width], [len(heads)], [heads], [ratios])[0]

    def table_from_choices(
        self,
        width: npt.ArrayLike,
        n_layers: npt.ArrayLike,
        heads: npt.ArrayLike,
        ratios: npt.ArrayLike,
    ) -> ArchTable:
        """The table of many elements at once.

        Args:
            width: (N,) widths.
            n_layers: (N,) numbers of layers.
            heads: (N, k) heads of the layers; those beyond `n_layers` are not looked at.
            ratios: (N, k) ratios, likewise.

        Raises:
            GraphError: a number that is not legal, with its position; arrays of other shapes.
        """
        h = legal_numbers("width", width, self.widths, (None,))
        depths = legal_numbers("n_layers", n_layers, self.depths, (len(h),))
        given = np.asarray(heads)
        n_columns = given.shape[1] if given.ndim == 2 else 0
        exists = np.arange(n_columns) < depths[:, None]  # (N, k)
        if not (exists.sum(1) == depths).all():
            raise GraphError(
                f"heads has shape {given.shape}; legal: a row for each graph, a column for each of"
                f" {depths.max(initial=0)} layers"
            )
        n_heads = self._existing("heads", heads, self.heads, exists)
        ratio = self._existing("ratios", ratios, self.ratios, exists)
        tokens = self.context
        columns = ChainColumns(self.ops, self.attr_names, len(h))
        columns.add(0, 1, tokens)
        # a vector for every token, and one for every position
        columns.add(1, h, tokens, cost=Cost((self.vocabulary + tokens) * h, 0))
        for i in range(n_columns):
            there = exists[:, i]
            heads_here, ratio_here = n_heads[:, i], ratio[:, i]
            attention = _attention(h, tokens)
            columns.add(2, h, tokens, cost=attention, present=there, heads=heads_here)
            hidden = ratio_here * h
            mlp = linear(h, hidden, tokens) + linear(hidden, h, tokens) + _norm(h)
            columns.add(3, h, tokens, cost=mlp, present=there, ratio=ratio_here)
        last = _norm(h) + linear(h, self.vocabulary, tokens, bias=False)
        columns.add(4, self.vocabulary, tokens, cost=last)
        return columns.table({})

    def _existing(
        self,
        title: str,
        numbers: npt.ArrayLike,
        legal: Sequence[int],
        exists: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.int64]:
        array = np.asarray(numbers)
        if array.shape != exists.shape:
            raise GraphError(f"{title} has shape {array.shape}; legal: {exists.shape}")
        return legal_numbers(title, np.where(exists, array, legal[0]), legal, exists.shape)

    def sample_table(self, n: int, rng: np.random.Generator) -> ArchTable:
        """The table of `n` elements as `sample` draws them: the depth, then layers, all uniform."""
        shape = (n, max(self.depths))
        return self.table_from_choices(
            rng.choice(self.widths, n),
            rng.choice(self.depths, n),
            rng.choice(self.heads, shape),
            rng.choice(self.ratios, shape),
        )

    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements given by their choices."""
        n = len(values)
        indices = np.zeros((n, max(self.depths), 2), np.int64)
        width, n_layers = np.zeros((2, n), np.int64)
        for row, (of_width, layers) in enumerate(values):
            width[row], n_layers[row] = self.widths[of_width], len(layers)
            indices[row, : len(layers)] = layers
        heads, ratios = indices.transpose(2, 0, 1)
        return self.table_from_choices(
            width, n_layers, np.array(self.heads)[heads], np.array(self.ratios)[ratios]
        )

    def read(self, architecture: Architecture) -> Value:
        """The layers, each an attention and an MLP behind input and embedding."""
        attrs = architecture.attrs
        layers = []
        for node in range(2, architecture.n_nodes - 1, 2):
            heads = self.heads.index(int(attrs["heads"][node] or 0))
            layers.append((heads, self.ratios.index(int(attrs["ratio"][node + 1] or 0))))
        return self.widths.index(int(attrs["width"][1] or 0)), tuple(layers)

    def parse_value(self, text: str) -> Value:
        """The width and the layers, with blanks between them."""
        first, *words = text.split() or [""]
        matches = [match for match in map(_LAYER.fullmatch, words) if match]
        is_width = re.fullmatch("w[0-9]{1,5}", first, re.ASCII)
        if not is_width or len(matches) != len(words) or len(words) not in self.depths:
            raise GraphError(
                f"{text[:120]!r} is no network of {self.name}; legal: a width and"
                f" {self.depths[0]} to {self.depths[-1]} layers, each with its heads and the ratio"
                f" of its MLP, such as {self.format_value(self.choices.unrank(0))}"
            )
        layers = []
        for match in matches:
            heads = one_of("heads", int(match[1]), self.heads)
            layers.append((heads, one_of("ratio", int(match[2]), self.ratios)))
        return one_of("width", int(first[1:]), self.widths), tuple(layers)

    def format_value(self, value: Value) -> str:
        """`w128 h2m4 h8m1`: width; heads and ratio of the MLP of each layer."""
        width, layers = value
        words = [f"w{self.widths[width]}"]
        words += [f"h{self.heads[heads]}m{self.ratios[ratio]}" for heads, ratio in layers]
        return " ".join(words)


def _norm(width: Size) -> Cost:
    return Cost(2 * width, 0)


def _attention(width: Size, tokens: int) -> Cost:
    """Query, key, value and the last layer; scores and the sums they weight, for all pairs."""
    layers = linear(width, 3 * width, tokens) + linear(width, width, tokens)
    return layers + Cost(0, 2 * tokens**2 * width) + _norm(width)
