"""One run of the evaluation protocol (section 6 of the method): a split, a seed, a method, its metrics.

Methods: `none` (fine-tuning alone), pretext tasks joined by + (such as `flow+proxy`), and `gp`, a Gaussian
process on hand-made features (`nasflow.gp`), the floor in every table.

With `fit.proxies` the ranks of these columns, over the whole table, stand beside the embedding in every method but
`gp`.

A `Run` is a plain value: it can be sent to a worker process, and its `key` names its row in the journal.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.stats
import torch

from nasflow.config import EncoderConfig, FitConfig, Options, PretrainConfig, ProtocolConfig, SurrogateConfig
from nasflow.datasets import Dataset, open_dataset
from nasflow.encoders import with_max_nodes
from nasflow.errors import ConfigError, unknown_name
from nasflow.experiments.records import RunRecord
from nasflow.finetune import FineTuned
from nasflow.gp import GaussianProcess, graph_features
from nasflow.metrics import kendall_tau, precision_at, rmse, spearman
from nasflow.predictor import Predictor
from nasflow.pretext.registry import pretext_names
from nasflow.proxy_ranks import take
from nasflow.splits import Split, half_split

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pretraining(Options):
    """What a pre-training depends on; runs with equal ones share its weights."""

    dataset: str
    data_hash: str
    encoder: EncoderConfig
    surrogate: SurrogateConfig
    pretrain: PretrainConfig

    def path(self, folder: Path) -> Path:
        """Where its weights are kept below the folder of results."""
        return folder / "pretrained" / f"{self.pretrain.pretext}-{self.digest()}.safetensors"


@dataclass(frozen=True)
class Run(Options):
    """One row of a table of results."""

    dataset: str
    data_hash: str
    metric: str
    method: str
    split: int
    encoder: EncoderConfig
    surrogate: SurrogateConfig
    pretrain: PretrainConfig
    fit: FitConfig
    protocol: ProtocolConfig

    @property
    def seed(self) -> int:
        """The seed of the model: of pre-training and fine-tuning alike."""
        return self.fit.seed

    @property
    def pretraining(self) -> Pretraining | None:
        """What must be pre-trained before this run; None for methods without."""
        if self.method in ("none", "gp"):
            return None
        return Pretraining(self.dataset, self.data_hash, self.encoder, self.surrogate, self.pretrain)

    @property
    def key(self) -> str:
        """The name of this run's row: equal exactly when everything that its result depends on is."""
        # which other splits and seeds the grid has does not change this run
        protocol = replace(self.protocol, splits=(self.split,), seeds=(self.seed,))
        return replace(self, protocol=protocol).digest()


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

    The Gaussian process draws nothing, so it runs once a split.

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
    for name in fit.proxies:
        dataset.proxy(name)
    for method in methods:
        for task in (method.split("+") if method not in ("none", "gp") else ()):
            if task not in pretext_names():
                raise unknown_name("method", task, ["none", "gp", *pretext_names()])
    if not methods or len(set(methods)) != len(methods):
        raise ConfigError(f"methods {', '.join(methods) or '(none given)'}: name each once, and at least one")
    data_hash = dataset.content_hash()[:16]
    encoder = with_max_nodes(encoder, dataset.table)  # of all rows: the test rows may hold larger graphs
    runs = []
    for method in methods:
        pretext = "none" if method == "gp" else method
        # a weight counts only beside others: without this line it would make equal runs look different
        weights = {n: w for n, w in pretrain.weights.items() if "+" in method and n in method.split("+")}
        proxies = pretrain.proxies if "proxy" in method.split("+") else ()
        own = replace(pretrain, pretext=pretext, weights=weights, proxies=proxies)
        own_fit = replace(fit, proxies=()) if method == "gp" else fit
        for split in protocol.splits:
            for seed in protocol.seeds[:1] if method == "gp" else protocol.seeds:
                runs.append(Run(source, data_hash, metric, method, split, encoder, surrogate,
                                replace(own, seed=seed), replace(own_fit, seed=seed), protocol))
    return runs


@functools.lru_cache(maxsize=2)
def _dataset(name: str, data_hash: str) -> Dataset:  # noqa: ARG001  # the hash is part of the cache's key
    return open_dataset(name)


