"""`tune`: random search over the options of each method, chosen on the validation rows alone.

This is section 6 of the method. Every method gets the same number of trials, once for a space. A
trial is the mean over the splits of the Kendall tau on the 40 validation rows, at the epoch that
they choose, with one seed of the model. The first trial is the options as they are, so that what is
chosen is never worse on these rows. Test rows are neither predicted nor looked at.

    FOLDER/runs.jsonl     one line for each finished pre-training and trial: a tuning that was
                          killed goes on
    FOLDER/SPACE.yaml     what was chosen, as `nasflow evaluate --config` and `nasflow reproduce`
                          read it
    FOLDER/SPACE.md       every trial
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from nasflow.errors import ConfigError, unknown_name
from nasflow.experiments.grid import run_grid
from nasflow.experiments.methods import WITHOUT_ENCODER, check_methods, validation_trains
from nasflow.experiments.runs import Run, plan
from nasflow.experiments.settings import SETTINGS, Setting
from nasflow.experiments.tables import markdown
from nasflow.running.files import write_text

Grid = Mapping[str, Sequence[Any]]

# the paper's values, and gentler ones of fine-tuning
_FIT: Grid = {
    "encoder.width": (64, 128, 256),
    "fit.epochs": (100, 200, 300, 400, 500),
    "fit.lr": (1e-3, 5e-4, 2e-4),
    "fit.weight_decay": (1e-6, 0.0),
}
_PRETRAIN: Grid = {
    "pretrain.lr": (1e-3, 5e-4, 1e-4),
    "pretrain.decoder_width": (32, 64, 128, 256),
    "pretrain.decoder_layers": (1, 2, 3),
    "pretrain.weight_decay": (1e-6, 0.0),
    "pretrain.epochs": (20, 40, 80),
}
# the authors' widths are 4, 7 and 12, by space
_FLOW: Grid = {"surrogate.k": tuple(range(4, 13)), "surrogate.sigma": (0.1, 1.0)}
# the paper's three, and one that suits losses which begin at 1
_WEIGHTS: Grid = {
    "pretrain.weights": (
        {"flow": 1.0, "proxy": 1.0},
        {"flow": 1.0, "proxy": 2.0},
        {"flow": 2.0, "proxy": 1.0},
        {"flow": 1.0, "proxy": 9.0},
    )
}

METHODS = ("none", "graphcl", "arch2vec", "gmae", "proxy", "flow", "flow+proxy")

# at the head of SPACE.yaml, where lines that begin with # are comments
_ABOUT = """\
# {title}: the best of {n_trials} trials of each method, by the mean Kendall tau (x100)
# on the {n_validation} validation rows of {n_splits} splits, with one seed of the model.
# Test rows were not looked at. {command}
"""
_REMARK = """\
# {method}: {score:.1f} in trial {trial}, {score_before:.1f} with the options as they were
"""
_PAGE = """\
# Tuning on {title}

{about}
{table}
Command: `{command}`
"""


@dataclass(frozen=True)
class Tuning:
    """How the search is done."""

    space: str
    """A name of `nasflow.experiments.settings`."""
    methods: tuple[str, ...] = ()
    """By default all that the space allows (`methods_on`)."""
    trials: int = 12
    """Options tried for each method, the given ones among them."""
    seed: int = 21
    """Of the draws, and of the model in every trial."""
    splits: tuple[int, ...] = (21, 2021, 202121)
    """The validation rows of these splits choose."""
    share: float = 1.0
    """Share of the architectures that trials pre-train on, to save time."""
    only: tuple[str, ...] = ()
    """How the dotted names of the options to tune begin; empty for all. ("fit.",) leaves
    pre-training as it is, so that each method pre-trains once for all trials."""

    def __post_init__(self) -> None:
        _setting(self.space)
        if not self.methods:
            # the default depends on the space, and the class is frozen
            object.__setattr__(self, "methods", methods_on(self.space))
        check_methods(self.methods)
        for method in self.methods:
            if method in WITHOUT_ENCODER or validation_trains(method):
                raise ConfigError(
                    f"the method {method} cannot be tuned: options are chosen on the validation"
                    " rows, of an encoder that does not train on them; name none, or pretext tasks"
                )
        if self.trials < 1:
            raise ConfigError(f"--trials is {self.trials}; legal: a whole number of at least 1")
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"--seed is {self.seed}; legal: a whole number from 0 to 4294967295")
        options = {name for method in self.methods for name in grid_of(method)}
        # one that begins no name would leave all options as they are, without a word
        for start in self.only:
            if not any(name.startswith(start) for name in options):
                raise unknown_name("option to tune", start, sorted(options))

    @property
    def source(self) -> str:
        """The data set that trials are made on."""
        return _setting(self.space).source

    @property
    def command(self) -> str:
        """What does the same on the command line."""
        words = [
            f"nasflow tune {self.space} --methods {','.join(self.methods)}",
            f"--trials {self.trials} --seed {self.seed}",
        ]
        if self.share < 1:
            words.append(f"--share {self.share:g}")
        if self.only:
            words.append(f"--only {','.join(self.only)}")
        return " ".join(words)


def methods_on(space: str) -> tuple[str, ...]:
    """The methods that a space allows: without a proxy none that ranks by one.

    Raises:
        UnknownNameError: there is no such space; the message lists the names.
    """
    has_proxy = bool(_setting(space).stages(tuned=False).pretrain.proxies)
    return tuple(method for method in METHODS if has_proxy or "proxy" not in method.split("+"))


def _setting(space: str) -> Setting:
    """The data, label and options of a space."""
    if space not in SETTINGS:
        raise unknown_name("space to tune on", space, SETTINGS)
    return SETTINGS[space]


def grid_of(method: str) -> dict[str, Sequence[Any]]:
    """The values that are tried for each option of a method, by dotted names."""
    tasks = () if method == "none" else tuple(method.split("+"))
    # the order of the names is that of the draws: another would choose other trials
    grid: dict[str, Sequence[Any]] = dict(_FIT)
    if tasks:
        grid |= _PRETRAIN
    if "flow" in tasks:
        grid |= _FLOW
    if {"flow", "proxy"} <= set(tasks):
        grid |= _WEIGHTS
    return grid


def candidates(
    method: str, trials: int, seed: int, only: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Different options to try: none changed, then draws from the grid.

    Args:
        method: whose grid.
        trials: how many; fewer where the grid holds no more.
        seed: of the draws.
        only: how the names of the options begin that are drawn; empty for all.
    """
    # a stream for each method: what is tried of one does not depend on which others are tuned
    rng = np.random.default_rng(seed)
    grid = grid_of(method)
    if only:
        grid = {name: values for name, values in grid.items() if name.startswith(only)}
    # of no option there is no other draw than the defaults; the product of nothing is 1
    n_possible = math.prod(len(values) for values in grid.values()) if grid else 0
    chosen: list[dict[str, Any]] = [{}]
    while len(chosen) < min(trials, n_possible + 1):
        draw = {}
        for name, values in grid.items():
            draw[name] = values[int(rng.integers(len(values)))]
        # the same twice would be a trial less
        if draw not in chosen:
            chosen.append(draw)
    return chosen


