"""The evaluation protocol (section 6 of the method): pre-train, fine-tune, predict, measure.

Everything here does what a `Run` or its `Pretraining` says: a function from values to a journal
entry, which may run in a worker process.
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
from nasflow.experiments.graph_models import blend_predictions, gp_predictions
from nasflow.experiments.kept import VERSION, weights_path
from nasflow.experiments.manifest import processor
from nasflow.experiments.methods import method_of
from nasflow.experiments.records import RunRecord
from nasflow.experiments.runs import Pretraining, PretrainRows, Run
from nasflow.options.protocol import ProtocolConfig
from nasflow.prediction.fgp import FGP
from nasflow.prediction.finetune import FineTuned
from nasflow.prediction.proxy_ranks import take
from nasflow.pretext.vectors import vector_columns
from nasflow.statistics.metrics import kendall_tau, precision_at, rmse, spearman
from nasflow.statistics.splits import Split, half_split

FloatArray = npt.NDArray[np.float64]

VALIDATION = "-validation"
"""What stands behind a run's key for how it does on the validation rows alone."""


# a worker does the runs of a few data sets in turn
@functools.lru_cache(maxsize=4)
def _dataset(name: str, data_hash: str) -> Dataset:  # noqa: ARG001  # the cache's key has the hash
    """The data set that a name opens, with this content."""
    return open_dataset(name)


def _use_one_thread() -> None:
    """One worker, one core; and the same bits whatever the number of workers."""
    torch.set_num_threads(1)


def do_pretraining(pretraining: Pretraining, folder: Path) -> dict[str, Any]:
    """Pre-train and keep the weights; returns a journal entry.

    Goes on from a checkpoint if a kill left one.
    """
    _use_one_thread()
    path = pretraining.path(folder)
    dataset = _dataset(pretraining.dataset, pretraining.data_hash)
    columns = {name: dataset.proxy(name) for name in pretraining.pretrain.proxies}
    if pretraining.source is not None:
        columns |= vector_columns(_embeddings(pretraining.source, folder))
    table = dataset.table
    if pretraining.rows is not None:
        rows = _pretraining_rows(dataset, pretraining.rows, pretraining.pretrain.seed)
        table = table[rows]
        columns = take(columns, rows)
    predictor = FGP(
        encoder=pretraining.encoder,
        surrogate=pretraining.surrogate,
        pretrain=pretraining.pretrain,
        as_computed=pretraining.as_computed,
    )
    checkpoint = path.with_suffix(".checkpoint")
    predictor.pretrain(table, columns, checkpoint=checkpoint)
    predictor.save(path)
    checkpoint.unlink(missing_ok=True)
    task_losses = {}
    for task, losses in predictor.history_.tasks.items():
        # by epoch, before the weights of the tasks; six digits, since nothing is computed from them
        task_losses[task] = [float(f"{loss:.6g}") for loss in losses]
    return {
        "key": pretraining.digest(),
        "version": VERSION,
        "kind": "pretraining",
        "pretext": pretraining.pretrain.pretext,
        "seed": pretraining.pretrain.seed,
        "seconds": sum(predictor.history_.seconds),
        "processor": processor(),
        "loss": predictor.history_.loss[-1],
        "task_losses": task_losses,
    }


def _pretraining_rows(dataset: Dataset, choice: PretrainRows, seed: int) -> npt.NDArray[np.int64]:
    """The rows that a pre-training sees, in their order in the table."""
    if choice.split is None:
        rows = np.random.RandomState(seed).permutation(len(dataset))
    else:
        protocol = ProtocolConfig(ratio=1.0, n_validation=0, group=choice.group)
        rows = split_of(dataset, choice.metrics, choice.split, protocol).training_half
    # the first ones, so that a larger share holds a smaller
    n_rows = max(2, int(choice.share * len(rows)))
    return np.sort(rows[:n_rows])


