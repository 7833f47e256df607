"""search: NPENAS from each pre-training (the paper's figure on search), simulated on NAS-Bench-201.

Each trial starts from 20 random architectures, the same for all pre-trainings; a training is a look
at the table. Chosen is by validation accuracy, reported the test accuracy of the best so far.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasflow.datasets import Dataset
from nasflow.errors import unknown_name
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.pictures import FloatArray, drawing
from nasflow.experiments.settings import SETTINGS
from nasflow.options.search import SearchConfig
from nasflow.running.journal import Journal
from nasflow.running.progress import progress_bar
from nasflow.running.workers import Task, run_tasks
from nasflow.search.comparison import FROM, STEPS, at_steps, gains_table, steps_at_or_above
from nasflow.search.simulation import along, among_rows, simulate
from nasflow.search.strategies.npenas import NPENAS
from nasflow.spaces import load_space
from nasflow_paper.reproductions.base import Block, Page, Picture, ReproduceOptions, Table
from nasflow_paper.reproductions.variants import FGP, METHODS, NONE, Variant, stages_of

SPACE, CHOSEN_BY = "nb201", "cifar10_valid"
TRIALS, BUDGET, QUICK_BUDGET = 3, 150, 40
STRATEGY = SearchConfig(strategy="npenas", n_mutations=5)
"""Of each parent five mutations, as the paper has it; the rest is the package's default."""


def search(options: ReproduceOptions) -> Page:
    """The page."""
    options.choose((SPACE,))
    setting = SETTINGS[SPACE]
    dataset = setting.dataset()
    budget = QUICK_BUDGET if options.quick else BUDGET
    trials = options.seeds or tuple(range(1 if options.quick else TRIALS))
    variants, folder = _asked_for(options), options.folder.absolute()
    configs = {v.label: _config(v, options.quick) for v in METHODS}
    keys = {
        (label, trial): _key(config, trial, budget, dataset)
        for label, config in configs.items()
        for trial in trials
    }
    journal = Journal(folder / "runs.jsonl")
    known = journal.entries()
    tasks = [
        Task(
            f"NPENAS from {v.label}, trial {trial}",
            one_trial,
            (setting.source, setting.metric, configs[v.label], trial, budget, keys[v.label, trial]),
        )
        for trial in trials
        for v in variants
        if keys[v.label, trial] not in known
    ]
    with progress_bar("trials", len(tasks), show=options.progress and bool(tasks)) as advance:

        def record(task: Task, entry: dict[str, Any]) -> None:
            journal.append(entry)
            advance(task.name)

        run_tasks(tasks, options.jobs, record, ray=options.ray)
    known = journal.entries()
    curves: dict[str, dict[int, FloatArray]] = {}
    for (label, trial), key in keys.items():
        if key in known:
            curves.setdefault(label, {})[trial] = along(
                known[key]["course"], known[key]["trainings"]
            )
    done = (
        f"NPENAS on {setting.title}: {budget} trainings, {NPENAS.n_initial} of them at random, then"
        f" rounds of {STRATEGY.round_size}: the predictor is fitted from its pre-trained weights to"
        f" all results, the best {STRATEGY.n_parents} get {STRATEGY.n_mutations} mutations each,"
        f" and the {STRATEGY.round_size} predicted to be best are trained. Chosen is by"
        f" {CHOSEN_BY}, shown is {setting.metric} of the best so far, mean (standard deviation)"
        " over trials; trial by trial all start from the same 20. Pre-training is without labels,"
        " on the whole space, once for all trials. The paper shows its result as a figure alone,"
        " so no number of it stands here."
    )
    best = float(np.nanmax(dataset.labels(setting.metric)))
    blocks: list[Block] = [
        Table(_results(curves)),
        Picture(
            "regret",
            "Mean test regret against the number of trainings, a line for each pre-training",
            lambda path: _draw(path, curves, best),
        ),
        *_agreement(curves),
        *_differences(curves),
    ]
    return Page(
        "Figure: search from each pre-training",
        done,
        blocks,
        manifest={
            "spaces": {SPACE: about_dataset(dataset, setting.metric)},
            "runs": sorted(set(keys.values()) & set(known)),
            "options": {label: config.to_dict() for label, config in configs.items()},
        },
    )


