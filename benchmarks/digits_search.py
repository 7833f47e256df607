"""Searches over the space of digits_space.yaml: accuracy under a limit of parameters, and latency.

Accuracy on validation images is to be large, the latency small, and parameters below a limit. All
searches of a start have the same ten first trainings, which are random, and choose thirty more.
What counts is trainings: where Optuna proposes what breaks the limit, it is told so without one,
and what it proposes again it is told again. Both are free; nasflow proposes neither.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.stats

from digits_networks import Evaluations, digits_space, n_params
from nasflow import Problem, SearchConfig, Study
from nasflow.experiments.tables import markdown
from nasflow.graphs.architecture import Architecture
from nasflow.running.journal import Journal
from nasflow.search import Constraint, Known
from nasflow.spaces.base import Space

FloatArray = npt.NDArray[np.float64]
Trained = tuple[Architecture, float, float]
"""An element, its accuracy in per cent and its latency in milliseconds."""

BUDGET, N_FIRST = 40, 10
MAX_PARAMS = 3_000
MAX_PROPOSALS = 2_000  # of Optuna, those that took no training included
STEPS = (10, 20, 30, 40)
FRONT_STEPS = (20, 40)
REFERENCE = (50.0, 0.25)
"""Accuracy in per cent and milliseconds of the corner that a front's area is measured from."""
NASFLOW = ("blend", "random")
OPTUNA = ("tpe", "tpe-group", "nsga2")


def problem_of(space: Space, evaluations: Evaluations) -> Problem:
    """What is sought, as a study of nasflow has it."""
    costs = {"params": n_params, "latency": evaluations.latency}
    limit = Constraint("params", "<=", MAX_PARAMS)
    return Problem(space, constraints=(limit,), second="latency", known=Known(functions=costs))


def by_nasflow(
    strategy: str, start: int, space: Space, evaluations: Evaluations, folder: Path
) -> Iterator[Trained]:
    """What a search of nasflow trains, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    config = SearchConfig(strategy, seed=start, n_initial=N_FIRST)
    study = Study(folder / f"{strategy}-{start}.db", problem_of(space, evaluations), config)
    while len(study.trials()) < BUDGET or any(trial.is_open for trial in study.trials()):
        for trial in study.ask(limit=BUDGET):
            study.tell(trial, evaluations.training(trial.architecture)["valid"])
    for trial in study.trials():
        assert trial.value is not None
        yield trial.architecture, trial.value, evaluations.latency(trial.architecture)


def by_optuna(
    sampler: str, start: int, space: Space, evaluations: Evaluations, first: list[Architecture]
) -> Iterator[Trained]:
    """What a search of Optuna trains, in order."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {
        "tpe": partial(optuna.samplers.TPESampler, n_startup_trials=N_FIRST),
        "tpe-group": partial(
            optuna.samplers.TPESampler, n_startup_trials=N_FIRST, multivariate=True, group=True
        ),
        # the default of 50 would be all of the budget
        "nsga2": partial(optuna.samplers.NSGAIISampler, population_size=N_FIRST),
    }
    study = optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=samplers[sampler](seed=start, constraints_func=_excess),
    )
    for architecture in first:
        study.enqueue_trial(parameters_of(architecture))
    trained: set[str] = set()
    for _ in range(MAX_PROPOSALS):
        trial = study.ask()
        architecture = suggested(trial, space)
        excess = n_params(architecture) - MAX_PARAMS
        trial.set_user_attr("excess", excess)
        if excess > 0:
            # the values of what breaks a condition are not looked at
            study.tell(trial, [0.0, 1e3])
            continue
        accuracy = evaluations.training(architecture)["valid"]
        latency = evaluations.latency(architecture)
        study.tell(trial, [accuracy, latency])
        if architecture.canonical_id in trained:
            continue
        trained.add(architecture.canonical_id)
        yield architecture, accuracy, latency
        if len(trained) == BUDGET:
            return


def _excess(trial: Any) -> tuple[float]:
    """Parameters above the limit: more than 0 breaks it."""
    return (trial.user_attrs["excess"],)


def suggested(trial: Any, space: Space) -> Architecture:
    """The element that a trial of Optuna names; the numbers of a node only where it has them."""
    nodes = []
    for place in range(trial.suggest_int("nodes", 1, 4)):
        if trial.suggest_categorical(f"op{place}", ["conv", "pool"]) == "pool":
            nodes.append("pool")
            continue
        width = 2 ** trial.suggest_int(f"log_width{place}", 2, 6)
        kernel = trial.suggest_int(f"kernel{place}", 1, 5, step=2)
        nodes.append(f"conv(width={width},kernel={kernel})")
    lr = (0.001, 0.003, 0.01, 0.03)[trial.suggest_int("log_lr", 0, 3)]
    return space.parse(f"lr={lr}; {' > '.join(nodes)}")


def parameters_of(architecture: Architecture) -> dict[str, Any]:
    """The same the other way: what `suggested` would have to be told."""
    parameters: dict[str, Any] = {}
    nodes = [i for i, op in enumerate(architecture.ops) if op in ("conv", "pool")]
    parameters["nodes"] = len(nodes)
    for place, node in enumerate(nodes):
        parameters[f"op{place}"] = architecture.ops[node]
        if architecture.ops[node] == "conv":
            width, kernel = (architecture.attrs[name][node] for name in ("width", "kernel"))
            parameters[f"log_width{place}"] = int(np.log2(width))
            parameters[f"kernel{place}"] = int(kernel)
    rates = np.array([0.001, 0.003, 0.01, 0.03])
    parameters["log_lr"] = int(np.abs(rates - architecture.globals["lr"]).argmin())
    return parameters


