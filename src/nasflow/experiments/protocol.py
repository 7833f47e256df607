"""One run of the evaluation protocol (section 6 of the method): a split, a seed, a method, its metrics.

Methods: `none` (fine-tuning alone), pretext tasks joined by + (such as `flow+proxy`), and `gp`, a Gaussian
process on hand-made features (`nasflow.gp`), the floor in every table.

With `fit.proxies` the ranks of these columns, over the whole table, stand beside the embedding in every method but
`gp`.

A `Run` is a plain value: it can be sent to a worker process, and its `key` names its row in the journal.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.stats
import torch

from nasflow.config import (
    EncoderConfig,
    FitConfig,
    Group,
    Options,
    PretrainConfig,
    ProtocolConfig,
    SurrogateConfig,
    later,
)
from nasflow.datasets import Dataset, open_dataset
from nasflow.encoders import with_max_nodes
from nasflow.errors import ConfigError, unknown_name
from nasflow.experiments.records import RunRecord
from nasflow.finetune import FineTuned
from nasflow.gp import GaussianProcess, graph_features
from nasflow.metrics import kendall_tau, precision_at, rmse, spearman
from nasflow.predictor import Predictor
from nasflow.pretext.registry import pretext_names
from nasflow.pretext.vectors import vector_columns
from nasflow.proxy_ranks import take
from nasflow.splits import Split, half_split

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PretrainRows(Options):
    """The rows that a pre-training sees, where they are not the whole table."""

    share: float
    """Share of them that is taken: the first ones, so that a larger share holds a smaller."""
    split: int | None
    """Of the training half of this split; None for the whole table, in an order that the model's seed draws."""
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
    rows: PretrainRows | None = later(None)
    source: Run | None = later(None)

    def identity(self) -> dict[str, Any]:
        """All but the name of the data set: its content counts."""
        return _without_dataset(super().identity())

    def path(self, folder: Path) -> Path:
        """Where its weights are kept below the folder of results."""
        return folder / "pretrained" / f"{self.pretrain.pretext}-{self.digest()}.safetensors"


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
    source: Run | None = later(None)
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
        if self.method in ("none", "gp"):
            return None
        protocol, rows = self.protocol, None
        if protocol.pretrain_on == "training-half":
            rows = PretrainRows(protocol.pretrain_share, self.split, self.metrics, protocol.group)
        elif protocol.pretrain_share < 1:
            rows = PretrainRows(protocol.pretrain_share, None, (), "none")
        return Pretraining(self.dataset, self.pretrain_hash, self.encoder, self.surrogate, self.pretrain, rows,
                           self.source)

    def identity(self) -> dict[str, Any]:
        """All but the name of the data set, whose content counts, and the other runs of the grid."""
        protocol = {**self.protocol.identity(), "splits": (self.split,), "seeds": (self.seed,)}
        return {**_without_dataset(super().identity()), "protocol": protocol}

    @functools.cached_property
    def key(self) -> str:
        """The name of this run's row: equal exactly when everything that its result depends on is."""
        return self.digest()


