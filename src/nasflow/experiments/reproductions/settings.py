"""The spaces that the reproductions measure on: which label, and which options for a method and an encoder."""

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

    source: str
    """What `open_dataset` takes."""
    title: str
    """What it is called on a page."""
    metric: str
    """The label."""
    differs: str
    """What of data and label differs from the paper's."""

    @property
    def space(self) -> str:
        """What the options of the space are kept under."""
        return self.source.partition("-")[0]

    def dataset(self) -> Dataset:
        """The table with its metrics.

        Raises:
            MissingDataError: its files are not there; the message says how to get them.
        """
        return open_dataset(self.source)

    def stages(self, method: str = "none", encoder: str = "resgatedgcn") -> Stages:
        """The options of all stages for a method: the space's, then the encoder's, then what was tuned.

        What was tuned was so with ResGatedGCN: another encoder takes its options of pre-training and fine-tuning,
        but not those of the encoder, nor the epochs of pre-training where it has its own.
        """
        tuned, own = tuned_options(self.space).get(method, {}), encoder_options(encoder, self.source)
        if encoder != "resgatedgcn":
            tuned = {n: value for n, value in tuned.items() if not n.startswith("encoder.") and n not in own}
        return Stages().changed(default_options(self.source) | {"encoder.name": encoder} | own | tuned)


SETTINGS: Mapping[str, Setting] = {
    "nb101": Setting("nb101", "NAS-Bench-101", "valid_108ep",
                     "validation accuracy of one training run, so noisy, where the paper has test accuracy"),
    "nb201": Setting("nb201", "NAS-Bench-201", "cifar10_test", "the same label"),
    "nb301": Setting("nb301", "NAS-Bench-301", "val_acc",
                     "10,000 of the paper's 11,221 architectures, so 5,000 in each half and 50 labels for 56; the "
                     "surrogate benchmark's accuracy with its noise"),
    "nbgraph": Setting("nbgraph-cora", "NAS-Bench-Graph", "test_perf",
                       "the data set is Cora, which the paper does not state; rows permuted for every split"),
    "transnas": Setting("transnas-micro", "TransNAS-Bench-101, micro", "class_scene",
                        "in place of the paper's own 100 networks, which are not public"),
}
PAPER_SPACES = ("nb101", "nb201", "nb301")
"""The spaces of most of the paper's tables."""
TWO_SPACES = PAPER_SPACES[:2]
"""The spaces of the paper's appendices."""
