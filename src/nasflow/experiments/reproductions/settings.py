"""The spaces that the reproductions measure on: which label, which proxy, which options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nasflow.datasets import Dataset, open_dataset
from nasflow.experiments.defaults import default_options
from nasflow.experiments.stages import Stages


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
    """What of data and label differs from the paper's; a sentence for the page."""

    def dataset(self) -> Dataset:
        """The table with its metrics.

        Raises:
            MissingDataError: its files are not there; the message says how to get them.
        """
        return open_dataset(self.source)

    def stages(self) -> Stages:
        """The options of all stages."""
        return Stages().changed(default_options(self.source))


SETTINGS: Mapping[str, Setting] = {
    "nb101": Setting("nb101", "NAS-Bench-101", "valid_108ep",
                     "validation accuracy of one training run, so noisy, where the paper has test accuracy"),
    "nb201": Setting("nb201", "NAS-Bench-201", "cifar10_test", "CIFAR-10 test accuracy, as the paper"),
    "nb301": Setting("nb301", "NAS-Bench-301", "val_acc",
                     "10,000 of the paper's 11,221 architectures, so 5,000 in each half; the accuracy is the surrogate "
                     "benchmark's with its noise"),
    "nbgraph": Setting("nbgraph-cora", "NAS-Bench-Graph", "test_perf",
                       "the package's Cora, rows permuted for every split"),
}
PAPER_SPACES = ("nb101", "nb201", "nb301")
"""The spaces of most of the paper's tables."""