def tune(
    tuning: Tuning, folder: Path, n_workers: int, *, ray: str | None = None, progress: bool = True
) -> str:
    """Try, choose, and write what was chosen; returns the table of all trials."""
    setting = _setting(tuning.space)
    tried: dict[str, list[dict[str, Any]]] = {}
    runs: dict[str, list[list[Run]]] = {}  # by method, trial and split
    for method in tuning.methods:
        tried[method] = candidates(method, tuning.trials, tuning.seed, tuning.only)
        runs[method] = [_runs(tuning, setting, method, options) for options in tried[method]]
    n_validation = runs[tuning.methods[0]][0][0].protocol.n_validation
    scores = _scores(runs, folder, n_workers, ray=ray, progress=progress)
    rows = [["method", "trial", "validation tau", "options"]]
    chosen: dict[str, dict[str, Any]] = {}
    remarks = []
    for method, options_tried in tried.items():
        # of equal ones the earlier first, so that the options as they were win a draw
        order = np.argsort([-score for score in scores[method]], kind="stable").tolist()
        best = order[0]
        chosen[method] = options_tried[best]
        remark = _REMARK.format(
            method=method,
            score=100 * scores[method][best],
            trial=best,
            score_before=100 * scores[method][0],
        )
        remarks.append(remark)
        for i in order:
            score = f"{100 * scores[method][i]:.1f}"
            rows.append([method, str(i), score, _in_words(options_tried[i])])
    about = _ABOUT.format(
        title=setting.title,
        n_trials=tuning.trials,
        n_validation=n_validation,
        n_splits=len(tuning.splits),
        command=tuning.command,
    )
    options = yaml.safe_dump({"per_method": chosen}, sort_keys=False, default_flow_style=False)
    write_text(folder / f"{tuning.space}.yaml", about + "".join(remarks) + options)
    table = markdown(rows)
    page = _PAGE.format(
        title=setting.title,
        about=about.replace("# ", ""),  # on the page it is no comment
        table=table,
        command=tuning.command,
    )
    write_text(folder / f"{tuning.space}.md", page)
    return table


def _scores(
    runs: Mapping[str, Sequence[Sequence[Run]]],
    folder: Path,
    n_workers: int,
    *,
    ray: str | None,
    progress: bool,
) -> dict[str, list[float]]:
    """By method, of each trial: the mean over the splits of tau on the validation rows."""
    # all in one grid, so that no worker is idle between two trials
    all_runs: list[Run] = []
    for runs_of_method in runs.values():
        for runs_of_trial in runs_of_method:
            all_runs += runs_of_trial
    entries = run_grid(all_runs, folder, n_workers, what="validation", ray=ray, progress=progress)
    scores: dict[str, list[float]] = {}
    remaining = iter(entries)  # in the order of the runs
    for method, runs_of_method in runs.items():
        scores[method] = []
        for runs_of_trial in runs_of_method:
            taus = [next(remaining)["validation_tau"] for _ in runs_of_trial]
            scores[method].append(float(np.mean(taus)))
    return scores


def _runs(tuning: Tuning, setting: Setting, method: str, options: Mapping[str, Any]) -> list[Run]:
    """The runs of one trial."""
    dataset = setting.dataset()
    changes = {**options, "pretrain_share": tuning.share}
    # untuned: what an earlier tuning chose must not bear on this one
    stages = setting.stages(method, tuned=False).changed(changes)
    protocol = replace(stages.protocol, splits=tuning.splits, seeds=(tuning.seed,))
    return plan(
        setting.source,
        dataset,
        setting.metric,
        (method,),
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=stages.pretrain,
        fit=stages.fit,
        protocol=protocol,
    )


def _in_words(options: Mapping[str, Any]) -> str:
    """Options as a cell of the table."""
    return ", ".join(f"{name} {value}" for name, value in options.items()) or "as they are"
