"""Which measure of data sets goes with the gains of pre-training on them.

Rank correlation over the data sets, and the mean gain of the half where the measure is larger
against that of the other, both with p values by permutation: there are too few data sets for a
formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow_paper.questions.explained import Explained
from nasflow_paper.questions.flow_gain import FlowGain

FloatArray = npt.NDArray[np.float64]

N_PERMUTATIONS = 10_000
LEAST = 4
"""Data sets; with fewer no order is telling."""
WELL_MEASURED = 6
"""Runs from which on a gain counts as measured well."""
MEASURES = {
    "beyond": "the share explained beyond counts",
    "counts": "the share that counts explain by themselves",
    "beyond_wiring": "the share explained beyond the floor's features",
    "few_gain": "what it adds to a Gaussian process on few labels",
}
"""Attributes of `Explained`, and what they are called on the page."""

_AGREEMENT = (
    "* {n} data sets{which}: Spearman between {measure} and the gain of pre-training"
    " {spearman:+.2f} (p = {p:.2f}); mean gain {upper:+.1f} in the upper half, {lower:+.1f} in the"
    " lower (p = {p_halves:.2f}; both by permutation)."
)
_TELLING = (
    "* What tells best where pre-training pays is {measure}. Of {n_tests} tests {n_small} {have}"
    " p < 0.05; by chance {by_chance:.1f} would."
)


@dataclass(frozen=True)
class Agreement:
    """How a measure of data sets goes with the gains of pre-training on them."""

    n: int
    """Number of data sets."""
    spearman: float
    p: float
    """Two-sided, by permutation."""
    upper: float
    lower: float
    """Mean gain of the half where the measure is larger, and of the other."""
    p_halves: float
    """Two-sided, of their difference, by permutation."""


def agreement(values: FloatArray, gains: FloatArray) -> Agreement:
    """How a measure (n,) of some data sets goes with the gains (n,) of pre-training on them."""
    is_upper = np.argsort(np.argsort(values)) >= len(values) // 2
    # times gains: the difference of the halves' means
    sides = np.where(is_upper, 1 / is_upper.sum(), -1 / (~is_upper).sum())
    # scaled so that their product is the rank correlation
    value_ranks, gain_ranks = (
        scipy.stats.zscore(scipy.stats.rankdata(x)) / np.sqrt(len(x)) for x in (values, gains)
    )
    rng = np.random.default_rng(0)
    return Agreement(
        n=len(values),
        spearman=float(value_ranks @ gain_ranks),
        p=_p_by_permutation(value_ranks, gain_ranks, rng),
        upper=float(gains[is_upper].mean()),
        lower=float(gains[~is_upper].mean()),
        p_halves=_p_by_permutation(sides, gains, rng),
    )


def _p_by_permutation(weights: FloatArray, values: FloatArray, rng: np.random.Generator) -> float:
    """How often |weights @ values| is as large with the values shuffled, themselves included."""
    shuffled = rng.permuted(np.tile(values, (N_PERMUTATIONS, 1)), axis=1)  # (N_PERMUTATIONS, n)
    # but for rounding: other orders can have the very same sum
    as_large = np.abs(shuffled @ weights) >= abs(float(values @ weights)) - 1e-12
    return float((1 + as_large.sum()) / (1 + N_PERMUTATIONS))


def agreements_in_words(
    measured: Mapping[str, Explained], gains: Mapping[str, FlowGain]
) -> list[str]:
    """A line for each measure on the data sets with a gain, and on those with a sure one.

    Then one more on which of them tells best where pre-training pays. Too few data sets give none.
    """
    sources = [source for source in measured if source in gains]
    well = [source for source in sources if gains[source].n_runs >= WELL_MEASURED]
    groups = {"": sources}
    if len(well) < len(measured):
        groups[" measured over six runs or more"] = well
    agreements: dict[str, Agreement] = {}
    lines = []
    for which, group in groups.items():
        if len(group) >= LEAST:
            for name, measure in MEASURES.items():
                values = np.array([getattr(measured[source], name) for source in group])
                a = agreement(values, np.array([gains[source].gain for source in group]))
                agreements[measure + which] = a
                lines.append(_AGREEMENT.format(which=which, measure=measure, **vars(a)))
    return [*lines, _most_telling(agreements)] if agreements else []


def _most_telling(agreements: Mapping[str, Agreement]) -> str:
    tests = {measure: (a.p, a.p_halves) for measure, a in agreements.items()}
    n_small = sum(p < 0.05 for both in tests.values() for p in both)
    return _TELLING.format(
        measure=min(tests, key=lambda measure: min(tests[measure])),
        n_tests=2 * len(tests),
        n_small=n_small,
        have="has" if n_small == 1 else "have",
        by_chance=2 * len(tests) * 0.05,
    )
