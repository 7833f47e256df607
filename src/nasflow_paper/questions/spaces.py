"""The spaces that the questions are asked on: those of the reproductions, and one more whose
topology never changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from nasflow.experiments.settings import SETTINGS, Setting

SPACES: Mapping[str, Setting] = {
    **SETTINGS,
    "nasbench-macro": Setting(
        "nasbench-macro",
        "nasbench-macro",
        "NAS-Bench-Macro",
        "test_acc_mean",
        "CIFAR-10 test accuracy, mean of three runs; the paper does not use this space",
    ),
}