def _without_dataset(identity: dict[str, Any]) -> dict[str, Any]:
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

    The Gaussian process draws nothing, so it runs once a split. Options that a method does not use are brought to
    their defaults, so that grids which differ in them alone share its runs.

    Args:
        source: name or file that `dataset` was opened from; workers open it again.
        dataset: the table with its metrics.
        metric: what is predicted.
        methods: as described on this module's first page.
        encoder, surrogate, pretrain, fit, protocol: the options of each stage; the seeds of `protocol` replace
            those of `pretrain` and `fit`.

    Raises:
        ConfigError, UnknownNameError: a method or metric that does not exist, a method named twice.
    """
    dataset.metric(metric)
    tested = () if protocol.test_metric is None else (dataset.metric(protocol.test_metric).name,)
    for name in fit.proxies:
        dataset.proxy(name)
    check_methods(methods)
    if not methods or len(set(methods)) != len(methods):
        raise ConfigError(f"methods {', '.join(methods) or '(none given)'}: name each once, and at least one")
    encoder = with_max_nodes(encoder, dataset.table)  # of all rows: the test rows may hold larger graphs
    runs = []
    for method in methods:
        tasks = _tasks(method)
        own = _used_options(pretrain, tasks)
        own_fit = replace(FitConfig() if method == "gp" else fit, proxies=() if method == "gp" else fit.proxies)
        own_protocol = protocol if tasks else replace(protocol, pretrain_on="all", pretrain_share=1.0)
        labels = (metric, *tested)
        data_hash = _hash(dataset, (*labels, *own_fit.proxies))
        # which rows were measured decides which are in the training half
        pretrain_hash = _hash(dataset, (*own.proxies, *(labels if own_protocol.pretrain_on != "all" else ())))
        own_encoder = EncoderConfig() if method == "gp" else encoder
        own_surrogate = surrogate if "flow" in tasks else SurrogateConfig()
        for split in protocol.splits:
            for seed in protocol.seeds[:1] if method == "gp" else protocol.seeds:
                runs.append(Run(source, data_hash, pretrain_hash, metric, method, split, own_encoder, own_surrogate,
                                replace(own, seed=seed), replace(own_fit, seed=seed), own_protocol))
    return runs


def check_methods(methods: Iterable[str]) -> None:
    """Return if all are names of methods.

    Raises:
        UnknownNameError: one is not; the message names the nearest.
    """
    for method in methods:
        for task in _tasks(method):
            if task not in pretext_names():
                raise unknown_name("method", task, ["none", "gp", *pretext_names()])


def _tasks(method: str) -> tuple[str, ...]:
    return () if method in ("none", "gp") else tuple(method.split("+"))


# options of PretrainConfig that one task alone reads
_OPTIONS_OF = {
    "arch2vec": ("kl_weight",), "gmae": ("mask_share",), "graphcl": ("view_share", "temperature"),
    "proxy": ("proxies", "proxy_heads", "margin", "pairs_per_graph"),
}


def _used_options(pretrain: PretrainConfig, tasks: tuple[str, ...]) -> PretrainConfig:
    """The options with everything that these tasks do not look at as it is by default."""
    if not tasks:
        return PretrainConfig(pretext="none")
    default = PretrainConfig()
    unused = {name: getattr(default, name) for task, names in _OPTIONS_OF.items() if task not in tasks
              for name in names}
    # a weight counts only beside others
    weights = {task: weight for task, weight in pretrain.weights.items() if len(tasks) > 1 and task in tasks}
    return replace(pretrain, **{"pretext": "+".join(tasks), "weights": weights, **unused})


def _hash(dataset: Dataset, names: tuple[str, ...]) -> str:
    """16 hexadecimal digits that change with the graphs, their order, what it means, or the values of a metric."""
    text = f"{dataset.content_hash(names)} {dataset.file_order_is_random}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=4)
def _dataset(name: str, data_hash: str) -> Dataset:  # noqa: ARG001  # the hash is part of the cache's key
    return open_dataset(name)


def do_pretraining(pretraining: Pretraining, folder: Path) -> dict[str, Any]:
    """Pre-train and keep the weights; goes on from a checkpoint if a kill left one. Returns a journal entry."""
    torch.set_num_threads(1)  # one worker, one core; and the same bits whatever the number of workers
    path = pretraining.path(folder)
    dataset = _dataset(pretraining.dataset, pretraining.data_hash)
    columns = {name: dataset.proxy(name) for name in pretraining.pretrain.proxies}
    if pretraining.source is not None:
        columns |= vector_columns(_embeddings(pretraining.source, folder))
    table = dataset.table
    if pretraining.rows is not None:
        rows = _pretraining_rows(dataset, pretraining.rows, pretraining.pretrain.seed)
        table, columns = table[rows], take(columns, rows)
    predictor = Predictor(encoder=pretraining.encoder, surrogate=pretraining.surrogate,
                          pretraining=pretraining.pretrain)
    checkpoint = path.with_suffix(".checkpoint")
    predictor.pretrain(table, columns, checkpoint=checkpoint)
    predictor.save(path)
    checkpoint.unlink(missing_ok=True)
    assert predictor.history is not None
    return {"key": pretraining.digest(), "kind": "pretraining", "pretext": pretraining.pretrain.pretext,
            "seed": pretraining.pretrain.seed, "seconds": sum(predictor.history.seconds),
            "loss": predictor.history.loss[-1],
            # by epoch, before the weights of the tasks; six digits, since nothing is computed from them
            "task_losses": {name: [float(f"{loss:.6g}") for loss in losses]
                            for name, losses in predictor.history.tasks.items()}}


def _pretraining_rows(dataset: Dataset, choice: PretrainRows, seed: int) -> npt.NDArray[np.int64]:
    if choice.split is None:
        rows = np.random.RandomState(seed).permutation(len(dataset))
    else:
        protocol = ProtocolConfig(ratio=1.0, n_validation=0, group=choice.group)
        rows = split_of(dataset, choice.metrics, choice.split, protocol).training_half
    return np.sort(rows[: max(2, int(choice.share * len(rows)))])


def do_run(run: Run, folder: Path) -> dict[str, Any]:
    """Fine-tune, predict the test rows, keep the predictions, and return the journal entry with all metrics."""
    torch.set_num_threads(1)
    dataset = _dataset(run.dataset, run.data_hash)
    split = split_of(dataset, run.metrics, run.split, run.protocol)
    ids = dataset.table.canonical_ids
    started = time.perf_counter()
    fitted: FineTuned | None = None
    if run.method == "gp":
        best = last = _gp_predictions(dataset, run, split)
    else:
        best, last, fitted = _fgp_predictions(dataset, run, split, folder)
    tested = run.metrics[-1]
    entry: dict[str, Any] = {
        "key": run.key, "kind": "run", "dataset": run.dataset, "metric": tested, "method": run.method,
        "split": run.split, "seed": run.seed, "n_train": len(split.train), "n_validation": len(split.validation),
        "n_test": len(split.test), "fit_seconds": time.perf_counter() - started,
        # test architectures that compute the same as a labelled one
        "n_twins": int(np.isin(ids[split.test], ids[np.concatenate([split.train, split.validation])]).sum()),
    }
    truth, maximise = dataset.labels(tested)[split.test], dataset.metric(tested).maximise
    if maximise != dataset.metric(run.metric).maximise:
        best, last = -best, -last  # better in the one is better in the other
    entry |= measures(best, truth, maximise)
    entry |= {f"last_{name}": value for name, value in measures(last, truth, maximise).items()}
    if fitted is not None:
        entry["best_epoch"] = fitted.best_epoch
    # before its line is in the journal: a run that is known there has its record
    RunRecord(
        split.test.astype(np.int32), best.astype(np.float32), truth.astype(np.float32),
        np.array(() if fitted is None else fitted.validation_tau, np.float32),
    ).save(folder, run.key)
    return entry


def do_validation(run: Run, folder: Path) -> dict[str, Any]:
    """Fine-tune, and return a journal entry with Kendall's tau on the validation rows; for choosing options.

    Test rows are not predicted, nor their labels looked at.
    """
    torch.set_num_threads(1)
    dataset = _dataset(run.dataset, run.data_hash)
    fitted = fit_run(dataset, run, split_of(dataset, run.metrics, run.split, run.protocol), folder).fitted
    assert fitted is not None
    return {"key": validation_key(run), "kind": "validation", "dataset": run.dataset, "metric": run.metric,
            "method": run.method, "split": run.split, "seed": run.seed, "best_epoch": fitted.best_epoch,
            "validation_tau": fitted.validation_tau[fitted.best_epoch]}


def validation_key(run: Run) -> str:
    """The name of what `do_validation` gives for a run."""
    return f"{run.key}-validation"


def split_of(dataset: Dataset, metrics: Sequence[str], seed: int, protocol: ProtocolConfig) -> Split:
    """The split of a data set's rows for one seed; rows where a metric was never measured take no part."""
    rows = np.flatnonzero(np.isfinite([dataset.labels(name) for name in metrics]).all(axis=0))
    groups = dataset.table.canonical_ids[rows] if protocol.group == "isomorphism" else None
    split = half_split(len(rows), seed, protocol.ratio, protocol.n_validation,
                       file_order=dataset.file_order_is_random, groups=groups)
    return Split(rows[split.train], rows[split.validation], rows[split.test], rows[split.training_half])


