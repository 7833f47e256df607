"""expressivity: AZ-NAS's score of how evenly features fill their dimensions.

    sum over layers of e_l    (`nasflow.proxies.feature_entropy`)

Source: Lee and Ham 2024 (AZ-NAS, CVPR), equation 3.
"""

from __future__ import annotations

from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure
from nasflow.proxies.feature_entropy import entropies


def expressivity(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The sum of the layers' entropies."""
    return float(entropies(network, images).sum())


MEASURE = Measure(
    "expressivity",
    "entropy of the features' principal components",
    "Lee and Ham 2024",
    "1 forward",
    expressivity,
)
