"""plain: as snip, with the signs left in.

    sum over the weights of w dL/dw,    L the cross entropy of the batch

Source: Abdelfattah et al. 2021, after Mozer and Smolensky 1988 (skeletonisation). In a network
whose convolutions are followed by batch normalisation their terms nearly vanish, since the loss
does not depend on the weights' scale.
"""

from __future__ import annotations

from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, weights_with_gradients


def plain(network: Network, images: Tensor, labels: Tensor) -> float:
    """The sum of the signed connection sensitivities."""
    layers = weights_with_gradients(network, images, labels)
    return float(sum((weight * grad).sum() for weight, grad in layers))


MEASURE = Measure(
    "plain", "sum of w dL/dw", "Abdelfattah et al. 2021", "1 forward, 1 backward", plain
)
