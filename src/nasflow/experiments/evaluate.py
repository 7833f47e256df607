"""`evaluate`: a grid of methods on one data set, from options to table, CSV, manifest and
picture.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasflow.datasets import Dataset, open_dataset
from nasflow.errors import ConfigError
from nasflow.experiments import tables
from nasflow.experiments.grid import pretraining_seconds, run_grid
from nasflow.experiments.manifest import write_manifest
from nasflow.experiments.pictures import surrogate_map
from nasflow.experiments.runs import check_methods, plan
from nasflow.experiments.stages import Stages
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import EncoderConfig, FitConfig, PretrainConfig
from nasflow.prediction.proxy_ranks import without_value
from nasflow.running.files import write_text
from nasflow.surrogate import FlowSurrogate

FLOOR = "gp"


def evaluate(
    source: str,
    metric: str | None,
    methods: Sequence[str],
    folder: Path,
    *,
    encoder: EncoderConfig,
    surrogate: SurrogateConfig,
    pretrain: PretrainConfig,
    fit: FitConfig,
    protocol: ProtocolConfig,
    per_method: Mapping[str, Mapping[str, Any]] | None = None,
    n_workers: int,
    ray: str | None = None,
    progress: bool = True,
) -> str:
    """Run the grid and write `table.md`, `runs.csv`, `manifest.json` and `surrogates.png` into
    `folder`.

    Returns the text of `table.md`. The floor (`gp`) is always among the methods. `per_method`
    changes options of single methods, by dotted names; it may know more methods than are evaluated.
    """
    if not methods:
        raise ConfigError("no method is named; name at least one, such as flow")
    dataset = open_dataset(source)
    what = dataset.metric(metric)
    chosen = tuple(dict.fromkeys([*methods, FLOOR]))
    given = Stages(encoder, surrogate, pretrain, fit, protocol)
    check_methods(per_method or {})
    own = {method: given.changed((per_method or {}).get(method, {})) for method in chosen}
    runs = [
        run
        for method, stages in own.items()
        for run in plan(
            source,
            dataset,
            what.name,
            (method,),
            encoder=stages.encoder,
            surrogate=stages.surrogate,
            pretrain=stages.pretrain,
            fit=stages.fit,
            protocol=stages.protocol,
        )
    ]
    write_manifest(
        folder / "manifest.json",
        dataset,
        runs[0].metrics[-1],
        {
            "methods": chosen,
            "metric": what.name,
            "encoder": encoder.to_dict(),
            "surrogate": surrogate.to_dict(),
            "pretrain": pretrain.to_dict(),
            "fit": fit.to_dict(),
            "protocol": protocol.to_dict(),
            "per_method": dict(per_method or {}),
        },
        runs,
    )
    map_path = folder / "surrogates.png"
    values = dataset.labels(what.name) * (1 if what.maximise else -1)
    surrogates = FlowSurrogate(dataset.table.n_ops, surrogate).targets(dataset.table).numpy()
    surrogate_map(
        map_path,
        surrogates,
        values,
        f"Flow surrogates of {dataset.name}",
        f"rank by {what.name} (100 = best)",
    )
    entries = run_grid(runs, folder, n_workers, ray=ray, progress=progress)
    first, n_runs = entries[0], len(protocol.splits) * len(protocol.seeds)
    ceiling = dataset.repeatability(what.name)
    pairs = tables.interesting_pairs(chosen)
    text = (
        f"{dataset.name}, {what.name}: {what.description}.\n{len(protocol.splits)} splits x"
        f" {len(protocol.seeds)} seeds = {n_runs} runs; {first['n_train']} labels to train on,"
        f" {first['n_validation']} more to choose the epoch, {first['n_test']} to test on\n(of"
        f" which {first['n_twins']} compute the same as a labelled one, in the first run).\n"
        + (
            ""
            if ceiling is None
            else f"Label noise: tau between two repeats of a label is {100 * ceiling:.1f}.\n"
        )
        + _proxies_beside(dataset, fit)
        + "tau, Spearman and P@K x100; mean (standard deviation); RMSE in the label's unit.\n\n"
        + tables.markdown(tables.results_table(entries, pretraining_seconds(runs, folder)))
        + "\nPaired by split and seed, x100:\n\n"
        + tables.markdown(tables.differences_table(entries, pairs))
    )
    tables.write_csv(folder / "runs.csv", entries)
    write_text(folder / "table.md", f"{text}\nCommand: `{' '.join(['nasflow', *sys.argv[1:]])}`\n")
    return text


def _proxies_beside(dataset: Dataset, fit: FitConfig) -> str:
    """A sentence on the proxies that every method but the floor reads beside the graph; empty
    without any.
    """
    if not fit.proxies:
        return ""
    told = without_value(fit.proxies, {name: dataset.proxy(name) for name in fit.proxies})
    return (
        f"All methods but {FLOOR} also read the ranks of {', '.join(fit.proxies)}."
        f"{f' Of these, {told}.' if told else ''}\n"
    )
