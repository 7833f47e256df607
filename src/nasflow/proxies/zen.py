"""zen: how far the features move when Gaussian images move a little.

    log E |f(x) - f(x + 0.01 e)| + 1/2 sum over the normalisation layers of log mean variance

f are the feature maps before they are averaged, x and e standard Gaussian images; the second term
undoes the scaling by batch normalisation. Source: Lin et al. 2021 (Zen-NAS), algorithm 1. Weights
are standard Gaussian there; here they are the network's own, as in NAS-Bench-Suite-Zero.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, MeasureError, watched

STEP = 0.01
SEED = 0


def zen(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The Zen score; the images give the batch's shape alone.

    Raises:
        MeasureError: the features do not depend on the images.
    """
    generator = torch.Generator().manual_seed(SEED)
    x, e = (torch.randn(images.shape, generator=generator) for _ in range(2))
    log_scale = torch.zeros((), dtype=torch.float64)

    def add(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        variances = inputs[0].var((0, 2, 3), correction=0)  # (channels,)
        # a branch of zeros has none: without the clamp it would make the score -inf
        log_scale.add_(0.5 * variances.mean().double().clamp(min=1e-30).log())

    with torch.no_grad():
        # before anybody watches: only the second pass is to be counted
        moved = network.features(x + STEP * e)
        with watched(network, nn.BatchNorm2d, add, before=True):
            features = network.features(x)
    distance = (features - moved).abs().sum((1, 2, 3)).mean().double()
    if not distance > 0:
        raise MeasureError("the features do not depend on the images")
    return float(distance.log() + log_scale)


MEASURE = Measure("zen", "expressivity for Gaussian images", "Lin et al. 2021", "2 forward", zen)
