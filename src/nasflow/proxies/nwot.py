"""nwot: how differently the ReLUs switch for different images.

    log |det K|,    K[a, b] = the number of ReLU units that are on for both images or off for both

Source: Mellor et al. 2021 (Neural architecture search without training, ICML), equation 2.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, MeasureError, watched


def nwot(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The log-determinant of the ReLU patterns' agreement; -inf if two images have equal ones.

    Raises:
        MeasureError: the network has no ReLU.
    """
    agreement = torch.zeros(len(images), len(images), dtype=torch.float64)

    def count(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        # +1 on, -1 off: (n_equal - n_different + n_units) / 2 = n_equal
        signs = torch.where(inputs[0].detach().flatten(1) > 0, 1.0, -1.0)
        agreement.add_((signs @ signs.T + signs.shape[1]).double() / 2)

    with watched(network, (nn.ReLU, nn.ReLU6), count, before=True), torch.no_grad():
        network(images)
    if not agreement.any():
        raise MeasureError("no ReLU of the network ran")
    return float(torch.linalg.slogdet(agreement)[1])


MEASURE = Measure(
    "nwot",
    "log-determinant of the agreement of the ReLU patterns",
    "Mellor et al. 2021",
    "1 forward",
    nwot,
)