def one_trial(
    source: str, metric: str, config: SearchConfig, trial: int, budget: int, key: str
) -> dict[str, Any]:
    """The journal entry of one search."""
    dataset = dataclasses.replace(SETTINGS[SPACE], source=source).dataset()
    chosen_by = CHOSEN_BY if CHOSEN_BY in dataset.metrics else metric
    problem, whole = among_rows(dataset, load_space(SPACE), chosen_by)
    config = dataclasses.replace(config, seed=trial)
    found = simulate(problem, whole, config, partial(problem.known.values, chosen_by), budget)
    return {
        "key": key,
        "trial": trial,
        "pretext": config.pretrain.pretext,
        "trainings": len(found.values),
        "course": found.course(partial(problem.known.values, metric)),
    }


def _config(variant: Variant, quick: bool) -> SearchConfig:
    stages = stages_of(variant, SPACE, quick)
    uses_proxies = "proxy" in variant.tasks
    pretrain = dataclasses.replace(
        stages.pretrain,
        pretext=variant.method,
        proxies=stages.pretrain.proxies if uses_proxies else (),
    )
    return dataclasses.replace(
        STRATEGY,
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=pretrain,
        fit=stages.fit,
    )


def _key(config: SearchConfig, trial: int, budget: int, dataset: Dataset) -> str:
    about = ["search", dataset.table.content_hash(), config.identity(), trial, budget]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]


def _asked_for(options: ReproduceOptions) -> list[Variant]:
    labels = [v.label for v in METHODS]
    for name in options.only or ():
        if name not in labels:
            raise unknown_name("row of this table", name, labels)
    return [v for v in METHODS if options.only is None or v.label in options.only]


def _results(curves: Mapping[str, Mapping[int, FloatArray]]) -> list[list[str]]:
    steps = _steps(curves)
    rows = [["pre-training", *(f"@{s}" for s in steps), "trials"]]
    for label, of in curves.items():
        at = np.stack(list(of.values())).astype(np.float64)
        rows.append([label, *at_steps(at, steps), str(len(at))])
    return rows


def _agreement(curves: Mapping[str, Mapping[int, FloatArray]]) -> list[Block]:
    """How often the pre-training makes no difference at all, over the trials that all have after
    the shared start.
    """
    trials = set.intersection(*(set(of) for of in curves.values())) if len(curves) > 1 else set()
    if not trials:
        return []
    after = np.stack(
        [[of[trial][NPENAS.n_initial :] for trial in sorted(trials)] for of in curves.values()]
    )
    same = (after == after[0]).all(axis=0)
    return [
        f"After the first {NPENAS.n_initial} trainings the best so far is equally good from all"
        f" {len(curves)} at {same.sum()} of {same.size} steps of {len(trials)} trials: a round"
        f" trains {STRATEGY.round_size} of at most {STRATEGY.n_parents * STRATEGY.n_mutations}"
        " mutations, which leaves little to choose."
    ]


def _differences(curves: Mapping[str, Mapping[int, FloatArray]]) -> list[Block]:
    """FGP above none, trial by trial, with 95 % intervals; nothing where fewer than two trials are
    in common.
    """
    none, fgp = curves.get(NONE.label, {}), curves.get(FGP.label, {})
    shared = [trial for trial in fgp if trial in none]
    if len(shared) < 2:
        return []
    gains = np.stack([fgp[trial] - none[trial] for trial in shared])
    n_good, n_steps = steps_at_or_above(gains)
    return [
        "## FGP against no pre-training",
        Table(gains_table("FGP", "none", gains, _steps(curves))),
        (
            f"From {FROM} trainings on, the mean regret from FGP is at or below that from no"
            f" pre-training at {n_good} of {n_steps} steps ({len(shared)} trials)."
        ),
    ]


def _steps(curves: Mapping[str, Mapping[int, FloatArray]]) -> Sequence[int]:
    n = min((len(curve) for of in curves.values() for curve in of.values()), default=0)
    return [s for s in STEPS if s <= n]


def _draw(path: Path, curves: Mapping[str, Mapping[int, FloatArray]], best: float) -> None:
    with drawing(path) as (_, (axes,)):
        for label, of in curves.items():
            regret = best - np.stack(list(of.values())).mean(axis=0)
            axes.plot(
                np.arange(1, len(regret) + 1),
                np.maximum(regret, 1e-3),
                label=f"{label} ({len(of)})",
            )
        axes.set(yscale="log", xlabel="trainings", ylabel="mean test regret")
        axes.legend(title="pre-training (trials)")
