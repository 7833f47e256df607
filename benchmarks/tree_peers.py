"""Models of other packages that a blend is measured beside, each on a group of our features."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any


def forest() -> Any:
    """scikit-learn's random forest, as it is by default."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(random_state=0)


def boosted() -> Any:
    """XGBoost as it is by default; None where it is not installed."""
    if importlib.util.find_spec("xgboost") is None:
        return None
    import xgboost

    return xgboost.XGBRegressor(n_jobs=1, random_state=0)


PEERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "random forest (scikit-learn) on one-hot": ("one-hot", forest),
    "XGBoost on paths": ("paths", boosted),
}
"""By name: the group of features, and what makes a model."""
