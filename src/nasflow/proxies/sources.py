"""What is measured: all rows of a data set, all architectures of a space, or some drawn of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasflow.datasets.base import Dataset
from nasflow.datasets.registry import dataset_names, open_dataset
from nasflow.datasets.space_names import how_to_sample
from nasflow.errors import ConfigError, DataError, MissingDataError, unknown_name
from nasflow.networks.registry import network_names
from nasflow.spaces.registry import load_space, space_names


def architectures(source: str) -> Dataset:
    """The data set of that name or file, or all architectures of the space of that name.

    The second without metrics, and also where the files of a data set of that name are not at hand.

    Raises:
        UnknownNameError: neither a data set nor a space.
        MissingDataError: the files are not at hand, and the space cannot be listed.
        DataError: a space that cannot be listed.
        ConfigError: a data set that does not name its space.
    """
    dataset = _opened(source)
    if dataset.space is None:
        raise ConfigError(
            f"{source} does not say which space its architectures are of; name a data set that"
            " does, such as an .npz of `nasflow data sample`"
        )
    return dataset


def _opened(source: str) -> Dataset:
    try:
        is_table = Path(source).exists() and not source.endswith((".yaml", ".yml"))
        if source in dataset_names() or is_table or "+" in source:
            return open_dataset(source)
    except MissingDataError:
        # proxies need no labels: nb201 can be measured without its file
        if source not in space_names() or load_space(source).size is None:
            raise
    if source not in space_names() and how_to_sample(source) is not None:
        raise ConfigError(
            f"{source} is a space of your own, for which there are no networks to measure; spaces"
            f" that have some: {', '.join(network_names())}. Numbers that you measure yourself are"
            " columns of a table: docs/own-data.md"
        )
    if source not in space_names():
        raise unknown_name("data set or space", source, sorted({*dataset_names(), *space_names()}))
    space = load_space(source)
    if space.size is None:
        raise DataError(f"{source} cannot be listed. {how_to_sample(source, '.npz')}")
    return Dataset(name=source, table=space.enumerate(), metrics={}, values={}, space=source)


def rows_to_measure(
    dataset: Dataset, source: str, sample: int | None, seed: int
) -> npt.NDArray[np.int64]:
    """All rows of a data set, or `sample` of them drawn by `seed`, ascending.

    Raises:
        ConfigError: more are asked for than there are, or none.
    """
    if sample is None:
        return np.arange(len(dataset))
    if not 1 <= sample <= len(dataset):
        raise ConfigError(
            f"--sample is {sample}; {source} has rows to draw 1 to {len(dataset)} from"
        )
    return np.sort(np.random.default_rng(seed).permutation(len(dataset))[:sample])