def measures(predicted: FloatArray, truth: FloatArray, maximise: bool) -> dict[str, float]:
    """tau, spearman, p1, p5 (all in [-1, 1] or [0, 1]) and rmse (in the label's unit)."""
    sign = 1.0 if maximise else -1.0
    return {
        "tau": kendall_tau(predicted, truth), "spearman": spearman(predicted, truth),
        "p1": precision_at(sign * predicted, sign * truth, 1), "p5": precision_at(sign * predicted, sign * truth, 5),
        "rmse": rmse(predicted, truth),
    }


def _fgp_predictions(
    dataset: Dataset, run: Run, split: Split, folder: Path
) -> tuple[FloatArray, FloatArray, FineTuned]:
    """Test predictions of the best epoch on the validation rows, of the last without looking at them, and the fit."""
    predictor = fit_run(dataset, run, split, folder)
    columns = {name: dataset.proxy(name) for name in run.fit.proxies}
    test, of_test = dataset.table[split.test], take(columns, split.test)
    best = predictor.predict(test, of_test)
    last = predictor.use_epoch("last").predict(test, of_test)
    assert predictor.fitted is not None
    return best, last, predictor.fitted


def fit_run(dataset: Dataset, run: Run, split: Split, folder: Path) -> Predictor:
    """The predictor of a run, fine-tuned on its training rows; test rows are not looked at."""
    table, labels = dataset.table, dataset.labels(run.metric)
    if run.pretraining is None:
        predictor = Predictor(encoder=run.encoder, surrogate=run.surrogate, pretraining=run.pretrain,
                              vocabulary=table.vocabulary)
    else:
        predictor = Predictor.load(run.pretraining.path(folder))
    predictor.fit_config = run.fit
    columns = {name: dataset.proxy(name) for name in run.fit.proxies}
    held = split.validation
    validation = (table[held], labels[held], take(columns, held)) if len(held) else None
    return predictor.fit(table[split.train], labels[split.train], validation=validation,
                         proxies=take(columns, split.train), reference=columns)


def _embeddings(run: Run, folder: Path) -> npt.NDArray[np.float32]:
    """(N, width): what the fitted encoder of a run gives for every row of its data set."""
    dataset = _dataset(run.dataset, run.data_hash)
    split = split_of(dataset, run.metrics, run.split, run.protocol)
    return fit_run(dataset, run, split, folder).embed(dataset.table)


def _gp_predictions(dataset: Dataset, run: Run, split: Split) -> FloatArray:
    """The floor: trained on the training rows alone; it has no epoch to choose, so validation only calibrates."""
    features, labels = graph_features(dataset.table), dataset.labels(run.metric)
    train = labels[split.train]
    # normal scores: accuracies have a long lower tail that a Gaussian likelihood would chase
    scores = scipy.stats.norm.ppf((scipy.stats.rankdata(train) - 0.5) / len(train))
    process = GaussianProcess().fit(features[split.train], scores)
    mean, _ = process.predict(features)
    known = split.validation if len(split.validation) > 1 else split.train
    slope, intercept = np.polyfit(mean[known], labels[known], 1)
    predicted: FloatArray = intercept + max(slope, 1e-9) * mean[split.test]
    return predicted
