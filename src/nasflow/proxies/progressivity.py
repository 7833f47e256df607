"""progressivity: AZ-NAS's score of how features gain dimensions from layer to layer.

    min over layers l > 1 of e_l - e_(l-1)    (`nasflow.proxies.feature_entropy`)

Source: Lee and Ham 2024 (AZ-NAS, CVPR), equation 4.
"""

from __future__ import annotations

from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, MeasureError
from nasflow.proxies.feature_entropy import entropies


def progressivity(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The least gain of entropy.

    Raises:
        MeasureError: a single layer, which gains on none.
    """
    found = entropies(network, images)
    if len(found) < 2:
        raise MeasureError(
            "a single normalisation layer ran: there is no gain from one to the next"
        )
    return float(found.diff().min())


MEASURE = Measure(
    "progressivity",
    "least gain of feature entropy from layer to layer",
    "Lee and Ham 2024",
    "1 forward",
    progressivity,
)
