"""n_layers: how many convolutions and linear layers have weights that train.

Where networks are as wide as each other, a count of this kind ranks them nearly as well as most
measures (Ning et al. 2021, Evaluating efficient performance estimators of neural architectures,
NeurIPS, section 5).
"""

from __future__ import annotations

from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, weights


def n_layers(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The number of layers."""
    return float(sum(weight.requires_grad for weight in weights(network)))


MEASURE = Measure(
    "n_layers", "number of layers with weights", "Ning et al. 2021", "nothing", n_layers
)
