"""GPT-like decoders (Radford et al., 2019): tokens to the logits of the next ones.

    embedding of tokens and positions           width
    for each layer: x + attention(LN x), x + mlp(LN x)
    LN, linear without bias                     vocabulary

Attention looks back alone; the MLP is linear, GELU, linear. Nothing is dropped, and the last layer
has weights of its own. Parameters, and the multiply-adds of linear layers, are those that the space
derives (`tests/networks/test_gpt.py`).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.gpt import GPT


class GPTNetwork(nn.Module):
    """The decoder of an element: tokens (B, T) to logits (B, T, vocabulary).

    Args:
        architecture: an element of a `GPT` space. Context and vocabulary are those of the space.

    Example:
        >>> import torch
        >>> network = GPTNetwork(GPT().parse("w64 h2m4 h8m1"))
        >>> network(torch.zeros(2, 10, dtype=torch.long)).shape
        torch.Size([2, 10, 256])
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        space = GPT.of(architecture)
        width, heads, ratios = space.to_choices(architecture)
        self.context, self.vocabulary = space.context, space.vocabulary
        self.tokens = nn.Embedding(space.vocabulary, width)
        self.positions = nn.Embedding(space.context, width)
        pairs = zip(heads, ratios, strict=True)
        layers = [DecoderLayer(width, n_heads, ratio) for n_heads, ratio in pairs]
        self.layers = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(width)
        self.classifier = nn.Linear(width, space.vocabulary, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T, vocabulary): the logits of what follows each of the tokens (B, T).

        Raises:
            ConfigError: tokens of another shape or type, or more of them than the context.
        """
        fits = tokens.ndim == 2 and tokens.shape[1] <= self.context
        if not fits or tokens.is_floating_point():
            raise ConfigError(
                f"tokens are {tokens.dtype} of shape {tuple(tokens.shape)}; legal: integers of"
                f" shape (batch, length), length at most {self.context}"
            )
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.layers(self.tokens(tokens) + self.positions(positions))
        return cast(Tensor, self.classifier(self.norm(x)))


class DecoderLayer(nn.Module):
    """Attention and MLP, each of what is normalised, added to what comes in: (B, T, width)."""

    def __init__(self, width: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) of the same shape."""
        x = x + self.attention(self.norm_attention(x))
        return x + cast(Tensor, self.mlp(self.norm_mlp(x)))

    def attention(self, x: Tensor) -> Tensor:
        """(B, T, width): a mean of the values of this and earlier tokens, in each head."""
        n, length, width = x.shape
        parts = self.query_key_value(x).view(n, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (B, heads, T, width / heads) each
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return cast(Tensor, self.project(mixed.transpose(1, 2).reshape(n, length, width)))