def do_pretraining(pretraining: Pretraining, folder: Path) -> dict[str, Any]:
    """Pre-train and keep the weights; goes on from a checkpoint if a kill left one. Returns a journal entry."""
    torch.set_num_threads(1)  # one worker, one core; and the same bits whatever the number of workers
    path = pretraining.path(folder)
    dataset = _dataset(pretraining.dataset, pretraining.data_hash)
    proxies = {name: dataset.proxy(name) for name in pretraining.pretrain.proxies}
    predictor = Predictor(encoder=pretraining.encoder, surrogate=pretraining.surrogate,
                          pretraining=pretraining.pretrain)
    checkpoint = path.with_suffix(".checkpoint")
    predictor.pretrain(dataset.table, proxies, checkpoint=checkpoint)
    predictor.save(path)
    checkpoint.unlink(missing_ok=True)
    assert predictor.history is not None
    return {"key": pretraining.digest(), "kind": "pretraining", "pretext": pretraining.pretrain.pretext,
            "seed": pretraining.pretrain.seed, "seconds": sum(predictor.history.seconds),
            "loss": predictor.history.loss[-1],
            # by epoch, before the weights of the tasks; six digits, since nothing is computed from them
            "task_losses": {name: [float(f"{loss:.6g}") for loss in losses]
                            for name, losses in predictor.history.tasks.items()}}


def do_run(run: Run, folder: Path) -> dict[str, Any]:
    """Fine-tune, predict the test rows, keep the predictions, and return the journal entry with all metrics."""
    torch.set_num_threads(1)
    dataset = _dataset(run.dataset, run.data_hash)
    rows = np.flatnonzero(np.isfinite(dataset.labels(run.metric)))  # never-measured rows take no part
    ids = dataset.table.canonical_ids
    split = _on_rows(half_split(len(rows), run.split, run.protocol.ratio, run.protocol.n_validation,
                                file_order=dataset.file_order_is_random,
                                groups=ids[rows] if run.protocol.group == "isomorphism" else None), rows)
    started = time.perf_counter()
    fitted: FineTuned | None = None
    if run.method == "gp":
        best = last = _gp_predictions(dataset, run, split)
    else:
        best, last, fitted = _fgp_predictions(dataset, run, split, folder)
    entry: dict[str, Any] = {
        "key": run.key, "kind": "run", "dataset": run.dataset, "metric": run.metric, "method": run.method,
        "split": run.split, "seed": run.seed, "n_train": len(split.train), "n_validation": len(split.validation),
        "n_test": len(split.test), "fit_seconds": time.perf_counter() - started,
        # test architectures that compute the same as a labelled one
        "n_twins": int(np.isin(ids[split.test], ids[np.concatenate([split.train, split.validation])]).sum()),
    }
    truth, maximise = dataset.labels(run.metric)[split.test], dataset.metric(run.metric).maximise
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


def measures(predicted: FloatArray, truth: FloatArray, maximise: bool) -> dict[str, float]:
    """tau, spearman, p1, p5 (all in [-1, 1] or [0, 1]) and rmse (in the label's unit)."""
    sign = 1.0 if maximise else -1.0
    return {
        "tau": kendall_tau(predicted, truth), "spearman": spearman(predicted, truth),
        "p1": precision_at(sign * predicted, sign * truth, 1), "p5": precision_at(sign * predicted, sign * truth, 5),
        "rmse": rmse(predicted, truth),
    }


def _on_rows(split: Split, rows: npt.NDArray[np.int64]) -> Split:
    return Split(rows[split.train], rows[split.validation], rows[split.test], rows[split.training_half])


def _fgp_predictions(
    dataset: Dataset, run: Run, split: Split, folder: Path
) -> tuple[FloatArray, FloatArray, FineTuned]:
    """Test predictions of the best epoch on the validation rows, of the last without looking at them, and the fit."""
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
    predictor.fit(table[split.train], labels[split.train], validation=validation,
                  proxies=take(columns, split.train), reference=columns)
    test, of_test = table[split.test], take(columns, split.test)
    best = predictor.predict(test, of_test)
    last = predictor.use_epoch("last").predict(test, of_test)
    assert predictor.fitted is not None
    return best, last, predictor.fitted


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
