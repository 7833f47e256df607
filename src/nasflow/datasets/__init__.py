"""Benchmarks and users' data: tables of architectures with what was measured on them."""

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.registry import dataset_info, dataset_names, load_dataset, open_dataset

__all__ = ["Dataset", "Metric", "dataset_info", "dataset_names", "load_dataset", "open_dataset"]
