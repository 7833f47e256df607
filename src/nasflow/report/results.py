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
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nasflow.datasets import Dataset, Metric, open_dataset
from nasflow.errors import DataError, MissingDataError
from nasflow.experiments.records import RunRecord
from nasflow.experiments.tables import COLUMNS, Entry, by_method
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.journal import Journal

_LEGAL = "name a folder that nasflow evaluate wrote: it holds manifest.json and runs.jsonl"
_WORDS = ("key", "dataset", "metric", "method")
_COUNTS = ("split", "seed", "n_train", "n_validation", "n_test")
_NUMBERS = (*COLUMNS, "fit_seconds")
_LEGAL_VALUES = {
    "run": {
        **dict.fromkeys(_WORDS, "text"),
        **dict.fromkeys(_COUNTS, "whole number"),
        **dict.fromkeys(_NUMBERS, "number"),
    },
    "pretraining": {"key": "text", "seconds": "number"},
}
"""What a journal's entries of each kind must have."""


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
        options = _part(path, self.manifest, "options")
        return SurrogateConfig.from_dict(_part(path, options, "surrogate"))

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
        seen = dataset.content_hash(None if older else [dataset.metric(self.metric.name).name])
        if seen != self.data_hash:
            raise DataError(
                f"the data set {self.entries[0]['dataset']} is no longer the one that these runs"
                f" were made on: its content has the SHA-256 {seen[:16]} ..., theirs"
                f" {self.data_hash[:16]} ..."
            )
        return dataset


def read_results(folder: Path) -> Results:
    """The results in a folder.

    Raises:
        MissingDataError: there is no such folder, or it lacks what makes it one of results.
        DataError: it holds no finished run yet, or something malformed; names the file.
    """
    if not folder.is_dir():
        seen = "is a file" if folder.exists() else "does not exist"
        raise MissingDataError(f"{folder} {seen}; {_LEGAL}")
    for file in ("manifest.json", "runs.jsonl"):
        if not (folder / file).is_file():
            raise MissingDataError(f"{folder} is no folder of results: it has no {file}; {_LEGAL}")
    path = folder / "manifest.json"
    manifest = _object(path)
    dataset = _part(path, manifest, "dataset")
    try:
        metric = Metric(**_part(path, manifest, "metric"))
        name, data_hash = dataset["name"], dataset.get("metric_sha256", dataset["content_sha256"])
    except (TypeError, KeyError) as error:
        raise DataError(
            f"{path} does not say which data set and metric it is about ({error!r}); write it anew"
            " with nasflow evaluate"
        ) from None
    texts = (name, data_hash, metric.name, metric.description, metric.unit)
    if not all(isinstance(text, str) for text in texts) or not isinstance(metric.maximise, bool):
        raise DataError(
            f"{path} names its data set or metric by something else than text; write it anew with "
            "nasflow evaluate"
        )
    journal = Journal(folder / "runs.jsonl")
    finished = journal.entries()
    keys = _runs(path, manifest, finished, metric.name)
    entries = [_checked(journal.path, finished[key], "run") for key in keys if key in finished]
    if not entries:
        raise DataError(
            f"{journal.path} holds no finished run of this result yet: nasflow evaluate goes on"
            " where it was when it is started anew"
        )
    return Results(
        folder,
        name,
        data_hash,
        metric,
        manifest,
        entries,
        len(keys),
        _pretrainings(journal.path, finished, keys, entries),
    )


def _runs(
    path: Path, manifest: Mapping[str, Any], finished: Mapping[str, Entry], metric: str
) -> dict[str, str | None]:
    """The key of each planned run, with that of its pre-training."""
    if manifest.get("runs"):
        runs: dict[str, str | None] = dict(_part(path, manifest, "runs"))
        return runs
    # before manifests listed them: of runs that a table would show as one the last
    last: dict[tuple[str, ...], str] = {}
    pretraining: dict[tuple[Any, Any], str] = {}
    for key, entry in finished.items():
        if entry.get("kind") == "run" and entry.get("metric") == metric:
            # as text, since anything may stand in a journal, and not all of it can be a key
            last[tuple(str(entry.get(name)) for name in ("method", "split", "seed"))] = key
        elif entry.get("kind") == "pretraining":
            pretraining[entry.get("pretext"), entry.get("seed")] = key
    runs = {}
    for key in last.values():
        entry = finished[key]
        runs[key] = pretraining.get((entry.get("method"), entry.get("seed")))
    return runs


def _pretrainings(
    path: Path,
    finished: Mapping[str, Entry],
    runs: Mapping[str, str | None],
    entries: Sequence[Entry],
) -> dict[str, list[Entry]]:
    """The finished pre-trainings of each method, each once however many splits share it."""
    by_method: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        key = runs[entry["key"]]
        if key is not None and key in finished:
            pretraining = _checked(path, finished[key], "pretraining")
            by_method.setdefault(entry["method"], {})[key] = pretraining
    return {method: list(by_key.values()) for method, by_key in by_method.items()}


def _checked(path: Path, entry: Entry, kind: str) -> Entry:
    """`entry`, if it has what the report reads; the file may have been written by anyone."""
    for name, legal in _LEGAL_VALUES[kind].items():
        if not _is(legal, entry.get(name)):
            raise DataError(
                f"{path}: the {kind} {entry.get('key')!r} has {name} {entry.get(name)!r}; it needs"
                f" a {legal}; delete its line, and it is made again"
            )
    if not str(entry["key"]).isalnum():  # it names a file
        raise DataError(f"{path}: {entry['key']!r} is no key of a {kind}; delete its line")
    return entry


def _is(legal: str, value: Any) -> bool:
    """Whether a value is what is legal: text, a whole number or a finite number."""
    if legal == "text":
        return isinstance(value, str)
    # True is an integer to Python
    if isinstance(value, bool):
        return False
    types = (int,) if legal == "whole number" else (int, float)
    return isinstance(value, types) and math.isfinite(value)


def _object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
    except ValueError as error:
        raise DataError(
            f"{path} is no JSON ({error}); write it anew with nasflow evaluate"
        ) from None
    if not isinstance(data, dict):
        raise DataError(f"{path} is no manifest but a JSON {type(data).__name__}; {_LEGAL}")
    return data


def _part(path: Path, manifest: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = manifest.get(name)
    if not isinstance(part, dict):
        raise DataError(f"{path} has no object {name!r}; write it anew with nasflow evaluate")
    return part
