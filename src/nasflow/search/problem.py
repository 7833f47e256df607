"""`Problem`: what is sought in which space, and how two objectives become one number.

The first objective is what a training returns; the second, if there is one, is a known quantity.
With two, each proposal is made for another weighting of them, drawn at random, so that all parts of
the Pareto front are looked for (ParEGO: Knowles 2006, "ParEGO: a hybrid algorithm with on-line
landscape approximation", equation 2). Strategies with a Gaussian process look at both instead
(`nasflow.search.two_objectives`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError
from nasflow.graphs.table import ArchTable
from nasflow.search.known import Constraint, FloatArray, Known
from nasflow.spaces.base import Space

_RHO = 0.05  # Knowles 2006: how much the weighted sum counts beside the worst weighted objective
_N_WEIGHTS = 10  # Knowles 2006: weights are multiples of 1/10


@dataclass(frozen=True, eq=False)
class Problem:
    """A space with objectives and constraints.

    Args:
        space: where to search.
        maximise: whether more of what a training returns is better.
        second: a known quantity to optimise as well.
        constraints: conditions on known quantities; what does not meet them is never proposed.
        known: the known quantities.
        second_maximise: whether more of the second objective is better; by default as `known` says,
            which is less of a function. Without a second objective it is False.

    Raises:
        UnknownNameError: a quantity that there is not.
        ConfigError: a direction without a second objective.
    """

    space: Space
    maximise: bool = True
    second: str | None = None
    constraints: tuple[Constraint, ...] = ()
    known: Known = field(default_factory=Known)
    second_maximise: bool = cast(bool, None)  # a bool from `__post_init__` on

    def __post_init__(self) -> None:
        if self.second is None and self.second_maximise:
            raise ConfigError("second_maximise is a direction of `second`, which is not given")
        if self.second is not None:
            self.known.require(self.second)
        if cast("bool | None", self.second_maximise) is None:
            object.__setattr__(self, "second_maximise", self._second_maximise_by_default)
        for constraint in self.constraints:
            self.known.require(constraint.quantity)

    @property
    def conditions(self) -> tuple[Constraint, ...]:
        """What a proposal must meet: the constraints, and that its second objective is known."""
        if self.second is None:
            return self.constraints
        # a NaN, which stands for not known, is above nothing
        return (*self.constraints, Constraint(self.second, ">", -math.inf))

    @property
    def _second_maximise_by_default(self) -> bool:
        """Whether more of the second objective is better, where the user does not say."""
        return self.second is not None and self.known.maximise(self.second)

    def describe(self) -> dict[str, Any]:
        """What must be the same for a study to go on, as JSON values.

        Its `space description` only explains a fingerprint that differs.
        """
        description: dict[str, Any] = {
            "space": self.space.name,
            "space fingerprint": fingerprint(self.space),
            "space description": described(self.space),
            "maximise": self.maximise,
            "second objective": self.second,
            "constraints": [str(constraint) for constraint in self.constraints],
        }
        if self.second is not None:
            description["second_maximise"] = self.second_maximise
        return description

    def utility(
        self, values: Sequence[float], seconds: Sequence[float], rng: np.random.Generator
    ) -> FloatArray:
        """(n,) float64: one number for each result, more is better.

        Args:
            values: what the trainings returned.
            seconds: the second objective of the same architectures; not looked at where there is
                none.
            rng: draws the weighting of two objectives.
        """
        first = _gains(values, self.maximise)
        if self.second is None or not len(first):
            return first
        second = self.gains(values, seconds)[:, 1]
        weight = rng.integers(_N_WEIGHTS + 1) / _N_WEIGHTS
        costs = np.stack([weight * _cost(first), (1 - weight) * _cost(second)])  # (2, n)
        utility: FloatArray = -(costs.max(axis=0) + _RHO * costs.sum(axis=0))  # (n,)
        return utility

    def gains(self, values: Sequence[float], seconds: Sequence[float]) -> FloatArray:
        """(n, 2): both objectives of results, more is better."""
        first = _gains(values, self.maximise)
        return np.stack([first, _gains(seconds, self.second_maximise)], axis=1)

    def second_gains(self, table: ArchTable) -> FloatArray:
        """(N,): the second objective, which there must be, of elements; more is better."""
        assert self.second is not None
        return _gains(self.known.values(self.second, table).tolist(), self.second_maximise)

    def front(self, values: Sequence[float], seconds: Sequence[float]) -> npt.NDArray[np.bool_]:
        """(n,) bool: which results are on the Pareto front; with one objective, the best."""
        first = _gains(values, self.maximise)
        if self.second is None:
            best: npt.NDArray[np.bool_] = first == first.max(initial=-np.inf)
            return best
        return pareto(self.gains(values, seconds))


def pareto(points: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,) bool: which of the points (n, 2) are on the Pareto front.

    More is better: no other point is as good in both columns and better in one. Sorted by the first
    column, a point is on the front if it is the first to reach its second value.
    """
    on_front = np.zeros(len(points), bool)
    best = -np.inf  # in the second column, among all that are better in the first
    order = np.lexsort((-points[:, 1], -points[:, 0]))
    for i in order:
        on_front[i] = points[i, 1] > best
        best = max(best, points[i, 1])
    # of equal points the loop takes the first: they stand and fall together
    front = {tuple(point) for point in points[on_front].tolist()}
    return np.array([tuple(point) in front for point in points.tolist()], bool)


def described(space: Space) -> dict[str, Any]:
    """What a user would change of a space: the lines of its description, or its operations."""
    lines = getattr(space, "description", None)
    return dict(lines) if isinstance(lines, Mapping) else {"ops": list(space.ops)}


def fingerprint(space: Space) -> str:
    """16 hexadecimal digits that change with a space's operations or with the elements it draws."""
    rng = np.random.default_rng(0)
    samples = [space.format(space.sample(rng)) for _ in range(5)]
    text = "\n".join([space.name, *space.ops, *samples])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _gains(values: Sequence[float], maximise: bool) -> FloatArray:
    """Values with the sign that makes more better."""
    return np.array(values, np.float64) * (1 if maximise else -1)


def _cost(values: FloatArray) -> FloatArray:
    """Values, more is better, as costs from 0 (the best) to 1 (the worst)."""
    spread = float(np.ptp(values))
    costs: FloatArray = (values.max() - values) / (spread if spread > 0 else 1.0)
    return costs
