"""Small networks whose measures can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from torch import Tensor, nn

from nasflow.networks.base import Network


class Chain(Network):
    """Layers one after the other, then the mean over the image and the classifier."""

    reduction: ClassVar[int] = 1

    def __init__(self, *layers: nn.Module, n_features: int, n_classes: int = 3) -> None:
        super().__init__(2, n_features, n_classes)
        self.layers = nn.Sequential(*layers)

    def features(self, images: Tensor) -> Tensor:
        return cast(Tensor, self.layers(images))


def convolutions(widths: Sequence[int], normalised: bool = False, relu: bool = True) -> Chain:
    """3x3 convolutions of these widths, from 2 channels on."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip([2, *widths], widths, strict=False):
        layers.append(nn.Conv2d(n_in, n_out, 3, padding=1, bias=False))
        layers += [nn.BatchNorm2d(n_out)] if normalised else []
        layers += [nn.ReLU()] if relu else []
    return Chain(*layers, n_features=widths[-1])
