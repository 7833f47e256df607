"""The evaluation protocol (section 6 of the method): do what a `Run` says: pre-train, fine-tune,
predict, measure.

Everything here is a function from values to a journal entry, and may run in a worker process.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nasflow.datasets import Dataset, open_dataset
from nasflow.encoders.make import foreign_name
from nasflow.experiments.kept import VERSION, weights_path
from nasflow.experiments.manifest import processor
from nasflow.experiments.records import RunRecord
from nasflow.experiments.runs import Pretraining, PretrainRows, Run
from nasflow.options.protocol import ProtocolConfig
from nasflow.prediction.finetune import FineTuned
from nasflow.prediction.gp import GaussianProcess, graph_features
from nasflow.prediction.predictor import Predictor
from nasflow.prediction.proxy_ranks import take
from nasflow.pretext.vectors import vector_columns
from nasflow.statistics.metrics import kendall_tau, precision_at, rmse, spearman
from nasflow.statistics.ranks import normal_scores
from nasflow.statistics.splits import Split, half_split

FloatArray = npt.NDArray[np.float64]

VALIDATION = "-validation"
"""What stands behind a run's key for how it does on the validation rows alone."""


@functools.lru_cache(maxsize=4)
def _dataset(name: str, data_hash: str) -> Dataset:  # noqa: ARG001  # the hash is part of the cache's key
    return open_dataset(name)


def do_pretraining(pretraining: Pretraining, folder: Path) -> dict[str, Any]:
    """Pre-train and keep the weights; goes on from a checkpoint if a kill left one. Returns a
    journal entry.
    """
    torch.set_num_threads(
        1
    )  # one worker, one core; and the same bits whatever the number of workers
    path = pretraining.path(folder)
    dataset = _dataset(pretraining.dataset, pretraining.data_hash)
    columns = {name: dataset.proxy(name) for name in pretraining.pretrain.proxies}
    if pretraining.source is not None:
        columns |= vector_columns(_embeddings(pretraining.source, folder))
    table = dataset.table
    if pretraining.rows is not None:
        rows = _pretraining_rows(dataset, pretraining.rows, pretraining.pretrain.seed)
        table, columns = table[rows], take(columns, rows)
    predictor = Predictor(
        encoder=pretraining.encoder,
        surrogate=pretraining.surrogate,
        pretrain=pretraining.pretrain,
    )
    checkpoint = path.with_suffix(".checkpoint")
    predictor.pretrain(table, columns, checkpoint=checkpoint)
    predictor.save(path)
    checkpoint.unlink(missing_ok=True)
    return {
        "key": pretraining.digest(),
        "version": VERSION,
        "kind": "pretraining",
        "pretext": pretraining.pretrain.pretext,
        "seed": pretraining.pretrain.seed,
        "seconds": sum(predictor.history_.seconds),
        "processor": processor(),
        "loss": predictor.history_.loss[-1],
        # by epoch, before the weights of the tasks; six digits, since nothing is computed from them
        "task_losses": {
            name: [float(f"{loss:.6g}") for loss in losses]
            for name, losses in predictor.history_.tasks.items()
        },
    }


def _pretraining_rows(dataset: Dataset, choice: PretrainRows, seed: int) -> npt.NDArray[np.int64]:
    if choice.split is None:
        rows = np.random.RandomState(seed).permutation(len(dataset))
    else:
        protocol = ProtocolConfig(ratio=1.0, n_validation=0, group=choice.group)
        rows = split_of(dataset, choice.metrics, choice.split, protocol).training_half
    return np.sort(rows[: max(2, int(choice.share * len(rows)))])


def do_run(run: Run, folder: Path) -> dict[str, Any]:
    """Fine-tune, predict the test rows, keep the predictions, and return the journal entry with all
    metrics.
    """
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
        "key": run.key,
        "version": VERSION,
        "kind": "run",
        "dataset": run.dataset,
        "metric": tested,
        "method": run.method,
        "split": run.split,
        "seed": run.seed,
        "n_train": len(split.train),
        "n_validation": len(split.validation),
        "n_test": len(split.test),
        "fit_seconds": time.perf_counter() - started,
        "processor": processor(),
        # test architectures that compute the same as a labelled one
        "n_twins": int(
            np.isin(ids[split.test], ids[np.concatenate([split.train, split.validation])]).sum()
        ),
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
        split.test.astype(np.int32),
        best.astype(np.float32),
        truth.astype(np.float32),
        np.array(() if fitted is None else fitted.validation_tau, np.float32),
    ).save(folder, run.key)
    return entry


