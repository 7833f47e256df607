"""What stands in files of results, checked before anything is made of it: anyone may have written
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasflow.datasets import Metric
from nasflow.errors import DataError
from nasflow.experiments.tables import COLUMNS, Entry

LEGAL_FOLDERS = (
    "name a folder that nasflow evaluate wrote, which holds manifest.json and runs.jsonl, or one of"
    " nasflow reproduce, which holds runs.jsonl and the NAME-manifest.json of each page"
)
_WORDS = ("key", "dataset", "metric", "method")
_COUNTS = ("split", "seed", "n_train", "n_validation", "n_test")
_RANGES = {
    "whole number": (-(2**63), 2**63 - 1),
    "number from -1 to 1": (-1, 1),
    # beyond any error and any time, and such that sums of squares are still numbers
    "number of at least 0 and at most 1e100": (0, 1e100),
}
_WHOLE, _SHARE, _SIZE = _RANGES
_LEGAL_VALUES = {
    "run": {
        **dict.fromkeys(_WORDS, "text"),
        **dict.fromkeys(_COUNTS, _WHOLE),
        **dict.fromkeys(COLUMNS, _SHARE),
        "rmse": _SIZE,
        "fit_seconds": _SIZE,
    },
    "pretraining": {"key": "text", "seconds": _SIZE},
}
"""What a journal's entries of each kind must have."""
_LEGAL_WHERE_PRESENT = {
    **dict.fromkeys(("in50", "in90"), _SHARE),
    **dict.fromkeys(("width50", "width90", "crps"), _SIZE),
}
"""What those of methods with intervals have besides."""


def checked_entry(path: Path, entry: Entry, kind: str) -> Entry:
    """`entry`, if it has what the report reads.

    Raises:
        DataError: it has not; names the journal `path`, the entry and the value.
    """
    legal_values = dict(_LEGAL_VALUES[kind])
    for name, legal in _LEGAL_WHERE_PRESENT.items():
        if name in entry:
            legal_values[name] = legal
    for name, legal in legal_values.items():
        if not _is(legal, entry.get(name)):
            raise DataError(
                f"{path}: the {kind} {entry.get('key')!r} has {name}"
                f" {repr(entry.get(name))[:60]}; it needs a {legal}; delete its line, and it is"
                " made again"
            )
    if not str(entry["key"]).isalnum():  # it names a file
        raise DataError(f"{path}: {entry['key']!r} is no key of a {kind}; delete its line")
    return entry


def pretrainings_of(
    path: Path,
    finished: Mapping[str, Entry],
    runs: Mapping[str, str | None],
    entries: Sequence[Entry],
) -> dict[str, list[Entry]]:
    """The finished pre-trainings of each method, each once however many splits share it.

    Args:
        path: the journal.
        finished: its entries by key.
        runs: the key of each run, and that of its pre-training.
        entries: those of the runs.

    Raises:
        DataError: one lacks what the report reads.
    """
    by_method: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        key = runs[entry["key"]]
        if key is not None and key in finished:
            pretraining = checked_entry(path, finished[key], "pretraining")
            by_method.setdefault(entry["method"], {})[key] = pretraining
    return {method: list(by_key.values()) for method, by_key in by_method.items()}


def read_object(path: Path, remedy: str) -> dict[str, Any]:
    """The JSON object in a file; `remedy` says what to do where there is none.

    Raises:
        DataError: it holds no JSON, or something else than an object.
    """
    try:
        data = json.loads(path.read_text())
    # a file of [[[[[... is deeper than the reader can go
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON ({error}); {remedy}") from None
    if not isinstance(data, dict):
        raise DataError(f"{path} is no manifest but a JSON {type(data).__name__}; {LEGAL_FOLDERS}")
    return data


def object_in(path: Path, manifest: Mapping[str, Any], name: str, remedy: str) -> dict[str, Any]:
    """The object `name` of a manifest that stands in `path`.

    Raises:
        DataError: it is none.
    """
    part = manifest.get(name)
    if not isinstance(part, dict):
        raise DataError(f"{path} has no object {name!r}; {remedy}")
    return part


def run_keys(path: Path, manifest: Mapping[str, Any], remedy: str) -> dict[str, str | None]:
    """The key of each run that a manifest lists, with that of its pre-training.

    Raises:
        DataError: it lists something else.
    """
    runs = object_in(path, manifest, "runs", remedy)
    for key, pretraining in runs.items():
        if not (pretraining is None or isinstance(pretraining, str)):
            raise DataError(
                f"{path}: the run {key!r} has the pre-training {str(pretraining)[:60]}; it needs a"
                f" key or null; {remedy}"
            )
    return runs


def read_subject(path: Path, about: Mapping[str, Any], remedy: str) -> tuple[str, str, Metric]:
    """The name of the data set that a manifest is about, the hash of its content, and the metric.

    Raises:
        DataError: the manifest does not say.
    """
    dataset = object_in(path, about, "dataset", remedy)
    try:
        metric = Metric(**object_in(path, about, "metric", remedy))
        name, data_hash = dataset["name"], dataset.get("metric_sha256", dataset["content_sha256"])
    except (TypeError, KeyError) as error:
        raise DataError(
            f"{path} does not say which data set and metric it is about ({error!r}); {remedy}"
        ) from None
    texts = (name, data_hash, metric.name, metric.description, metric.unit)
    if not all(isinstance(text, str) for text in texts) or not isinstance(metric.maximise, bool):
        raise DataError(
            f"{path} names its data set or metric by something else than text; {remedy}"
        )
    return name, data_hash, metric


def _is(legal: str, value: Any) -> bool:
    """Whether a value is what is legal: text, or a number in the range of that name."""
    if legal == "text":
        return isinstance(value, str)
    # by type: True is an integer to Python
    types = (int,) if legal == _WHOLE else (int, float)
    low, high = _RANGES[legal]
    return type(value) in types and low <= value <= high
