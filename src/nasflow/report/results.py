"""`Results`: what `nasflow evaluate` left in a folder, read and checked.

    manifest.json    what was measured, and the keys of the runs that the result rests on
    runs.jsonl       the journal: a line for each finished run and pre-training (`nasflow.running.journal`)
    predictions/     what each run predicted (`nasflow.experiments.records`)

The first two make a folder of results. Folders written before a piece was kept lack it: what asks
for it raises a `MissingDataError` that says so, and the report leaves that section out.
"""

from __future__ import annotations

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
        return {
            method: sum(entry["seconds"] for entry in done) / len(done)
            for method, done in self.pretrainings.items()
        }

    @property
    def surrogate(self) -> SurrogateConfig:
        """How the flow surrogate was made.

        Raises:
            ConfigError, DataError: the manifest does not say, or says what is no option here.
        """
        path = self.folder / "manifest.json"
        return SurrogateConfig.from_dict(
            _part(path, _part(path, self.manifest, "options"), "surrogate")
        )

    @cached_property
    def records(self) -> dict[str, RunRecord]:
        """The record of each run that has one, by its key.

        Raises:
            MissingDataError: none has.
            DataError: one is damaged.
        """
        found = {}
        for entry in self.entries:
            try:
                found[entry["key"]] = RunRecord.load(self.folder, entry["key"])
            except MissingDataError:
                continue
        if not found:
            raise MissingDataError(
                f"{self.folder / 'predictions'} holds none of these runs: they were made before "
                "predictions were kept, or the folder was copied without it"
            )
        return found

    @cached_property
    def dataset(self) -> Dataset:
        """The data set that the runs were made on.

        Raises:
            NasflowError: it is not at hand, or has changed.
        """
        dataset = open_dataset(self.entries[0]["dataset"])
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
    dataset, metric = _part(path, manifest, "dataset"), _part(path, manifest, "metric")
    try:
        what = Metric(**metric)
        name, data_hash = dataset["name"], dataset.get("metric_sha256", dataset["content_sha256"])
    except (TypeError, KeyError) as error:
        raise DataError(
            f"{path} does not say which data set and metric it is about ({error!r}); write it anew"
            " with nasflow evaluate"
        ) from None
    texts = (name, data_hash, what.name, what.description, what.unit)
    if not all(isinstance(text, str) for text in texts) or not isinstance(what.maximise, bool):
        raise DataError(
            f"{path} names its data set or metric by something else than text; write it anew with "
            "nasflow evaluate"
        )
    journal = Journal(folder / "runs.jsonl")
    known = journal.entries()
    keys = _runs(path, manifest, known, what.name)
    entries = [_checked(journal.path, known[key], "run") for key in keys if key in known]
    if not entries:
        raise DataError(
            f"{journal.path} holds no finished run of this result yet: nasflow evaluate goes on"
            " where it was when it is started anew"
        )
    return Results(
        folder,
        name,
        data_hash,
        what,
        manifest,
        entries,
        len(keys),
        _pretrainings(journal.path, known, keys, entries),
    )


def _runs(
    path: Path, manifest: Mapping[str, Any], known: Mapping[str, Entry], metric: str
) -> dict[str, str | None]:
    """The key of each planned run, with that of its pre-training."""
    if manifest.get("runs"):
        runs: dict[str, str | None] = dict(_part(path, manifest, "runs"))
        return runs
    # before manifests listed them: of runs that a table would show as one the last
    last: dict[tuple[Any, ...], str] = {}
    for key, entry in known.items():
        if entry.get("kind") == "run" and entry.get("metric") == metric:
            last[str(entry.get("method")), str(entry.get("split")), str(entry.get("seed"))] = key
    seeds = {
        (entry.get("pretext"), entry.get("seed")): key
        for key, entry in known.items()
        if entry.get("kind") == "pretraining"
    }
    return {
        key: seeds.get((known[key].get("method"), known[key].get("seed"))) for key in last.values()
    }


def _pretrainings(
    path: Path, known: Mapping[str, Entry], runs: Mapping[str, str | None], entries: Sequence[Entry]
) -> dict[str, list[Entry]]:
    """The finished pre-trainings of each method, each once however many splits share it."""
    found: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        key = runs[entry["key"]]
        if key is not None and key in known:
            found.setdefault(entry["method"], {})[key] = _checked(path, known[key], "pretraining")
    return {method: list(own.values()) for method, own in found.items()}


def _checked(path: Path, entry: Entry, kind: str) -> Entry:
    """`entry`, if it has what the report reads; the file may have been written by anyone."""
    legal = {
        "run": {
            **dict.fromkeys(_WORDS, "text"),
            **dict.fromkeys(_COUNTS, "whole number"),
            **dict.fromkeys(_NUMBERS, "number"),
        },
        "pretraining": {"key": "text", "seconds": "number"},
    }[kind]
    for name, what in legal.items():
        if not _is(what, entry.get(name)):
            raise DataError(
                f"{path}: the {kind} {entry.get('key')!r} has {name} {entry.get(name)!r}; it needs"
                f" a {what}; delete its line, and it is made again"
            )
    if not str(entry["key"]).isalnum():  # it names a file
        raise DataError(f"{path}: {entry['key']!r} is no key of a {kind}; delete its line")
    return entry


def _is(what: str, value: Any) -> bool:
    if what == "text":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(
        value, int if what == "whole number" else (int, float)
    ):
        return False
    return math.isfinite(value)


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
