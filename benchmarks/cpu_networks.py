"""Random networks of usual parts, to be timed: convolutional ones and transformers.

What is random are sizes above all: widths, depths, kernels, groups, heads, resolutions. A network
is a module that `torch.fx` can trace, and the shape of one input.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

Shape = tuple[int, ...]
WIDTHS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)


class Residual(nn.Module):
    """Two convolutions beside a shortcut, which is a 1x1 convolution where sizes differ."""

    def __init__(self, n_in: int, width: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, width, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel, 1, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(width),
        )
        is_same = n_in == width and stride == 1
        self.shortcut = nn.Identity() if is_same else nn.Conv2d(n_in, width, 1, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.body(x) + self.shortcut(x))
        return out


def inverted(n_in: int, width: int, kernel: int, stride: int, expansion: int) -> nn.Module:
    """MobileNet's block, without a shortcut."""
    hidden = n_in * expansion
    return nn.Sequential(
        nn.Conv2d(n_in, hidden, 1, bias=False),
        nn.BatchNorm2d(hidden),
        nn.Hardswish(),
        nn.Conv2d(hidden, hidden, kernel, stride, kernel // 2, groups=hidden, bias=False),
        nn.BatchNorm2d(hidden),
        nn.Hardswish(),
        nn.Conv2d(hidden, width, 1, bias=False),
        nn.BatchNorm2d(width),
    )


def convolutional(rng: np.random.Generator) -> tuple[nn.Module, Shape]:
    """A network of two to four stages of one to three blocks."""
    side = int(rng.choice([32, 48, 64, 96, 128]))
    n_in = int(rng.choice(WIDTHS[:6]))
    stem_kernel = int(rng.choice([3, 5, 7]))
    layers: list[nn.Module] = [
        nn.Conv2d(3, n_in, stem_kernel, 2, stem_kernel // 2, bias=False),
        nn.BatchNorm2d(n_in),
        nn.ReLU(),
    ]
    kind = rng.choice(["plain", "residual", "inverted"])
    for stage in range(int(rng.integers(2, 5))):
        width, kernel = int(rng.choice(WIDTHS)), int(rng.choice([3, 5, 7]))
        stride = 2 if stage or rng.random() < 0.5 else 1
        for _ in range(int(rng.integers(1, 4))):
            if kind == "residual":
                groups = int(rng.choice([1, 1, 4, 8]))
                layers.append(Residual(n_in, width, kernel, stride, groups))
            elif kind == "inverted":
                expansion = int(rng.choice([1, 3, 6]))
                layers.append(inverted(n_in, width, kernel, stride, expansion))
            else:
                layers.append(nn.Conv2d(n_in, width, kernel, stride, kernel // 2))
                layers.append(nn.ReLU())
            n_in, stride = width, 1
        if kind == "plain" and rng.random() < 0.5:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_in, 100)]
    return nn.Sequential(*layers), (1, 3, side, side)


class Block(nn.Module):
    """A transformer's layer, norms first."""

    def __init__(self, width: int, n_heads: int, ratio: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries, self.keys = nn.Linear(width, width), nn.Linear(width, width)
        self.values, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, ratio * width), nn.Linear(ratio * width, width)
        self.gelu = nn.GELU()

    def heads(self, x: Tensor) -> Tensor:
        """(B, heads, T, width / heads)."""
        return x.unflatten(2, (self.n_heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        attended = scaled_dot_product_attention(
            self.heads(self.queries(y)), self.heads(self.keys(y)), self.heads(self.values(y))
        )
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        out: Tensor = x + self.down(self.gelu(self.up(self.norm2(x))))
        return out


def transformer(rng: np.random.Generator) -> tuple[nn.Module, Shape]:
    """A transformer of one to six layers on a sequence of vectors."""
    n_heads = int(rng.choice([2, 4, 8]))
    width = n_heads * int(rng.choice([8, 16, 24, 32, 48]))
    length = int(rng.choice([16, 32, 64, 128, 256]))
    ratio = int(rng.choice([1, 2, 4]))
    blocks = [Block(width, n_heads, ratio) for _ in range(int(rng.integers(1, 7)))]
    layers = [nn.Linear(32, width), *blocks, nn.LayerNorm(width), nn.Linear(width, 100)]
    return nn.Sequential(*layers), (1, length, 32)


def networks(
    n_convolutional: int, n_transformers: int, seed: int
) -> list[tuple[str, nn.Module, Shape]]:
    """The networks in a random order, each with its kind."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    made = [("cnn", *convolutional(rng)) for _ in range(n_convolutional)]
    made += [("transformer", *transformer(rng)) for _ in range(n_transformers)]
    return [made[i] for i in rng.permutation(len(made))]
