"""The spaces that the questions are asked on: those of the reproductions, and two whose topology never changes."""

from __future__ import annotations

from collections.abc import Mapping

from nasflow.experiments.reproductions.settings import SETTINGS, Setting

SPACES: Mapping[str, Setting] = {
    **SETTINGS,
    "transnas-micro": Setting("transnas-micro", "TransNAS-Bench-101 micro", "class_scene",
                              "scene classification; the paper does not use this space"),
    "nasbench-macro": Setting("nasbench-macro", "NAS-Bench-Macro", "test_acc_mean",
                              "CIFAR-10 test accuracy, mean of three runs; the paper does not use this space"),
}
