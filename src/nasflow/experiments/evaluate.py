"""`evaluate`: methods on one data set, from options to table, CSV, manifest and picture."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nasflow.datasets import Dataset, Metric, open_dataset
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError, DataError
from nasflow.experiments import tables
from nasflow.experiments.grid import pretraining_seconds, run_grid
from nasflow.experiments.kept import keys_with_pretraining
from nasflow.experiments.manifest import write_manifest
from nasflow.experiments.methods import FLOOR, check_methods
from nasflow.experiments.pictures import surrogate_map
from nasflow.experiments.runs import Run, plan
from nasflow.experiments.stages import Stages
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, FitConfig, PretrainConfig
from nasflow.prediction.proxy_ranks import without_value
from nasflow.running.files import PathLike, write_text
from nasflow.running.journal import Journal
from nasflow.surrogate import FlowSurrogate


def evaluate(
    source: str,
    metric: str | None = None,
    methods: Sequence[str] = ("none", "flow"),
    folder: PathLike = "runs/evaluate",
    *,
    encoder: EncoderConfig | None = None,
    surrogate: SurrogateConfig | None = None,
    pretrain: PretrainConfig | None = None,
    fit: FitConfig | None = None,
    protocol: ProtocolConfig | None = None,
    per_method: Mapping[str, Mapping[str, Any]] | None = None,
    n_workers: int = 1,
    ray: str | None = None,
    progress: bool = True,
) -> str:
    """Run the grid; writes `table.md`, `runs.csv`, `manifest.json`, `surrogates.png` into `folder`.

    Args:
        source: a registered name, or a file.
        metric: what is predicted; by default the data set's first.
        methods: names (`nasflow.experiments.methods`). The floor, features, is always among them.
        folder: where results go; what is done there is not done again.
        encoder, surrogate, pretrain, fit, protocol: the options of each stage.
        per_method: options of single methods, by dotted names; it may know more methods than are
            evaluated.
        n_workers: number of processes.
        ray: address of a Ray cluster that does the work in their place.
        progress: whether to draw a progress bar.

    Returns:
        The text of `table.md`.
    """
    if not methods:
        raise ConfigError("no method is named; name at least one, such as flow")
    folder = Path(folder)
    dataset = open_dataset(source)
    label = dataset.metric(metric)
    n_measured = int(np.isfinite(dataset.labels(label.name)).sum())
    if n_measured < 2:
        raise DataError(
            f"{source}: {n_measured} of {len(dataset)} rows have a value of {label.name}; there is"
            " nothing to evaluate"
        )
    # a table without its floor does not tell what an encoder is worth
    all_methods = tuple(dict.fromkeys([*methods, FLOOR]))
    stages = Stages(
        encoder or EncoderConfig(),
        surrogate or SurrogateConfig(),
        pretrain or LONG_PRETRAINING,
        fit or FitConfig(),
        protocol or ProtocolConfig(),
    )
    per_method = dict(per_method or {})
    # of all, evaluated or not: a misspelt method would be left out without a word
    check_methods(per_method)
    runs: list[Run] = []
    for method in all_methods:
        changed = stages.changed(per_method.get(method, {}))
        # one method at a time, since each may have options of its own
        runs += plan(source, dataset, label.name, (method,), **vars(changed))
    options = {
        "methods": all_methods,
        "metric": label.name,
        **stages.to_dict(),
        "per_method": per_method,
    }
    # before the runs, so that a report finds it beside a grid that is not finished
    keys = keys_with_pretraining(Journal(folder / "runs.jsonl").entries(), runs)
    write_manifest(folder / "manifest.json", dataset, runs[0].metrics[-1], options, keys)
    _draw_map(folder / "surrogates.png", dataset, label, stages.surrogate)
    entries = run_grid(runs, folder, n_workers, ray=ray, progress=progress)
    results = tables.results_table(entries, pretraining_seconds(runs, folder))
    differences = tables.differences_table(entries, tables.interesting_pairs(all_methods))
    text = (
        _about(dataset, label, stages, entries)
        + "tau, Spearman and P@K x100; mean (standard deviation); RMSE in the label's unit.\n\n"
        + tables.markdown(results)
        + _intervals(entries)
        + "\nPaired by split and seed, x100:\n\n"
        + tables.markdown(differences)
    )
    tables.write_csv(folder / "runs.csv", entries)
    command = " ".join(["nasflow", *sys.argv[1:]])
    write_text(folder / "table.md", f"{text}\nCommand: `{command}`\n")
    return text


def _draw_map(path: Path, dataset: Dataset, label: Metric, surrogate: SurrogateConfig) -> None:
    """Draw the surrogates of all architectures, coloured by the label."""
    # the map ranks by `values`, the best first
    values = dataset.labels(label.name) * (1 if label.maximise else -1)
    surrogates = FlowSurrogate(dataset.table.n_ops, surrogate).targets(dataset.table).numpy()
    title = f"Flow surrogates of {dataset.name}"
    surrogate_map(path, surrogates, values, title, f"rank by {label.name} (100 = best)")


def _intervals(entries: Sequence[Mapping[str, Any]]) -> str:
    """How the intervals of those methods hold that have some; empty where none has."""
    table = tables.intervals_table(entries)
    # its header is always there
    if len(table) == 1:
        return ""
    told = "Shares of test labels inside intervals in %, widths and CRPS in the label's unit:"
    return f"\n{told}\n\n{tables.markdown(table)}"


def _about(
    dataset: Dataset, label: Metric, stages: Stages, entries: Sequence[Mapping[str, Any]]
) -> str:
    """What was measured on what, a fact in a line."""
    protocol = stages.protocol
    n_splits, n_seeds = len(protocol.splits), len(protocol.seeds)
    # all runs have as many rows; how many are twins depends on the split
    first = entries[0]
    n_train, n_validation, n_test = first["n_train"], first["n_validation"], first["n_test"]
    lines = [
        f"{dataset.name}, {label.name}: {label.description}.",
        f"{n_splits} splits x {n_seeds} seeds = {n_splits * n_seeds} runs; {n_train} labels to"
        f" train on, {n_validation} more to choose the epoch or to train on as well, {n_test} to"
        " test on",
        f"(of which {first['n_twins']} compute the same as a labelled one, in the first run).",
    ]
    ceiling = dataset.repeatability(label.name)
    # where labels were measured once there is no ceiling to tell
    if ceiling is not None:
        tau = 100 * ceiling
        lines.append(f"Label noise: tau between two repeats of a label is {tau:.1f}.")
    text = "\n".join(lines) + "\n"
    return text + _proxies_beside(dataset, stages.fit)


def _proxies_beside(dataset: Dataset, fit: FitConfig) -> str:
    """A sentence on the proxies that methods read beside the graph; empty without any."""
    if not fit.proxies:
        return ""
    columns = {name: dataset.proxy(name) for name in fit.proxies}
    missing = without_value(fit.proxies, columns)
    text = f"All methods but {FLOOR} and gp also read the ranks of {', '.join(fit.proxies)}."
    # what has no value takes a middle rank: a reader must know of how many that is so
    if missing:
        text += f" Of these, {missing}."
    return f"{text}\n"
