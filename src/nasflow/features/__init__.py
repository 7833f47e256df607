"""Hand-made features of architectures: numbers that need no learning, for any model.

    group        what a row's numbers are                                      relabelling
    paths        shortest and longest way through subsets of the operations    changes nothing
    counts       operations, and edges between each pair of them               changes nothing
    one-hot      the operation at each node, a bit for each pair of nodes      changes them
    wl           neighbourhoods (Weisfeiler-Leman), hashed                     changes nothing
    flow         the flow surrogate                                            changes nothing
    proxies      zero-cost columns, as ranks among a reference                 -
    totals       numbers of the graph, and sums of those of its nodes          changes nothing
    sums         sums of numbers over the nodes of each operation              changes nothing
    log-totals, log-sums    both in logarithms                                 changes nothing
    values       numbers of each operation's nodes: mean, largest, last ...    changes nothing

`to_features` gives an array and the names of its columns. Architectures are seen as they compute:
pruned of what is on no path from input to output, `none` being no connection. A row's numbers
depend on that row alone, whatever table it stands in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.running.exports import exports

if TYPE_CHECKING:
    from nasflow.features.base import FeatureGroup as FeatureGroup
    from nasflow.features.base import FeatureSetting as FeatureSetting
    from nasflow.features.base import Seen as Seen
    from nasflow.features.make import Features as Features
    from nasflow.features.make import to_features as to_features
    from nasflow.features.registry import FEATURES as FEATURES
    from nasflow.features.registry import feature_names as feature_names

__getattr__, __dir__, __all__ = exports(
    __name__,
    base=["FeatureGroup", "FeatureSetting", "Seen"],
    make=["Features", "to_features"],
    registry=["FEATURES", "feature_names"],
)
