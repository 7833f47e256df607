"""`Results`: what `nasflow evaluate` left in a folder, read and checked.

    manifest.json    what was measured, and the keys of the runs that the result rests on
    runs.jsonl       the journal: a line for each finished run and pre-training
    predictions/     what each run predicted (`nasflow.experiments.records`)

The first two make a folder of results; the second is read by `nasflow.running.journal`. Folders
written before a piece was kept lack it: what asks for it raises a `MissingDataError` that says so,
and the report leaves that section out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasflow.datasets import Dataset, Metric, open_dataset
from nasflow.errors import DataError, MissingDataError
from nasflow.experiments.records import RunRecord
from nasflow.experiments.tables import Entry, by_method
from nasflow.options.surrogate import SurrogateConfig
from nasflow.report.checks import (
    LEGAL_FOLDERS,
    checked_entry,
    object_in,
    pretrainings_of,
    read_object,
    read_subject,
    run_keys,
)
from nasflow.running.cached import cached_property
from nasflow.running.journal import Journal

_REMEDY = "write it anew with nasflow evaluate"


@dataclass(frozen=True, eq=False)
class Results:
    """The runs of one evaluation, and what was kept of them."""

    folder: Path
    dataset_name: str
    """The data set's name."""
    data_hash: str
    """SHA-256 of its content: of graphs and label, in older results of all metrics."""
    metric: Metric
    """What was predicted."""
    manifest: Mapping[str, Any]
    """All that the manifest says."""
    entries: Sequence[Entry]
    """The journal entries of the finished runs, in the order of the plan."""
    n_planned: int
    """Number of runs when all are done."""
    pretrainings: Mapping[str, Sequence[Entry]]
    """The journal entries of the pre-trainings of each method that has some."""

    @property
    def methods(self) -> list[str]:
        """The methods with a finished run, in the order of the plan."""
        return list(by_method(self.entries))

    @property
    def pretraining_seconds(self) -> dict[str, float]:
        """Mean seconds of pre-training for each method."""
        means = {}
        for method, done in self.pretrainings.items():
            means[method] = sum(entry["seconds"] for entry in done) / len(done)
        return means

    @property
    def surrogate(self) -> SurrogateConfig:
        """How the flow surrogate was made.

        Raises:
            ConfigError, DataError: the manifest does not say, or says what is no option here.
        """
        path = self.folder / "manifest.json"
        options = object_in(path, self.manifest, "options", _REMEDY)
        return SurrogateConfig.from_dict(object_in(path, options, "surrogate", _REMEDY))

    @cached_property
    def records(self) -> dict[str, RunRecord]:
        """The record of each run that has one, by its key.

        Raises:
            MissingDataError: none has.
            DataError: one is damaged.
        """
        records = {}
        for entry in self.entries:
            # a folder may have been gone on with by a version that keeps records
            with contextlib.suppress(MissingDataError):
                records[entry["key"]] = RunRecord.load(self.folder, entry["key"])
        if not records:
            raise MissingDataError(
                f"{self.folder / 'predictions'} holds none of these runs: they were made before "
                "predictions were kept, or the folder was copied without it"
            )
        return records

    @cached_property
    def dataset(self) -> Dataset:
        """The data set that the runs were made on.

        Raises:
            NasflowError: it is not at hand, or has changed.
        """
        dataset = open_dataset(self.entries[0]["dataset"])
        # older manifests hash all metrics, so that a new column is a change to them
        older = "metric_sha256" not in self.manifest["dataset"]
        # what was predicted may be another label than the one that was hashed
        hashed = dataset.metric(self.manifest["metric"]["name"]).name
        seen = dataset.content_hash(None if older else [hashed])
        if seen != self.data_hash:
            raise DataError(
                f"the data set {self.entries[0]['dataset']} is no longer the one that these runs"
                f" were made on: its content has the SHA-256 {seen[:16]} ..., theirs"
                f" {self.data_hash[:16]} ..."
            )
        return dataset


def read_results(folder: Path) -> Results:
    """The results in a folder that `nasflow evaluate` wrote.

    Raises:
        MissingDataError: there is no such folder, or it lacks what makes it one of results.
        DataError: it holds no finished run yet, or something malformed; names the file.
    """
    check_folder(folder, "manifest.json", "runs.jsonl")
    path = folder / "manifest.json"
    manifest = read_object(path, _REMEDY)
    name, data_hash, metric = read_subject(path, manifest, _REMEDY)
    journal = Journal(folder / "runs.jsonl")
    finished = journal.entries()
    keys = _runs(path, manifest, finished, metric.name)
    entries = [checked_entry(journal.path, finished[key], "run") for key in keys if key in finished]
    if not entries:
        raise DataError(
            f"{journal.path} holds no finished run of this result yet: nasflow evaluate goes on"
            " where it was when it is started anew"
        )
    pretrainings = pretrainings_of(journal.path, finished, keys, entries)
    return Results(folder, name, data_hash, metric, manifest, entries, len(keys), pretrainings)


def check_folder(folder: Path, *files: str) -> None:
    """Return if `folder` is one that holds the files of results.

    Raises:
        MissingDataError: it is not; the message says what is.
    """
    if not folder.is_dir():
        seen = "is a file" if folder.exists() else "does not exist"
        raise MissingDataError(f"{folder} {seen}; {LEGAL_FOLDERS}")
    for file in files:
        if not (folder / file).is_file():
            raise MissingDataError(
                f"{folder} is no folder of results: it has no {file}; {LEGAL_FOLDERS}"
            )


def _runs(
    path: Path, manifest: Mapping[str, Any], finished: Mapping[str, Entry], metric: str
) -> dict[str, str | None]:
    """The key of each planned run, with that of its pre-training."""
    if manifest.get("runs"):
        return run_keys(path, manifest, _REMEDY)
    # before manifests listed them: of runs that a table would show as one the last
    last: dict[tuple[str, ...], str] = {}
    pretraining: dict[tuple[str, str], str] = {}
    for key, entry in finished.items():
        if entry.get("kind") == "run" and entry.get("metric") == metric:
            # as text, since anything may stand in a journal, and not all of it can be a key
            last[tuple(str(entry.get(name)) for name in ("method", "split", "seed"))] = key
        elif entry.get("kind") == "pretraining":
            pretraining[str(entry.get("pretext")), str(entry.get("seed"))] = key
    runs: dict[str, str | None] = {}
    for key in last.values():
        entry = finished[key]
        runs[key] = pretraining.get((str(entry.get("method")), str(entry.get("seed"))))
    return runs
