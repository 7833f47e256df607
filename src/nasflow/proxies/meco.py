"""meco: how different the channels of each layer's features are for a random image.

    sum over layers l of lambda_min(P_l),    P_l[c, d] = corr(channel c, channel d)

P_l is the Pearson correlation of the channels (over the pixels) of what convolution l gives for one
standard Gaussian image, lambda_min its smallest eigenvalue. Source: Jiang et al. 2023 (MeCo:
Zero-shot NAS with one data and single forward pass via minimum eigenvalue of correlation, NeurIPS),
equation 10.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, MeasureError, watched

SEED = 0


def meco(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The sum of the smallest eigenvalues; the images give the shape of the random one alone.

    Raises:
        MeasureError: no convolution of the network ran.
    """
    generator = torch.Generator().manual_seed(SEED)
    image = torch.randn(1, *images.shape[1:], generator=generator)
    smallest: list[Tensor] = []

    def look(_: nn.Module, __: tuple[Any, ...], output: Tensor) -> None:
        channels = output[0].flatten(1).double()  # (n_channels, n_pixels)
        channels = channels - channels.mean(1, keepdim=True)
        norms = torch.linalg.vector_norm(channels, dim=1, keepdim=True)
        # a channel of zeros correlates with nothing: 0, where its own quotient is NaN
        channels = channels / norms.clamp(min=1e-12)
        # the spectrum of a product does not hang on which side is multiplied; rounding goes below 0
        smallest.append(torch.linalg.eigvalsh(channels @ channels.T)[0].clamp(min=0))

    with watched(network, nn.Conv2d, look), torch.no_grad():
        network.features(image)
    if not smallest:
        raise MeasureError("no convolution of the network ran")
    return float(torch.stack(smallest).sum())


MEASURE = Measure(
    "meco",
    "smallest eigenvalues of the channels' correlations",
    "Jiang et al. 2023",
    "1 forward of one image",
    meco,
)
