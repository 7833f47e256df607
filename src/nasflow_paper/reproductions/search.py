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
from nasflow.experiments.grid import run_journalled
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.pictures import FloatArray, drawing
from nasflow.experiments.settings import SETTINGS
from nasflow.running.journal import Journal
from nasflow.running.workers import Task
from nasflow.search.comparison import FROM, STEPS, at_steps, gains_table, steps_at_or_above
from nasflow.search.simulation import along, among_rows, simulate
from nasflow.search.strategies.npenas import NPENAS, NPENASConfig
from nasflow.search.version_1 import options_to_v1
from nasflow.spaces import load_space
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions
from nasflow_paper.reproductions.variants import FGP, METHODS, NONE, Variant, stages_of

SPACE, CHOSEN_BY = "nb201", "cifar10_valid"
TRIALS, BUDGET, QUICK_BUDGET = 3, 150, 40
STRATEGY = NPENASConfig(n_mutations=5)
"""Of each parent five mutations, as the paper has it; the rest is the package's default."""


Curves = Mapping[str, Mapping[int, FloatArray]]
"""By pre-training and trial: (trainings,), the test result of the best so far."""


def search(options: ReproduceOptions) -> Page:
    """The page on searches from each pre-training."""
    options.choose((SPACE,))
    setting = SETTINGS[SPACE]
    dataset = setting.dataset()
    budget = QUICK_BUDGET if options.quick else BUDGET
    trials = options.seeds or tuple(range(1 if options.quick else TRIALS))
    variants = _asked_for(options)
    configs = {v.label: _config(v, options.quick) for v in METHODS}
    journal = Journal(options.folder.absolute() / "runs.jsonl")
    entries = journal.entries()
    keys = {}
    for label, config in configs.items():
        for trial in trials:
            legal = _keys(config, trial, budget, dataset)
            # one that was kept under an earlier key stays there
            keys[label, trial] = next((key for key in legal if key in entries), legal[0])
    tasks = []
    # trial by trial, so that all pre-trainings have as many when it is stopped
    for trial in trials:
        for v in variants:
            key = keys[v.label, trial]
            if key not in entries:
                how = (setting.source, setting.metric, configs[v.label], trial, budget, key)
                tasks.append(Task(f"NPENAS from {v.label}, trial {trial}", one_trial, how))
    entries = run_journalled(
        tasks, journal, options.jobs, "trials", ray=options.ray, progress=options.progress
    )
    curves: dict[str, dict[int, FloatArray]] = {}
    for (label, trial), key in keys.items():
        if key in entries:
            course = along(entries[key]["course"], entries[key]["trainings"])
            curves.setdefault(label, {})[trial] = course
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
    picture = Picture(
        "regret",
        "Mean test regret against the number of trainings, a line for each pre-training",
        lambda path: _draw(path, curves, best),
    )
    blocks: list[Block] = [
        PageTable(_results(curves)),
        picture,
        *_agreement(curves),
        *_differences(curves),
    ]
    return Page(
        "Figure: search from each pre-training",
        done,
        blocks,
        manifest={
            "spaces": {SPACE: about_dataset(dataset, setting.metric)},
            "runs": sorted(set(keys.values()) & set(entries)),
            "options": {label: config.to_dict() for label, config in configs.items()},
        },
    )


def one_trial(
    source: str, metric: str, config: NPENASConfig, trial: int, budget: int, key: str
) -> dict[str, Any]:
    """The journal entry of one search."""
    dataset = dataclasses.replace(SETTINGS[SPACE], source=source).dataset()
    chosen_by = CHOSEN_BY if CHOSEN_BY in dataset.metrics else metric
    problem, whole = among_rows(dataset, load_space(SPACE), chosen_by)
    config = dataclasses.replace(config, seed=trial)
    simulated = simulate(problem, whole, config, partial(problem.known.values, chosen_by), budget)
    return {
        "key": key,
        "trial": trial,
        "pretext": config.pretrain.pretext,
        "trainings": len(simulated.values),
        "course": simulated.course(partial(problem.known.values, metric)),
    }