def do_run(run: Run, folder: Path) -> dict[str, Any]:
    """Fine-tune, predict and measure the test rows; returns a journal entry.

    What was predicted is kept beside the journal (`RunRecord`).
    """
    _use_one_thread()
    dataset = _dataset(run.dataset, run.data_hash)
    split = split_of(dataset, run.metrics, run.split, run.protocol)
    n_twins = _n_twins(dataset, split)
    started = time.perf_counter()
    fitted: FineTuned | None = None
    more: dict[str, float] = {}
    if run.method == "gp":
        best = last = gp_predictions(dataset, run, split)
    elif method_of(run.method).members:
        best, more = blend_predictions(dataset, run, split, folder)
        last = best
    else:
        best, last, fitted = _fgp_predictions(dataset, run, split, folder)
    fit_seconds = time.perf_counter() - started
    tested = run.metrics[-1]
    truth = dataset.labels(tested)[split.test]
    maximise = dataset.metric(tested).maximise
    if maximise != dataset.metric(run.metric).maximise:
        # better in the one is better in the other
        best, last = -best, -last
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
        "n_labels": len(split.train) + len(split.validation),
        "n_test": len(split.test),
        "fit_seconds": fit_seconds,
        "processor": processor(),
        "n_twins": n_twins,
    }
    entry |= measures(best, truth, maximise)
    if tested == run.metric:
        entry |= more  # intervals are of the metric that was trained on
    for name, value in measures(last, truth, maximise).items():
        entry[f"last_{name}"] = value
    validation_tau: Sequence[float] = ()
    if fitted is not None:
        entry["best_epoch"] = fitted.best_epoch
        validation_tau = fitted.validation_tau
    record = RunRecord(
        split.test.astype(np.int32),
        best.astype(np.float32),
        truth.astype(np.float32),
        np.array(validation_tau, np.float32),
    )
    # before its line is in the journal: a run that is known there has its record
    record.save(folder, run.key)
    return entry


def _n_twins(dataset: Dataset, split: Split) -> int:
    """How many test architectures compute the same as one whose label was seen."""
    ids = dataset.table.canonical_ids
    labelled = np.concatenate([split.train, split.validation])
    return int(np.isin(ids[split.test], ids[labelled]).sum())


def do_validation(run: Run, folder: Path) -> dict[str, Any]:
    """Fine-tune and measure the validation rows, for choosing options; returns a journal entry.

    Test rows are not predicted, nor their labels looked at.
    """
    _use_one_thread()
    dataset = _dataset(run.dataset, run.data_hash)
    split = split_of(dataset, run.metrics, run.split, run.protocol)
    fitted = fit_run(dataset, run, split, folder).fitted_
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
    """The split of a data set's rows for one seed.

    Rows where one of the metrics was never measured take no part.
    """
    labels = np.array([dataset.labels(name) for name in metrics])  # (n_metrics, N)
    rows = np.flatnonzero(np.isfinite(labels).all(axis=0))  # (n,)
    groups = None
    if protocol.group == "isomorphism":
        groups = dataset.table.canonical_ids[rows]
    split = half_split(
        len(rows),
        seed,
        protocol.ratio,
        protocol.n_validation,
        file_order=dataset.file_order_is_random,
        groups=groups,
    )
    # `half_split` counts the measured rows: back to those of the table
    return Split(
        rows[split.train], rows[split.validation], rows[split.test], rows[split.training_half]
    )


def measures(predicted: FloatArray, truth: FloatArray, maximise: bool) -> dict[str, float]:
    """tau, spearman, p1, p5 (all in [-1, 1] or [0, 1]) and rmse (in the label's unit)."""
    # precision looks at the best rows: those with the largest values
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
    """Test predictions at the best epoch on the validation rows, at the last one, and the fit."""
    predictor = fit_run(dataset, run, split, folder)
    columns = {name: dataset.proxy(name) for name in run.fit.proxies}
    test_graphs = dataset.table[split.test]
    test_columns = take(columns, split.test)
    best = predictor.predict(test_graphs, test_columns)
    # what there would be without validation rows
    last = predictor.use_epoch("last").predict(test_graphs, test_columns)
    return best, last, predictor.fitted_


def fit_run(dataset: Dataset, run: Run, split: Split, folder: Path) -> FGP:
    """The predictor of a run, fine-tuned on its training rows; test rows are not looked at."""
    table = dataset.table
    labels = dataset.labels(run.metric)
    if run.pretraining is None:
        predictor = FGP(
            encoder=run.encoder,
            surrogate=run.surrogate,
            pretrain=run.pretrain,
            fit=run.fit,
            vocabulary=table.vocabulary,
        )
    else:
        weights = weights_path(run.pretraining, folder)
        # an encoder from outside the package was named by the run, so it may be loaded
        predictor = FGP.load(weights, encoder=foreign_name(run.encoder), fit=run.fit)
    columns = {name: dataset.proxy(name) for name in run.fit.proxies}
    train, validation = split.train, None
    if method_of(run.method).validation_trains:
        train = np.concatenate([train, split.validation])
    elif len(split.validation):
        rows = split.validation
        validation = (table[rows], labels[rows], take(columns, rows))
    return predictor.fit(
        table[train],
        labels[train],
        validation=validation,
        proxies=take(columns, train),
        reference=columns,  # ranks are among all rows of the table: they take no label
    )


def _embeddings(run: Run, folder: Path) -> npt.NDArray[np.float32]:
    """(N, width): what the fitted encoder of a run gives for every row of its data set."""
    dataset = _dataset(run.dataset, run.data_hash)
    split = split_of(dataset, run.metrics, run.split, run.protocol)
    return fit_run(dataset, run, split, folder).embed(dataset.table)