def search(runs: Path, n_starts: int, only: list[str]) -> str:
    """Make the searches that are missing, and compare all."""
    methods = [method for method in NASFLOW if not only or method in only]
    try:
        import optuna

        methods += [method for method in OPTUNA if not only or method in only]
        version = f"Optuna {optuna.__version__}"
    except ImportError:
        version = "Optuna is not installed (`pip install 'nasflow[peers]'`): nasflow alone"
        print(version)
    space, evaluations = digits_space(), Evaluations(runs)
    evaluations.time_layers()
    journal = Journal(runs / "search.jsonl")
    done = journal.entries()
    for start in range(n_starts):
        # random first: its first elements are everybody's
        for method in sorted(methods, key=lambda name: name != "random"):
            key = f"{method} {start}"
            if key in done:
                continue
            begun = time.process_time()
            if method in NASFLOW:
                trained = list(by_nasflow(method, start, space, evaluations, runs / "studies"))
            else:
                texts = [row[0] for row in done[f"random {start}"]["trained"][:N_FIRST]]
                first = [space.parse(text) for text in texts]
                trained = list(by_optuna(method, start, space, evaluations, first))
            rows = [[space.format(element), *values] for element, *values in trained]
            # trainings that were looked up took nothing: this is no time of a search
            done[key] = {"key": key, "trained": rows, "seconds": time.process_time() - begun}
            journal.append(done[key])
            print(key, [round(value, 3) for value in summary(rows)], flush=True)
    return page(done, methods, n_starts, version)


def curves(rows: list[list[Any]]) -> tuple[FloatArray, FloatArray]:
    """(BUDGET,) twice: best accuracy so far, and area of the front so far."""
    accuracies = np.array([row[1] for row in rows])
    best = np.maximum.accumulate(accuracies)
    areas = [area(rows[: n + 1]) for n in range(len(rows))]
    missing = BUDGET - len(rows)  # a search that found nothing new stays where it is
    return np.pad(best, (0, missing), "edge"), np.pad(np.array(areas), (0, missing), "edge")


def area(rows: list[list[Any]]) -> float:
    """The part of the rectangle above and left of the reference that a front dominates."""
    worst, slowest = REFERENCE
    total, best = 0.0, worst
    points = sorted([(row[2], -row[1]) for row in rows])
    # from the fastest on: each better one adds a strip from its latency to the slowest
    for latency, negative in points:
        if latency < slowest and -negative > best:
            total += (-negative - best) * (slowest - latency)
            best = -negative
    return total / ((100 - worst) * slowest)


def summary(rows: list[list[Any]]) -> list[float]:
    """Best accuracy and area at the end."""
    best, areas = curves(rows)
    return [float(best[-1]), float(areas[-1])]


def page(
    done: Mapping[str, Mapping[str, Any]], methods: list[str], n_starts: int, version: str
) -> str:
    """Tables of best accuracies, areas and differences."""
    by_method = {}
    for method in methods:
        pairs = [curves(done[f"{method} {start}"]["trained"]) for start in range(n_starts)]
        by_method[method] = [np.stack(kind) for kind in zip(*pairs, strict=True)]
    rows = [["search", *[f"@{n}" for n in STEPS], *[f"area @{n}" for n in FRONT_STEPS]]]
    for method, (best, areas) in by_method.items():
        cells = [_spread(best[:, n - 1], 2) for n in STEPS]
        rows.append([method, *cells, *[_spread(areas[:, n - 1], 4) for n in FRONT_STEPS]])
    others = [method for method in methods if method != "blend" and "blend" in methods]
    differences = [["blend above", *rows[0][1:]]]
    for method in others:
        cells = []
        for steps, kind, digits in ((STEPS, 0, 2), (FRONT_STEPS, 1, 4)):
            gains = by_method["blend"][kind] - by_method[method][kind]  # (starts, trainings)
            cells += [_interval(gains[:, n - 1], digits) for n in steps]
        differences.append([method, *cells])
    return "\n".join(
        [
            f"{n_starts} starts of {BUDGET} trainings, at most {MAX_PARAMS:,} parameters."
            f" {version}. Areas are of the rectangle from {REFERENCE[0]:g} % and"
            f" {REFERENCE[1]:g} ms to 100 % and 0 ms. Mean (standard deviation) over starts.",
            "",
            markdown(rows),
            "",
            "Paired by start, with 95 % intervals (Student's t):",
            "",
            markdown(differences),
        ]
    )


def _spread(values: FloatArray, digits: int) -> str:
    return f"{values.mean():.{digits}f} ({values.std():.{digits}f})"


def _interval(gains: FloatArray, digits: int) -> str:
    """The mean difference with its interval; of one start without."""
    mean = gains.mean()
    if len(gains) < 2:
        return f"{mean:+.{digits}f}"
    quantile = scipy.stats.t.ppf(0.975, len(gains) - 1)
    half = quantile * gains.std(ddof=1) / math.sqrt(len(gains))
    return f"{mean:+.{digits}f} ({mean - half:+.{digits}f} to {mean + half:+.{digits}f})"
