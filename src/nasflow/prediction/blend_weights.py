"""How much each member of a blend has to say, learnt from what it predicts of unseen labels.

A graph network costs minutes, so that what it would have said without a row's label comes from few
folds: from networks that have seen a fifth less than the one that will predict. That underrates it,
most where labels are few. So networks stand against all others together, half and half unless the
labels say otherwise clearly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasflow.prediction.members.base import FloatArray

GRAPH_SHARE = 0.5
GRAPH_RIDGE = 30.0
DETERMINED = 0.15
"""A member that leaves less of the scores' variance open knows what labels consist of: `additive`
less than a tenth of latencies of networks, a sixth and more of what is no sum."""
_ROUNDS = 6  # of reweighting the rows: weights settle in three or four
_LEAST_ERROR = 1e-8  # squared, in scores: members that are exact still have equal weights
_SUM_OF_WEIGHTS = 1e4  # how much the least squares mind a sum that is not 1


def blend_weights(
    predictions: FloatArray,
    scores: FloatArray,
    ridge: float,
    is_network: Sequence[bool],
    *,
    of_costs: bool = False,
) -> FloatArray:
    """(n_members,): at least 0, sum 1.

    Args:
        predictions: (n_members, n) what each member said of rows whose label it had not seen.
        scores: (n,) their labels.
        ridge: how strongly members of a kind are drawn to equal weights, in squared scores.
        is_network: (n_members,) which of them are graph networks.
        of_costs: whether labels may be sums of what nodes with numbers cost.
    """
    graph = np.array(is_network)
    weights = np.zeros(len(predictions))
    # who says the same of every row has nothing to say
    says = np.ptp(predictions, axis=1) > 0
    if not says.any():
        says[:] = True
    kinds = [which for which in (~graph & says, graph & says) if which.any()]
    for which in kinds:
        is_clear = of_costs and left_open(predictions[which], scores).min() < DETERMINED
        weigh = clear_weights if is_clear else weights_of
        weights[which] = weigh(predictions[which], scores, ridge)
    if len(kinds) == 1:
        return weights
    each = np.stack([weights[which] @ predictions[which] for which in kinds])
    prior = np.array([1 - GRAPH_SHARE, GRAPH_SHARE])
    for which, share in zip(kinds, weights_of(each, scores, GRAPH_RIDGE, prior), strict=True):
        weights[which] *= share
    return weights


def left_open(predictions: FloatArray, scores: FloatArray) -> FloatArray:
    """(...,): the variance of the middle half of the misses of predictions (..., n).

    Scores have variance 1. A few rows that are far off do not count.
    """
    deviation: FloatArray = 1.48 * np.median(np.abs(predictions - scores), axis=-1)
    return deviation**2


def clear_weights(predictions: FloatArray, scores: FloatArray, ridge: float) -> FloatArray:
    """(n_members,): at least 0, sum 1, for members of which some may be far nearer than others.

    Costs are nearly determined by the sizes that nodes carry, and a member that knows how may be
    off by a tenth of what others are: so the ridge is in units of what the best one leaves open.
    And of few rows a single one that all are far from would decide, though it says nothing on who
    is near the others: rows count less the farther they are off, as under Cauchy's distribution.

    Args:
        predictions, scores: as in `blend_weights`.
        ridge: how strongly members are drawn to equal weights, in units of the least mean squared
            error of a member.
    """
    importance = np.ones(len(scores))
    for _ in range(_ROUNDS):
        squared = importance * (predictions - scores) ** 2
        root = np.sqrt(importance)
        unit = max(float(squared.mean(axis=1).min()), _LEAST_ERROR)
        weights = weights_of(predictions * root, scores * root, ridge * unit)
        blended = weights @ predictions
        variance = max(float(left_open(blended, scores)), _LEAST_ERROR)
        importance = 1 / (1 + (blended - scores) ** 2 / (4 * variance))
    return weights


def weights_of(
    predictions: FloatArray, scores: FloatArray, ridge: float, prior: FloatArray | None = None
) -> FloatArray:
    """(n_members,): the mixture nearest to the scores, and to the prior; at least 0, sum 1.

    Args:
        predictions: (n_members, n) what each member said of rows whose label it had not seen.
        scores: (n,) their labels.
        ridge: the weight of squared distances from the prior.
        prior: (n_members,) weights without any label; equal ones by default.
    """
    # here: it takes a tenth of a second to import, and is for fitting alone
    from scipy.optimize import nnls

    n_members = len(predictions)
    if prior is None:
        prior = np.full(n_members, 1 / n_members)
    # three kinds of equations: the scores, the prior, and the sum
    rows = np.vstack(
        [
            predictions.T,
            np.sqrt(ridge) * np.eye(n_members),
            np.full((1, n_members), _SUM_OF_WEIGHTS),
        ]
    )
    aims = np.concatenate([scores, np.sqrt(ridge) * prior, [_SUM_OF_WEIGHTS]])
    weights, _ = nnls(rows, aims)
    normalised: FloatArray = weights / weights.sum()
    return normalised
