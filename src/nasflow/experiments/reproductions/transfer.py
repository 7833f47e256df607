"""transfer: labels of one task rank the architectures of another (in place of the paper's table 7)."""

from __future__ import annotations

from nasflow.experiments.reproductions.base import Page, ReproduceOptions
from nasflow.experiments.reproductions.comparison import Comparison, compare
from nasflow.experiments.reproductions.variants import FGP, FLOW, GMAE, NONE, ZC_PROXY, with_options

TARGETS = ("class_object", "room_layout", "segmentsemantic", "jigsaw")
RATIO = 0.025
"""51 labels, about the 50 that the paper trains on."""


def transfer(options: ReproduceOptions) -> Page:
    """The page."""
    done = ("The predictor is fine-tuned, and its epoch chosen, on labels of scene classification (`class_scene`); "
            "the test rows are ranked by another task, whose labels nothing saw. The paper's table 7 does so with 100 "
            "networks of NAS-Bench-101 from TinyImageNet to DTD and OxfordPet; they are not public, so "
            "TransNAS-Bench-101's tasks serve instead, and there are no numbers of the paper to compare with. The "
            "paper's question is kept: does the gain of pre-training survive the change of the task?")
    methods = (NONE, GMAE, ZC_PROXY, FLOW, FGP)
    groups = ("class_scene", *TARGETS)
    variants = [variant for task in groups for variant in with_options(methods, f"class_scene to {task}", {
        "ratio": RATIO, **({} if task == "class_scene" else {"test_metric": task})})]
    pairs = [("FGP", "none"), ("FGP w/o proxy", "none"), ("GMAE", "none"), ("ZC-Proxy", "none")]
    return compare(options, Comparison("Transfer between tasks", done, variants, ("transnas",), pairs=pairs))
