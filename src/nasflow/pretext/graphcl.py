"""graphcl: tell the two views of one architecture from those of others.

GraphCL (You et al. 2020), equation 3:

    z, z' = normalised projection(encoder(view of G)), twice, each view altered at random (views.py)
    l_n   = -log( exp(z_n z'_n / T) / sum over m != n of exp(z_n z'_m / T) )
    loss  = mean of l_n / log B

T is the temperature; B the graphs of the batch. As published, the positive pair is not in the
denominator. Equal views give log(B - 1), so the division lets the loss begin at about 1, as the
flow's does: weights compare. A batch of one architecture has nothing to tell apart: its loss is 0.

Views: operations hidden, nodes dropped, edges moved, or a connected part; one of the four for each
graph, as in the authors' `random4`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from nasflow.options.base import Options
from nasflow.pretext.base import Pretext, PretextSetting, Step, decoder
from nasflow.pretext.views import random_view


@dataclass(frozen=True)
class GraphCLConfig(Options):
    """The options of graphcl."""

    view_share: float = 0.2
    """Share of nodes or edges that each view alters."""
    temperature: float = 0.2
    """What similarities of views are divided by."""

    def __post_init__(self) -> None:
        self._number("view_share", 0, 1, open_low=True)
        self._number("temperature", 0, open_low=True)


class GraphCL(Pretext):
    """Bring two altered copies of an architecture together, and keep those of others away."""

    Config = GraphCLConfig
    options: GraphCLConfig

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        self.projection = decoder(
            setting.encoder.width, setting.config, setting.config.decoder_width
        )

    def loss(self, step: Step, targets: Tensor) -> Tensor:  # noqa: ARG002
        """The contrastive loss of two random views of the batch."""
        one, other = self._projected_view(step), self._projected_view(step)
        return contrast(one, other, self.options.temperature)

    def _projected_view(self, step: Step) -> Tensor:
        """(B, decoder_width): unit vectors of a view that is drawn here."""
        view = random_view(step.batch, self.options.view_share)
        return normalize(self.projection(step.encoder(view)), dim=1)


def contrast(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """The loss of this module's first page, of unit vectors (B, d) of either view."""
    n = len(one)
    if n < 2:
        return 0.0 * one.sum()  # with a gradient, as the loop over batches expects of any loss
    similarity = one @ other.t() / temperature  # (B, B)
    apart = similarity.masked_fill(torch.eye(n, dtype=torch.bool, device=one.device), -math.inf)
    return (apart.logsumexp(dim=1) - similarity.diagonal()).mean() / math.log(n)
