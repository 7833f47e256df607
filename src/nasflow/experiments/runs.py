"""What a grid does, as plain values: `Run`, the `Pretraining` before it, and `plan`.

Methods are those of `nasflow.experiments.methods`. With `fit.proxies` the ranks of these columns,
over the whole table, stand beside the graph in every method but `features` and `gp`.

A `Run` can be sent to a worker process, and its `key` names its row in the journal. What is done
for it is in `nasflow.experiments.protocol`.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasflow.datasets import Dataset
from nasflow.encoders.make import config_for
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.experiments.methods import Method, check_methods, method_of
from nasflow.graphs.wiring import one_wiring
from nasflow.options.base import Options
from nasflow.options.protocol import Group, ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import ALL_LABELS, LONG_PRETRAINING, FitConfig, PretrainConfig
from nasflow.pretext.make import completed


@dataclass(frozen=True)
class PretrainRows(Options):
    """The rows that a pre-training sees, where they are not the whole table."""

    share: float
    """Share of them that is taken: the first ones, so that a larger share holds a smaller."""
    split: int | None
    """Of the training half of this split; None for the whole table, in an order that the model's
    seed draws."""
    metrics: tuple[str, ...]
    """The metrics whose measured rows were split; empty for the whole table."""
    group: Group
    """How rows were kept together in the split."""


@dataclass(frozen=True)
class Pretraining(Options):
    """What a pre-training depends on; runs with equal ones share its weights."""

    dataset: str
    data_hash: str
    encoder: EncoderConfig
    surrogate: SurrogateConfig
    pretrain: PretrainConfig
    rows: PretrainRows | None = None
    source: Run | None = None
    as_computed: bool = False
    """Whether the encoder sees graphs as they compute."""

    def identity(self) -> dict[str, Any]:
        """All but the name of the data set: its content counts."""
        identity = _without_dataset(super().identity())
        if not self.as_computed:
            del identity["as_computed"]  # as it was before there was a choice
        return identity

    def path(self, folder: Path, key: str | None = None) -> Path:
        """Where its weights are kept below the folder of results, or were under an earlier key."""
        pretext = re.sub(r"[^\w+.-]", "_", self.pretrain.pretext)  # a task may be named by a file
        return folder / "pretrained" / f"{pretext}-{key or self.digest()}.safetensors"


@dataclass(frozen=True)
class Run(Options):
    """One row of a table of results."""

    dataset: str
    """Name or file that workers open."""
    data_hash: str
    """Of the graphs, of their order, and of the labels."""
    pretrain_hash: str
    """Of what pre-training sees: the graphs, their order, and proxies."""
    metric: str
    method: str
    split: int
    encoder: EncoderConfig
    surrogate: SurrogateConfig
    pretrain: PretrainConfig
    fit: FitConfig
    protocol: ProtocolConfig
    source: Run | None = None
    """A run whose fitted encoder gives the vectors that the task `vectors` reconstructs."""

    @property
    def seed(self) -> int:
        """The seed of the model: of pre-training and fine-tuning alike."""
        return self.fit.seed

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metric that is trained on, and that which is tested on if it is another."""
        other = self.protocol.test_metric
        return (self.metric,) if other is None else (self.metric, other)

    @property
    def pretraining(self) -> Pretraining | None:
        """What must be pre-trained before this run; None for methods without."""
        if self.pretrain.pretext == "none":
            return None
        protocol = self.protocol
        rows = None
        if protocol.pretrain_on == "training-half":
            rows = PretrainRows(protocol.pretrain_share, self.split, self.metrics, protocol.group)
        elif protocol.pretrain_share < 1:
            # of no split, so that runs on all splits share it
            rows = PretrainRows(protocol.pretrain_share, None, (), "none")
        return Pretraining(
            self.dataset,
            self.pretrain_hash,
            self.encoder,
            self.surrogate,
            self.pretrain,
            rows,
            self.source,
            as_computed=bool(method_of(self.method).members),
        )

    def identity(self) -> dict[str, Any]:
        """All but the name of the data set, whose content counts, and the grid's other runs."""
        protocol = {**self.protocol.identity(), "splits": (self.split,), "seeds": (self.seed,)}
        return {**_without_dataset(super().identity()), "protocol": protocol}

    @functools.cached_property
    def key(self) -> str:
        """The name of this run's row: equal exactly when all that its result depends on is."""
        return self.digest()


def _without_dataset(identity: dict[str, Any]) -> dict[str, Any]:
    """What identifies a piece of work, wherever its data set lies."""
    return {name: value for name, value in identity.items() if name != "dataset"}