def do_validation(run: Run, folder: Path) -> dict[str, Any]:
    """Fine-tune, and return a journal entry with Kendall's tau on the validation rows; for choosing
    options.

    Test rows are not predicted, nor their labels looked at.
    """
    torch.set_num_threads(1)
    dataset = _dataset(run.dataset, run.data_hash)
    fitted = fit_run(
        dataset, run, split_of(dataset, run.metrics, run.split, run.protocol), folder
    ).fitted_
    assert fitted is not None
    return {
        "key": run.key + VALIDATION,
        "version": VERSION,
        "kind": "validation",
        "dataset": run.dataset,
        "metric": run.metric,
        "method": run.method,
        "split": run.split,
        "seed": run.seed,
        "best_epoch": fitted.best_epoch,
        "validation_tau": fitted.validation_tau[fitted.best_epoch],
    }


def split_of(
    dataset: Dataset, metrics: Sequence[str], seed: int, protocol: ProtocolConfig
) -> Split:
    """The split of a data set's rows for one seed; rows where a metric was never measured take no
    part.
    """
    rows = np.flatnonzero(np.isfinite([dataset.labels(name) for name in metrics]).all(axis=0))
    groups = dataset.table.canonical_ids[rows] if protocol.group == "isomorphism" else None
    split = half_split(
        len(rows),
        seed,
        protocol.ratio,
        protocol.n_validation,
        file_order=dataset.file_order_is_random,
        groups=groups,
    )
    return Split(
        rows[split.train], rows[split.validation], rows[split.test], rows[split.training_half]
    )


def measures(predicted: FloatArray, truth: FloatArray, maximise: bool) -> dict[str, float]:
    """tau, spearman, p1, p5 (all in [-1, 1] or [0, 1]) and rmse (in the label's unit)."""
    sign = 1.0 if maximise else -1.0
    return {
        "tau": kendall_tau(predicted, truth),
        "spearman": spearman(predicted, truth),
        "p1": precision_at(sign * predicted, sign * truth, 1),
        "p5": precision_at(sign * predicted, sign * truth, 5),
        "rmse": rmse(predicted, truth),
    }


def _fgp_predictions(
    dataset: Dataset, run: Run, split: Split, folder: Path
) -> tuple[FloatArray, FloatArray, FineTuned]:
    """Test predictions of the best epoch on the validation rows, of the last without looking at
    them, and the fit.
    """
    predictor = fit_run(dataset, run, split, folder)
    columns = {name: dataset.proxy(name) for name in run.fit.proxies}
    test, of_test = dataset.table[split.test], take(columns, split.test)
    best = predictor.predict(test, of_test)
    last = predictor.use_epoch("last").predict(test, of_test)
    return best, last, predictor.fitted_


def fit_run(dataset: Dataset, run: Run, split: Split, folder: Path) -> Predictor:
    """The predictor of a run, fine-tuned on its training rows; test rows are not looked at."""
    table, labels = dataset.table, dataset.labels(run.metric)
    if run.pretraining is None:
        predictor = Predictor(
            encoder=run.encoder,
            surrogate=run.surrogate,
            pretrain=run.pretrain,
            fit=run.fit,
            vocabulary=table.vocabulary,
        )
    else:
        predictor = Predictor.load(
            weights_path(run.pretraining, folder), encoder=foreign_name(run.encoder), fit=run.fit
        )
    columns = {name: dataset.proxy(name) for name in run.fit.proxies}
    held = split.validation
    validation = (table[held], labels[held], take(columns, held)) if len(held) else None
    return predictor.fit(
        table[split.train],
        labels[split.train],
        validation=validation,
        proxies=take(columns, split.train),
        reference=columns,
    )


def _embeddings(run: Run, folder: Path) -> npt.NDArray[np.float32]:
    """(N, width): what the fitted encoder of a run gives for every row of its data set."""
    dataset = _dataset(run.dataset, run.data_hash)
    split = split_of(dataset, run.metrics, run.split, run.protocol)
    return fit_run(dataset, run, split, folder).embed(dataset.table)


def _gp_predictions(dataset: Dataset, run: Run, split: Split) -> FloatArray:
    """The floor: trained on the training rows alone; it has no epoch to choose, so validation only
    calibrates.
    """
    features, labels = graph_features(dataset.table), dataset.labels(run.metric)
    train = labels[split.train]
    # normal scores: accuracies have a long lower tail that a Gaussian likelihood would chase
    scores = normal_scores(train)
    process = GaussianProcess().fit(features[split.train], scores)
    mean, _ = process.predict(features)
    known = split.validation if len(split.validation) > 1 else split.train
    slope, intercept = np.polyfit(mean[known], labels[known], 1)
    predicted: FloatArray = intercept + max(slope, 1e-9) * mean[split.test]
    return predicted
