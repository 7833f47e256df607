"""What AZ-NAS asks of features: how evenly they fill their dimensions, layer by layer.

    e_l = - sum over c of q_c log q_c,    q = the eigenvalues of the channels' covariance, sum 1

The covariance is over the images and pixels of what normalisation layer l gives for the batch. The
authors look at the last features of each block; here at those of each normalised layer, which every
network has. Source: Lee and Ham 2024 (AZ-NAS: Assembling zero-cost proxies for network architecture
search, CVPR), equations 1 to 4.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nasflow.networks.base import Network
from nasflow.proxies.base import MeasureError, watched


def entropies(network: Network, images: Tensor) -> Tensor:
    """(n_layers,) float64: the entropy of each normalised layer's features, as they are computed.

    Raises:
        MeasureError: the network has no normalisation layer.
    """
    found: list[Tensor] = []

    def look(_: nn.Module, __: tuple[Any, ...], output: Tensor) -> None:
        rows = output.detach().transpose(0, 1).flatten(1).double()  # (n_channels, B n_pixels)
        rows = rows - rows.mean(1, keepdim=True)
        # rounding may leave a little less than nothing
        eigenvalues = torch.linalg.eigvalsh(rows @ rows.T).clamp(min=0)
        shares = eigenvalues / eigenvalues.sum().clamp(min=1e-30)
        found.append(torch.special.entr(shares).sum())

    with watched(network, nn.BatchNorm2d, look), torch.no_grad():
        network(images)
    if not found:
        raise MeasureError("no normalisation layer of the network ran")
    return torch.stack(found)
