"""`PretrainHistory`: what happened in a pre-training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Proxies = Mapping[str, npt.NDArray[np.float64]]
"""(N,) columns that need no training, by name."""


@dataclass
class PretrainHistory:
    """What happened, one entry per epoch."""

    loss: list[float] = field(default_factory=list)
    """Mean total loss."""
    tasks: dict[str, list[float]] = field(default_factory=dict)
    """Mean loss of each task, before its weight."""
    seconds: list[float] = field(default_factory=list)
    """Wall-clock seconds."""
