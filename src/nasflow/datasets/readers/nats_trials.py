"""The results that NAS-Bench-201 and NATS-Bench keep of one architecture, made into metrics.

    architecture   {"arch_index", "arch_str", "all_results": {(data set, seed): trial},
                    "dataset_seed": {data set: [seed]}}
    trial          {"seed", "epochs", "params", "flop", "latency", "train_acc1es": {epoch: %},
                    "train_times": {epoch: s}, "eval_names": [set], "eval_acc1es": {"set@epoch": %},
                    ...}

A trial holds every epoch of every measure, 3,000 numbers; `shrink` keeps the last epoch's while the
file is read. Names are NATS-Bench's and easily confused: the data set `cifar10-valid` is trained on
half of CIFAR-10's training images and validated on the other half (set `x-valid`); `cifar10` is
trained on all of them, so it has a test set (`ori-test`) and no validation set. CIFAR-100 and
ImageNet16-120 have `x-valid`, `x-test`, and both joined, `ori-test`. Source:
https://github.com/D-X-Y/NATS-Bench and NAS-Bench-201 (MIT), read off their published format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from reprlib import repr as short_repr
from typing import Any

from nasflow.datasets.base import Metric
from nasflow.errors import DataError

_CIFAR = "CIFAR-10"


def _sets_of(official: str, ours: str, title: str) -> dict[tuple[str, str], tuple[str, str]]:
    """The sets of a data set whose test images are split in two, as in `_SETS`."""
    return {
        (official, "x-valid"): (f"{ours}_valid", f"{title} validation accuracy"),
        (official, "x-test"): (f"{ours}_test", f"{title} test accuracy"),
        (official, "ori-test"): (f"{ours}_valtest", f"{title} validation and test accuracy"),
        (official, "train"): (f"{ours}_train", f"{title} training accuracy"),
    }


# (data set, evaluation set) -> our name, description
_SETS = {
    ("cifar10-valid", "x-valid"): (
        "cifar10_valid",
        f"{_CIFAR} validation accuracy, trained on half of the images",
    ),
    ("cifar10-valid", "ori-test"): (
        "cifar10_half_test",
        f"{_CIFAR} test accuracy, trained on half of the images",
    ),
    ("cifar10-valid", "train"): (
        "cifar10_half_train",
        f"{_CIFAR} training accuracy, trained on half of the images",
    ),
    ("cifar10", "ori-test"): ("cifar10_test", f"{_CIFAR} test accuracy"),
    ("cifar10", "train"): ("cifar10_train", f"{_CIFAR} training accuracy"),
    **_sets_of("cifar100", "cifar100", "CIFAR-100"),
    **_sets_of("ImageNet16-120", "imagenet16_120", "ImageNet16-120"),
}
_DATASETS = {
    "cifar10-valid": "cifar10_half",
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "ImageNet16-120": "imagenet16_120",
}
# trial's key -> our name, description, unit
_COSTS = {
    "params": ("params_millions", "number of parameters", "million"),
    "flop": ("flops_millions", "multiply-adds of one image", "million"),
    "latency": ("latency", "seconds of one batch", "s"),
}
PREFERRED = ("cifar10_test",)
FULL_EPOCHS = {"200": "topology, and NAS-Bench-201", "90": "size"}
"""The trainings whose metrics have no `_..ep` at their end."""


def shrink(items: dict[Any, Any]) -> None:
    """Replace a complete trial by its last epoch; leave any other dictionary alone.

    The large inner dictionaries are emptied in place, since the pickle's memory still holds them.
    """
    if "eval_acc1es" not in items or "epochs" not in items:
        return
    kept = {key: items.get(key) for key in ("seed", "epochs", *_COSTS)}
    kept["accuracy"] = _last_accuracies(items, _last(items))
    kept["seconds"] = _sum(items.get("train_times"))
    for value in items.values():
        if isinstance(value, dict):
            value.clear()
    items.clear()
    items.update(kept)


def _last_accuracies(items: Mapping[Any, Any], last: int) -> dict[Any, Any]:
    """The accuracy on each set at the last epoch."""
    trained, evaluated = items.get("train_acc1es"), items.get("eval_acc1es")
    accuracy = {"train": trained.get(last)} if isinstance(trained, dict) else {}
    if isinstance(evaluated, dict):
        suffix = f"@{last}"
        for key, value in evaluated.items():
            if isinstance(key, str) and key.endswith(suffix):
                accuracy[key.removesuffix(suffix)] = value
    return accuracy


def _sum(seconds: Any) -> float | None:
    """The seconds of all epochs together; None where one has none."""
    times: list[Any] = list(seconds.values()) if isinstance(seconds, dict) else []
    if not times or not all(isinstance(time, (int, float)) for time in times):
        return None
    total: float = sum(times)
    return total


def _last(items: Mapping[Any, Any]) -> int:
    epochs = items["epochs"]
    if type(epochs) is not int or not 0 < epochs < 10_000:
        raise DataError(f"a trial of {short_repr(epochs)} epochs; legal: 1 and more")
    return epochs - 1


def read_results(hp: str, state: Any) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Metrics of an architecture trained for `hp` epochs: all seeds of each, and its costs.

    Args:
        hp: the number of epochs as text.
        state: the architecture's state, its trials shrunk.

    Raises:
        DataError: the state is not of the form above, or an accuracy is no percentage.
    """
    suffix = "" if hp in FULL_EPOCHS else f"_{int(hp)}ep"
    results, seeds = _part(state, "all_results"), _part(state, "dataset_seed")
    values: dict[str, list[float]] = {}
    fixed: dict[str, float] = {}
    for dataset, its_seeds in seeds.items():
        if dataset not in _DATASETS or not isinstance(its_seeds, list):
            raise DataError(
                f"data set {short_repr(dataset)} with seeds {short_repr(its_seeds)}; legal:"
                f" {', '.join(_DATASETS)}"
            )
        trials = [_trial(results, dataset, seed) for seed in its_seeds]
        # seeds may lack a set that others have; in order, so that columns do not depend on a hash
        parts = {part for trial in trials for part in trial["accuracy"]}
        for part in sorted(parts, key=str):
            if (dataset, part) in _SETS:
                name = _SETS[dataset, part][0] + suffix
                values[name] = [_percentage(name, trial["accuracy"].get(part)) for trial in trials]
        values[f"{_DATASETS[dataset]}_seconds{suffix}"] = [
            _or_nan(trial.get("seconds")) for trial in trials
        ]
        # costs do not depend on the epochs, and cifar10-valid has the network of cifar10
        if not suffix and trials and dataset != "cifar10-valid":
            for key, (name, _, _) in _COSTS.items():
                column = name if dataset == "cifar10" else f"{_DATASETS[dataset]}_{name}"
                fixed[column] = _cost(trials[0].get(key))
    return values, {name: value for name, value in fixed.items() if not math.isnan(value)}


