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
_SUM_OF_WEIGHTS = 1e4  # how much the least squares mind a sum that is not 1


def blend_weights(
    predictions: FloatArray, scores: FloatArray, ridge: float, is_network: Sequence[bool]
) -> FloatArray:
    """(n_members,): at least 0, sum 1.

    Args:
        predictions: (n_members, n) what each member said of rows whose label it had not seen.
        scores: (n,) their labels.
        ridge: how strongly members of a kind are drawn to equal weights, in squared scores.
        is_network: (n_members,) which of them are graph networks.
    """
    graph = np.array(is_network)
    weights = np.zeros(len(predictions))
    kinds = [which for which in (~graph, graph) if which.any()]
    for which in kinds:
        weights[which] = weights_of(predictions[which], scores, ridge)
    if len(kinds) == 1:
        return weights
    each = np.stack([weights[which] @ predictions[which] for which in kinds])
    prior = np.array([1 - GRAPH_SHARE, GRAPH_SHARE])
    for which, share in zip(kinds, weights_of(each, scores, GRAPH_RIDGE, prior), strict=True):
        weights[which] *= share
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
