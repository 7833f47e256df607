"""jacob_cov: how differently the network reacts to different images.

    - sum over i of log(v_i + e) + 1 / (v_i + e),    e = 1e-5

v are the eigenvalues of the correlation matrix (B, B) of the rows of J, J[b] the gradient of the
sum of all outputs with respect to image b. Source: Mellor et al. 2020 (Neural architecture search
without training, first version, equation 3); the paper's auxiliary target.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, MeasureError

EPSILON = 1e-5


def jacob_cov(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The score of the spectrum of the Jacobians' correlations.

    Raises:
        MeasureError: an image that no output depends on: its correlations do not exist.
    """
    images = images.detach().clone().requires_grad_()
    (jacobian,) = torch.autograd.grad(network(images).sum(), images)
    rows = jacobian.flatten(1).double()
    rows = rows - rows.mean(1, keepdim=True)
    norms = torch.linalg.vector_norm(rows, dim=1)
    if not torch.isfinite(norms).all() or not norms.all():
        raise MeasureError("the outputs do not depend on the images, or not smoothly")
    rows = rows / norms.unsqueeze(1)
    # symmetric, so its eigenvalues are real; those that rounding made negative are 0
    shifted = torch.linalg.eigvalsh(rows @ rows.T).clamp(min=0) + EPSILON
    return -float((shifted.log() + 1 / shifted).sum())


MEASURE = Measure(
    "jacob_cov",
    "spectrum of the correlations of the Jacobians",
    "Mellor et al. 2020",
    "1 forward, 1 backward",
    jacob_cov,
)
