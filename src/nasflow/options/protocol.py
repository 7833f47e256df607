"""The options of the evaluation protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nasflow.options.base import Options

Group = Literal["none", "isomorphism"]
PretrainOn = Literal["all", "training-half"]


@dataclass(frozen=True)
class ProtocolConfig(Options):
    """The evaluation protocol (section 6 of the method)."""

    ratio: float = 0.01
    """Share of the training half whose labels are used."""
    n_validation: int = 40
    """Architectures taken from the test half to choose the epoch: labels that the ratio does not
    count.
    """
    group: Group = "none"
    """isomorphism keeps architectures that compute the same on one side of each split; none splits
    by rows.
    """
    splits: tuple[int, ...] = (21, 2021, 202121)
    """One split of the table into halves for each of these seeds."""
    seeds: tuple[int, ...] = (21, 2021, 202121)
    """Each split is run once for each of these seeds of the model."""
    pretrain_on: PretrainOn = "all"
    """Pre-train on all architectures, or on the training half of each split alone."""
    pretrain_share: float = 1.0
    """Share of these architectures that are pre-trained on."""
    test_metric: str | None = None
    """Another metric that the test rows are ranked by, which no training sees; the default is the
    one trained on.
    """

    def __post_init__(self) -> None:
        for name in ("splits", "seeds"):
            values = getattr(self, name)
            if not isinstance(values, Iterable):
                raise self._wrong(name, values, "a list of whole numbers")
            values = tuple(values)
            object.__setattr__(self, name, values)
            if (
                not values
                or len(set(values)) != len(values)
                or not all(
                    isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**32
                    for v in values
                )
            ):
                raise self._wrong(
                    name, values, "different whole numbers from 0 to 4294967295, at least one"
                )
        self._number("ratio", 0, 1, open_low=True)
        self._number("pretrain_share", 0, 1, open_low=True)
        self._choice("group")
        self._choice("pretrain_on")
        if (
            isinstance(self.n_validation, bool)
            or not isinstance(self.n_validation, int)
            or self.n_validation < 0
        ):
            raise self._wrong("n_validation", self.n_validation, "a whole number of at least 0")
