"""Repeats in users' tables: which of them tell something, and whether all have one scale."""

from __future__ import annotations

import re

import numpy as np

from nasflow.datasets.base import FloatArray, Metric

# fractions beside percentages are 100 times apart; a sweep down to chance level has values between
_GAP = 10.0
_BOUNDED = re.compile(r"acc|err|top.?[15]\b|f1\b|auc", re.IGNORECASE)


def without_copies(values: FloatArray, *, equal: bool) -> FloatArray:
    """A column of repeats as (N,), where no row has more than one value; otherwise as it is.

    Args:
        values: (N,), or (N, n_repeats) with NaN where a row has fewer.
        equal: whether equal values count as one: those of what needs no training say nothing new.
    """
    if values.ndim == 1:
        return values
    measured = ~np.isnan(values)  # (N, n_repeats)
    first: FloatArray = values[
        np.arange(len(values)), measured.argmax(axis=1)
    ]  # NaN where nothing is
    if (measured.sum(axis=1) <= 1).all():
        return first
    if equal and ((values == first[:, None]) | ~measured).all():
        return first
    return values


def mixed_scales(metric: Metric, values: FloatArray) -> str | None:
    """What to say of a metric with fractions beside percentages, such as 0.94 and 94; or None."""
    if metric.unit != "%" and (metric.unit or not _BOUNDED.search(metric.name)):
        return None
    measured = values[~np.isnan(values)]
    small = measured[(measured > 0) & (measured <= 1)]
    large = measured[measured > 1]
    if not len(small) or not len(large) or measured.min() < 0 or measured.max() > 100:
        return None
    if large.min() < _GAP * small.max():
        return None
    return (
        f"{metric.name} has values of 0 to 1 and of 1 to 100, such as {small.max():g} and"
        f" {large.min():g}: fractions beside percentages?"
    )
