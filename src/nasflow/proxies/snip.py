"""snip: how much the loss would change if single weights were cut off.

    sum over the weights of |w dL/dw|,    L the cross entropy of the batch

Source: Lee et al. 2019 (SNIP), equation 6, summed over the network by Abdelfattah et al. 2021.
"""

from __future__ import annotations

from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, weights_with_gradients


def snip(network: Network, images: Tensor, labels: Tensor) -> float:
    """The sum of the connection sensitivities."""
    layers = weights_with_gradients(network, images, labels)
    return float(sum((weight * grad).abs().sum() for weight, grad in layers))


MEASURE = Measure("snip", "sum of |w dL/dw|", "Lee et al. 2019", "1 forward, 1 backward", snip)