def _config(variant: Variant, quick: bool) -> NPENASConfig:
    """The options of the search from a pre-training."""
    stages = stages_of(variant, SPACE, quick)
    proxies = stages.pretrain.proxies if "proxy" in variant.tasks else ()
    pretrain = dataclasses.replace(stages.pretrain, pretext=variant.method, proxies=proxies)
    return dataclasses.replace(
        STRATEGY,
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=pretrain,
        fit=stages.fit,
    )


def _keys(config: NPENASConfig, trial: int, budget: int, dataset: Dataset) -> list[str]:
    """Under what the journal keeps a trial, in this version and in the first one.

    A hash of all that it depends on.
    """
    keys = []
    for options in (config.identity(), options_to_v1(config)):
        about = ["search", dataset.table.content_hash(), options, trial, budget]
        text = json.dumps(about, sort_keys=True)
        keys.append(hashlib.sha256(text.encode()).hexdigest()[:32])
    return keys


def _asked_for(options: ReproduceOptions) -> list[Variant]:
    """The pre-trainings that are searched from now."""
    labels = [v.label for v in METHODS]
    for name in options.only or ():
        if name not in labels:
            raise unknown_name("row of this table", name, labels)
    return [v for v in METHODS if options.only is None or v.label in options.only]


def _results(curves: Curves) -> list[list[str]]:
    """Header and a row for each pre-training."""
    steps = _steps(curves)
    rows = [["pre-training", *(f"@{step}" for step in steps), "trials"]]
    for label, by_trial in curves.items():
        values = np.stack(list(by_trial.values())).astype(np.float64)  # (trials, trainings)
        rows.append([label, *at_steps(values, steps), str(len(values))])
    return rows


def _agreement(curves: Curves) -> list[Block]:
    """How often the pre-training makes no difference, after the start that all of a trial share.

    Over the trials that all pre-trainings have; nothing without one, or of a single pre-training.
    """
    if len(curves) < 2:
        return []
    trials = sorted(set.intersection(*(set(by_trial) for by_trial in curves.values())))
    if not trials:
        return []
    after = []
    for by_trial in curves.values():
        after.append(np.stack([by_trial[trial][NPENAS.n_initial :] for trial in trials]))
    # (pre-trainings, trials, trainings) -> (trials, trainings)
    same = (np.stack(after) == after[0]).all(axis=0)
    return [
        f"After the first {NPENAS.n_initial} trainings the best so far is equally good from all"
        f" {len(curves)} at {same.sum()} of {same.size} steps of {len(trials)} trials: a round"
        f" trains {STRATEGY.round_size} of at most {STRATEGY.n_parents * STRATEGY.n_mutations}"
        " mutations, which leaves little to choose."
    ]


def _differences(curves: Curves) -> list[Block]:
    """FGP above none, trial by trial, with 95 % intervals; nothing with fewer than two trials."""
    none, fgp = curves.get(NONE.label, {}), curves.get(FGP.label, {})
    shared = [trial for trial in fgp if trial in none]
    if len(shared) < 2:
        return []
    gains = np.stack([fgp[trial] - none[trial] for trial in shared])  # (trials, trainings)
    n_good, n_steps = steps_at_or_above(gains)
    return [
        "## FGP against no pre-training",
        PageTable(gains_table("FGP", "none", gains, _steps(curves))),
        (
            f"From {FROM} trainings on, the mean regret from FGP is at or below that from no"
            f" pre-training at {n_good} of {n_steps} steps ({len(shared)} trials)."
        ),
    ]


def _steps(curves: Curves) -> Sequence[int]:
    """The numbers of trainings to show: those that the shortest curve has."""
    lengths = [len(curve) for by_trial in curves.values() for curve in by_trial.values()]
    shortest = min(lengths, default=0)
    return [step for step in STEPS if step <= shortest]


def _draw(path: Path, curves: Curves, best: float) -> None:
    """Draw the mean regret against the best test result that there is."""
    with drawing(path) as (_, (axes,)):
        for label, by_trial in curves.items():
            regret = best - np.stack(list(by_trial.values())).mean(axis=0)
            trainings = np.arange(1, len(regret) + 1)
            # the axis is logarithmic, and the best may be found
            shown = np.maximum(regret, 1e-3)
            axes.plot(trainings, shown, label=f"{label} ({len(by_trial)})")
        axes.set(yscale="log", xlabel="trainings", ylabel="mean test regret")
        axes.legend(title="pre-training (trials)")
