"""The spaces that the reproductions measure on: which label, and which options for a method and an
encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nasflow.datasets import Dataset, open_dataset
from nasflow.experiments.defaults import default_options, encoder_options
from nasflow.experiments.stages import Stages
from nasflow.experiments.tuned import tuned_options


@dataclass(frozen=True)
class Setting:
    """A space as the reproductions use it."""

    space: str
    """Its name on the command line, and of the file with what was tuned on it."""
    source: str
    """What `open_dataset` takes."""
    title: str
    """What it is called on a page."""
    metric: str
    """The label."""
    differs: str
    """What of data and label differs from the paper's."""

    def dataset(self) -> Dataset:
        """The table with its metrics.

        Raises:
            MissingDataError: its files are not there; the message says how to get them.
        """
        return open_dataset(self.source)

    def stages(
        self, method: str = "none", encoder: str = "resgatedgcn", *, tuned: bool = True
    ) -> Stages:
        """The options of all stages for a method: the space's, then the encoder's, then what was
        tuned if it is wanted.

        What was tuned was so with ResGatedGCN: another encoder takes its options of pre-training
        and fine-tuning, but not those of the encoder, nor the epochs of pre-training where it has
        its own.
        """
        own = encoder_options(encoder, self.source)
        # vectors stand where the flow does
        chosen = (
            tuned_options(self.space).get(method.replace("vectors", "flow"), {}) if tuned else {}
        )
        if encoder != "resgatedgcn":
            chosen = {
                n: value
                for n, value in chosen.items()
                if not n.startswith("encoder.") and n not in own
            }
        return Stages().changed(
            default_options(self.source) | {"encoder.name": encoder} | own | chosen
        )


_SETTINGS = (
    Setting(
        "nb101",
        "nb101",
        "NAS-Bench-101",
        "valid_108ep",
        "validation accuracy of one training run, so noisy, where the paper has test accuracy",
    ),
    Setting("nb201", "nb201", "NAS-Bench-201", "cifar10_test", "the same label"),
    Setting(
        "nb301",
        "nb301",
        "NAS-Bench-301",
        "val_acc",
        "10,000 of the paper's 11,221 architectures, so 5,000 in each half and 50 labels for 56;"
        " the surrogate benchmark's accuracy with its noise",
    ),
    Setting(
        "nbgraph",
        "nbgraph-cora",
        "NAS-Bench-Graph",
        "test_perf",
        "the data set is Cora, which the paper does not state; rows permuted for every split",
    ),
    Setting(
        "transnas",
        "transnas-micro",
        "TransNAS-Bench-101, micro",
        "class_scene",
        "in place of the paper's own 100 networks, which are not public",
    ),
)
SETTINGS: Mapping[str, Setting] = {setting.space: setting for setting in _SETTINGS}
PAPER_SPACES = ("nb101", "nb201", "nb301")
"""The spaces of most of the paper's tables."""
TWO_SPACES = PAPER_SPACES[:2]
"""The spaces of the paper's appendices."""