def plan(
    source: str,
    dataset: Dataset,
    metric: str,
    methods: tuple[str, ...],
    *,
    encoder: EncoderConfig,
    surrogate: SurrogateConfig,
    pretrain: PretrainConfig,
    fit: FitConfig,
    protocol: ProtocolConfig,
) -> list[Run]:
    """The runs of a grid: every method on every split with every seed.

    A method that draws nothing runs once a split. Options that a method does not use
    are brought to their defaults, so that grids which differ in them alone share its runs.

    Args:
        source: name or file that `dataset` was opened from; workers open it again.
        dataset: the table with its metrics.
        metric: what is predicted.
        methods: names (`nasflow.experiments.methods`).
        encoder, surrogate, pretrain, fit, protocol: the options of each stage; the seeds of
            `protocol` replace those of `pretrain` and `fit`.

    Raises:
        ConfigError, UnknownNameError: a method or metric that does not exist, a method named twice.
    """
    dataset.metric(metric)
    tested = () if protocol.test_metric is None else (dataset.metric(protocol.test_metric).name,)
    for name in fit.proxies:
        dataset.proxy(name)
    check_methods(methods)
    if not methods or len(set(methods)) != len(methods):
        raise ConfigError(
            f"methods {', '.join(methods) or '(none given)'}: name each once, and at least one"
        )
    # of all rows: the test rows may hold larger graphs
    encoder = config_for(encoder, dataset.table)
    labels = (metric, *tested)
    runs = []
    for method in methods:
        described = method_of(method)
        tasks = described.tasks
        if described.members and one_wiring(dataset.table.pruned()):
            tasks = ()  # the flow tells apart how graphs are wired: here that is nothing
        # what a method does not look at is as by default, and so in no key
        used_encoder = encoder if described.encodes else EncoderConfig()
        used_surrogate = SurrogateConfig() if set(tasks) <= _WITHOUT_SURROGATE else surrogate
        used_pretrain = _used_options(pretrain, tasks)
        for name in used_pretrain.proxies:
            dataset.proxy(name)
        used_fit = _used_fit(described, fit, pretrain)
        used_protocol = protocol
        if not tasks:
            used_protocol = replace(protocol, pretrain_on="all", pretrain_share=1.0)
        data_hash = _hash(dataset, (*labels, *used_fit.proxies))
        seen_in_pretraining = used_pretrain.proxies
        if used_protocol.pretrain_on != "all":
            # which rows were measured decides which are in the training half
            seen_in_pretraining = (*seen_in_pretraining, *labels)
        pretrain_hash = _hash(dataset, seen_in_pretraining)
        seeds = protocol.seeds if described.draws else protocol.seeds[:1]
        for split in protocol.splits:
            for seed in seeds:
                run = Run(
                    source,
                    data_hash,
                    pretrain_hash,
                    metric,
                    method,
                    split,
                    used_encoder,
                    used_surrogate,
                    replace(used_pretrain, seed=seed),
                    replace(used_fit, seed=seed),
                    used_protocol,
                )
                runs.append(run)
    return runs


# tasks of this package that look at no column, and those that look at no surrogate
_WITHOUT_COLUMNS = {"flow", "graphcl", "arch2vec", "gmae", "vectors"}
_WITHOUT_SURROGATE = {"proxy", "graphcl", "arch2vec", "gmae", "vectors"}


def _used_fit(method: Method, fit: FitConfig, pretrain: PretrainConfig) -> FitConfig:
    """The options of fine-tuning as a method uses them, all others at their defaults."""
    proxies = {"none": (), "fit": fit.proxies, "any": fit.proxies or pretrain.proxies}
    columns = proxies[method.columns]
    if method.columns == "any" and not columns:
        raise ConfigError("the method features+proxy ranks by columns: name some with fit.proxies")
    if method.members:
        return replace(ALL_LABELS if method.encodes else FitConfig(), proxies=columns)
    if method.validation_trains:
        # no epoch is chosen: as many as a blend's encoder has, and its mean of the weights
        return replace(fit, epochs=ALL_LABELS.epochs, lr=ALL_LABELS.lr, average=ALL_LABELS.average)
    return fit


def _used_options(pretrain: PretrainConfig, tasks: tuple[str, ...]) -> PretrainConfig:
    """The options with everything that these tasks do not look at as it is by default."""
    if not tasks:
        # whatever else they say, runs are kept under these
        return replace(LONG_PRETRAINING, pretext="none")
    # a weight counts only beside others
    weights = {}
    if len(tasks) > 1:
        weights = {task: pretrain.weights[task] for task in tasks if task in pretrain.weights}
    given_columns = () if set(tasks) <= _WITHOUT_COLUMNS else pretrain.proxies
    used = replace(pretrain, pretext="+".join(tasks), weights=weights, proxies=given_columns)
    return completed(used)


def _hash(dataset: Dataset, names: tuple[str, ...]) -> str:
    """16 hexadecimal digits: of the graphs, their order and what it means, and some columns."""
    text = f"{dataset.content_hash(names)} {dataset.file_order_is_random}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