def metric(name: str) -> Metric:
    """What a metric of `read_results` means."""
    base, _, epochs = name.rpartition("_")
    if epochs.endswith("ep"):
        when = f"after {epochs[:-2]} epochs"
    else:
        base, when = name, "after the full training"
    for accuracy, description in _SETS.values():
        if accuracy == base:
            return Metric(name, f"{description}, {when}")
    for cost, description, unit in _COSTS.values():
        # costs of other networks than CIFAR-10's have the data set before their name
        if base.endswith(cost):
            network = base.removesuffix(cost).rstrip("_") or "cifar10"
            return Metric(
                name, f"{description} ({network})", unit=unit, maximise=False, trained=False
            )
    return Metric(name, f"seconds of training, {when}", unit="s", maximise=False)


def _part(state: Any, key: str) -> dict[Any, Any]:
    part = state.get(key) if isinstance(state, dict) else None
    if not isinstance(part, dict):
        raise DataError(f"the results have no dictionary {key!r}; seen {short_repr(part)}")
    return part


def _trial(results: dict[Any, Any], dataset: str, seed: Any) -> dict[Any, Any]:
    trial = results.get((dataset, seed)) if isinstance(seed, int) else None
    if not isinstance(trial, dict) or not isinstance(trial.get("accuracy"), dict):
        raise DataError(f"there is no trial of {dataset} with seed {short_repr(seed)}")
    return trial


def _percentage(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
        raise DataError(f"{name} is {short_repr(value)}; legal: 0 to 100, or nothing")
    return float(value)


def _or_nan(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and 0 <= value < 1e12 else math.nan


def _cost(value: Any) -> float:
    """A cost, or the mean of several latencies; -1 and nothing mean that it was not measured."""
    numbers = value if isinstance(value, list) else [value]
    costs = [_or_nan(number) for number in numbers]
    return sum(costs) / len(costs) if costs else math.nan
