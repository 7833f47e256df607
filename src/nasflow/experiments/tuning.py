"""`tune`: random search over the options of each method, chosen on the validation rows alone
(section 6 of the method).

Every method gets the same number of trials, once for a space. A trial is the mean over the splits
of the Kendall tau on the 40 validation rows, at the epoch that they choose, with one seed of the
model. The first trial is the options as they are, so that what is chosen is never worse on these
rows. Test rows are neither predicted nor looked at.

    FOLDER/runs.jsonl     one line for each finished pre-training and trial: a tuning that was killed goes on
    FOLDER/SPACE.yaml     what was chosen, as `nasflow evaluate --config` and `nasflow reproduce` read it
    FOLDER/SPACE.md       every trial
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from nasflow.errors import ConfigError, unknown_name
from nasflow.experiments.grid import run_grid
from nasflow.experiments.runs import Run, check_methods, plan
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
_FLOW: Grid = {"surrogate.k": tuple(range(4, 13)), "surrogate.sigma": (0.1, 1.0)}
# the paper's three, and one that suits losses which begin at 1
_WEIGHTS: Grid = {
    "pretrain.weights": tuple(
        {"flow": flow, "proxy": proxy}
        for flow, proxy in ((1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (1.0, 9.0))
    )
}

METHODS = ("none", "graphcl", "arch2vec", "gmae", "proxy", "flow", "flow+proxy")


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
            object.__setattr__(self, "methods", methods_on(self.space))
        check_methods(self.methods)
        if self.trials < 1:
            raise ConfigError(f"--trials is {self.trials}; legal: a whole number of at least 1")
        known = {name for method in self.methods for name in grid_of(method)}
        for start in self.only:
            if not any(name.startswith(start) for name in known):
                raise unknown_name("option to tune", start, sorted(known))

    @property
    def source(self) -> str:
        """The data set that trials are made on."""
        return _setting(self.space).source


def methods_on(space: str) -> tuple[str, ...]:
    """The methods that a space allows: without a proxy none that ranks by one.

    Raises:
        UnknownNameError: there is no such space; the message lists the names.
    """
    has_proxy = bool(_setting(space).stages(tuned=False).pretrain.proxies)
    return tuple(method for method in METHODS if has_proxy or "proxy" not in method.split("+"))


def _setting(space: str) -> Setting:
    if space not in SETTINGS:
        raise unknown_name("space to tune on", space, SETTINGS)
    return SETTINGS[space]


def grid_of(method: str) -> dict[str, Sequence[Any]]:
    """The values that are tried for each option of a method, by dotted names."""
    tasks = () if method == "none" else tuple(method.split("+"))
    grid = {**_FIT, **(_PRETRAIN if tasks else {}), **(_FLOW if "flow" in tasks else {})}
    return {**grid, **(_WEIGHTS if {"flow", "proxy"} <= set(tasks) else {})}


def candidates(
    method: str, trials: int, seed: int, only: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Different options to try: first none changed, then draws from the grid, of names that begin
    as in `only`.
    """
    grid, rng = grid_of(method), np.random.default_rng(seed)
    grid = {name: values for name, values in grid.items() if not only or name.startswith(only)}
    n_possible = int(np.prod([len(values) for values in grid.values()]))
    chosen: list[dict[str, Any]] = [{}]
    while len(chosen) < min(trials, n_possible + 1):
        draw = {name: values[int(rng.integers(len(values)))] for name, values in grid.items()}
        if draw not in chosen:
            chosen.append(draw)
    return chosen


def tune(
    tuning: Tuning, folder: Path, n_workers: int, *, ray: str | None = None, progress: bool = True
) -> str:
    """Try, choose, and write what was chosen; returns the table of all trials."""
    setting = _setting(tuning.space)
    tried = {
        method: candidates(method, tuning.trials, tuning.seed, tuning.only)
        for method in tuning.methods
    }
    runs = {
        (method, i): _runs(tuning, setting, method, options)
        for method, trials in tried.items()
        for i, options in enumerate(trials)
    }
    entries = run_grid(
        [run for own in runs.values() for run in own],
        folder,
        n_workers,
        what="validation",
        ray=ray,
        progress=progress,
    )
    taus = iter(entries)
    score = {
        trial: float(np.mean([next(taus)["validation_tau"] for _ in own]))
        for trial, own in runs.items()
    }
    rows = [["method", "trial", "validation tau", "options"]]
    chosen, remarks = {}, []
    for method, trials in tried.items():
        order = np.argsort([-score[method, i] for i in range(len(trials))], kind="stable").tolist()
        best = order[0]
        chosen[method] = trials[best]
        remarks.append(
            f"# {method}: {100 * score[method, best]:.1f} in trial {best}, "
            f"{100 * score[method, 0]:.1f} with the options as they were"
        )
        rows += [
            [method, str(i), f"{100 * score[method, i]:.1f}", _in_words(trials[i])] for i in order
        ]
    command = (
        f"nasflow tune {tuning.space} --methods {','.join(tuning.methods)} --trials {tuning.trials}"
        f" --seed {tuning.seed}"
        + (f" --share {tuning.share:g}" if tuning.share < 1 else "")
        + (f" --only {','.join(tuning.only)}" if tuning.only else "")
    )
    n_validation = runs[tuning.methods[0], 0][0].protocol.n_validation
    about = (
        f"# {setting.title}: the best of {tuning.trials} trials of each method, by the mean Kendall"
        f" tau (x100)\n# on the {n_validation} validation rows of {len(tuning.splits)} splits, with"
        f" one seed of the model.\n# Test rows were not looked at. {command}\n"
    )
    text = yaml.safe_dump({"per_method": chosen}, sort_keys=False, default_flow_style=False)
    write_text(folder / f"{tuning.space}.yaml", about + "\n".join(remarks) + "\n" + text)
    table = markdown(rows)
    write_text(
        folder / f"{tuning.space}.md",
        f"# Tuning on {setting.title}\n\n{about.replace('# ', '')}\n{table}\n"
        f"Command: `{command}`\n",
    )
    return table


def _runs(tuning: Tuning, setting: Setting, method: str, options: Mapping[str, Any]) -> list[Run]:
    dataset = setting.dataset()
    stages = setting.stages(method, tuned=False).changed(
        {**options, "pretrain_share": tuning.share}
    )
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
    return ", ".join(f"{name} {value}" for name, value in options.items()) or "as they are"
