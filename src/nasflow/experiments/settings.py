"""The spaces that the reproductions measure on: which label, and which options for a method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
        """The options of all stages for a method and an encoder on this space.

        The space's come first, then the encoder's, then what was tuned, if it is wanted. That was
        done with ResGatedGCN: another encoder takes its options of pre-training and fine-tuning,
        but not those of the encoder, nor the epochs of pre-training where it has its own.
        """
        of_encoder = {"encoder.name": encoder, **encoder_options(encoder, self.source)}
        of_method: dict[str, Any] = {}
        if tuned:
            # vectors stand where the flow does, and nothing was tuned for them
            of_method = tuned_options(self.space).get(method.replace("vectors", "flow"), {})
        if encoder != "resgatedgcn":
            of_method = {
                name: value
                for name, value in of_method.items()
                if not name.startswith("encoder.") and name not in of_encoder
            }
        return Stages().changed(default_options(self.source) | of_encoder | of_method)


_SETTINGS = (
    Setting(
        space="nb101",
        source="nb101",
        title="NAS-Bench-101",
        metric="valid_108ep",
        differs=(
            "validation accuracy of one training run, so noisy, where the paper has test accuracy"
        ),
    ),
    Setting(
        space="nb201",
        source="nb201",
        title="NAS-Bench-201",
        metric="cifar10_test",
        differs="the same label",
    ),
    Setting(
        space="nb301",
        source="nb301",
        title="NAS-Bench-301",
        metric="val_acc",
        differs=(
            "10,000 of the paper's 11,221 architectures, so 5,000 in each half and 50 labels for"
            " 56; the surrogate benchmark's accuracy with its noise"
        ),
    ),
    Setting(
        space="nbgraph",
        source="nbgraph-cora",
        title="NAS-Bench-Graph",
        metric="test_perf",
        differs=(
            "the data set is Cora, which the paper does not state; rows permuted for every split"
        ),
    ),
    Setting(
        space="transnas",
        source="transnas-micro",
        title="TransNAS-Bench-101, micro",
        metric="class_scene",
        differs="in place of the paper's own 100 networks, which are not public",
    ),
)
SETTINGS: Mapping[str, Setting] = {setting.space: setting for setting in _SETTINGS}
PAPER_SPACES = ("nb101", "nb201", "nb301")
"""The spaces of most of the paper's tables."""
TWO_SPACES = PAPER_SPACES[:2]
"""The spaces of the paper's appendices."""
