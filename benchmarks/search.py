"""Search by every strategy, simulated on benchmarks: regret after so many trainings, seconds.

    python benchmarks/search.py              all of them, 10 trials of 150 trainings
    python benchmarks/search.py --quick      2 trials of 40 on the smallest, in a minute or two
    python benchmarks/search.py --benchmarks nb201-cifar10 --strategies fgp,gp-onehot \\
        --pairs fgp/gp-onehot

Each trial is kept in runs/search/journal.jsonl when it ends, and not made again. Tables and figures
go to the folder named by --out. A training is a look at the benchmark's table. What is optimised is
the validation result where the benchmark has one; regret is that of the test result of the best so
far by validation.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import search_tables as tables
from nasflow.datasets import load_dataset
from nasflow.encoders.registry import EncoderConfig
from nasflow.experiments.manifest import machine, versions
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, FitConfig
from nasflow.running import environment
from nasflow.running.extras import require_extra
from nasflow.running.files import write_text
from nasflow.running.journal import Journal
from nasflow.search.candidates import Listed
from nasflow.search.problem import Problem
from nasflow.search.simulation import Values, among_rows, simulate
from nasflow.search.strategies.registry import SearchConfig
from nasflow.spaces import load_space
from nasflow.spaces.darts import OPERATIONS, Darts

FloatArray = npt.NDArray[np.float64]

# learning rates of the pairs: what nasflow tune chose on NAS-Bench-201's validation rows
# (docs/results/tune/nb201.md)
FLOW_JACOV: dict[str, Any] = {
    "strategy": "npenas",
    "pretext": "flow+proxy",
    "pretrain_proxies": ("jacov",),
    "weights": {"flow": 0.1, "proxy": 0.9},
    "lr": 2e-4,
}
# mutations that reach further
WIDE: dict[str, Any] = {"n_mutations": 50, "mutate_again": 0.6}
# name -> strategy and what differs from the defaults
STRATEGIES: dict[str, dict[str, Any]] = {
    "random": {"strategy": "random"},
    "evolution": {"strategy": "evolution"},
    "local-search": {"strategy": "local-search"},
    "npenas-none": {"strategy": "npenas", "pretext": "none"},
    "npenas-flow": {"strategy": "npenas"},
    "npenas-flow+jacov": FLOW_JACOV,
    "npenas-wide-none": {"strategy": "npenas", "pretext": "none", "lr": 5e-4, **WIDE},
    "npenas-wide-flow+proxies": {
        **FLOW_JACOV,
        **WIDE,
        "pretrain_proxies": ("jacov", "synflow"),
        "task_options": {"proxy": {"proxy_heads": "average"}},
    },
    "npenas5-none": {"strategy": "npenas", "pretext": "none", "n_mutations": 5},
    "npenas5-flow+jacov": {**FLOW_JACOV, "n_mutations": 5},
    "gp-onehot": {"strategy": "gp-onehot"},
    "blend": {"strategy": "blend"},
    "blend+proxies": {"strategy": "blend", "proxies": ("jacov", "nwot", "synflow", "params")},
    "blend-chosen": {"strategy": "blend", "start": "chosen"},
    "fgp": {"strategy": "fgp"},
    "fgp+embedding": {
        "strategy": "fgp",
        "features": ("embedding", "surrogate", "counts", "one-hot"),
    },
    "fgp+proxies": {"strategy": "fgp", "proxies": ("jacov", "params")},
}
SURROGATES = {
    "nb101": SurrogateConfig(k=4, sigma=1.0),
    "nb201": SurrogateConfig(k=7),
    "darts": SurrogateConfig(k=12),
}
N_POOL = 300  # candidates of either kind where a space is too large to list; 1,000 by default
# of each fit: 300 epochs in the evaluation protocol; averaged, since no validation rows choose an
# epoch
NPENAS_EPOCHS, NPENAS_AVERAGE = 100, 20


@dataclass(frozen=True, eq=False)
class Bench:
    """A simulated search."""

    problem: Problem
    whole: Listed | None
    valid: Values
    """What is optimised."""
    test: Values
    """What is reported of the best by `valid`."""
    optimum: float
    """The best test result that there is; NaN where it is not known."""
    best_valid: float | None
    """The best validation result that there is; None where it is not known."""


def table_bench(name: str, valid: str, test: str, space: str) -> Bench:
    """A search in a data set's table."""
    data = load_dataset(name)
    problem, whole = among_rows(data, load_space(space), valid)
    values = problem.known.values
    best_test, best_valid = (float(np.nanmax(data.labels(metric))) for metric in (test, valid))
    return Bench(
        problem, whole, partial(values, valid), partial(values, test), best_test, best_valid
    )


def nb301() -> Bench:
    """The whole DARTS space, a training being a call of NAS-Bench-301's surrogate (epoch 98)."""
    folder = environment.data_dir() or Path()
    onnxruntime = require_extra("onnxruntime", "nb301", "the surrogate of NAS-Bench-301")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "nb301_surrogate.onnx"), options)
    encoding = json.loads((folder / "nb301_surrogate_encoding.json").read_text())
    space = Darts()

    def values(table: ArchTable) -> FloatArray:
        accuracies = []
        epoch = np.array([[98.0]], np.float32)
        for architecture in table:
            codes = surrogate_input(space.to_genotype(architecture), encoding)
            # the accuracy is the first of its outputs
            accuracy = session.run(None, {"x_cat": codes, "x_cont": epoch})[0]
            accuracies.append(float(np.ravel(accuracy)[0]))
        return np.array(accuracies)

    return Bench(Problem(space), None, values, values, float("nan"), None)


def surrogate_input(genotype: dict[str, Any], encoding: dict[str, Any]) -> npt.NDArray[np.int32]:
    """(1, 34) int32: a genotype as YAHPO's surrogate takes it.

    The operation of each edge, or `#na#` where it is not chosen, of the normal cell and then of the
    reduction cell; after them the inputs of each step.
    """
    cells = ("normal", "reduce")
    columns: dict[str, str] = {}
    for cell in cells:
        pairs = genotype[cell]
        for edge in range(14):
            columns[f"edge_{cell}_{edge}"] = "#na#"
        # a step's edges are numbered from here: one from each cell before and each earlier step
        first = 0
        for step in range(4):
            inputs = []
            for op, source in pairs[2 * step : 2 * step + 2]:
                assert op in OPERATIONS
                columns[f"edge_{cell}_{first + source}"] = op
                inputs.append(source)
            first += 2 + step
            # the first step has no choice of inputs: it takes both
            if step:
                columns[f"inputs_node_{cell}_{2 + step}"] = "_".join(map(str, sorted(inputs)))
    order = [f"edge_{cell}_{edge}" for cell in cells for edge in range(14)]
    order += [f"inputs_node_{cell}_{node}" for cell in cells for node in (3, 4, 5)]
    codes = [code_of(encoding, name, columns[name]) for name in order]
    return np.array([codes], np.int32)


def code_of(encoding: dict[str, Any], column: str, value: str) -> int:
    """The code of a value of a column."""
    codes = encoding[next(key for key in encoding if key.endswith(column))]
    return 0 if value == "#na#" else int(codes[value])


BENCHES: dict[str, Callable[[], Bench]] = {
    "nb201-cifar10": lambda: table_bench("nb201", "cifar10_valid", "cifar10_test", "nb201"),
    "nb201-cifar100": lambda: table_bench("nb201", "cifar100_test", "cifar100_test", "nb201"),
    "nb201-imagenet16": lambda: table_bench(
        "nb201", "imagenet16_120_test", "imagenet16_120_test", "nb201"
    ),
    "transnas-class_scene": lambda: table_bench(
        "transnas-micro", "class_scene", "class_scene", "transnas-micro"
    ),
    "nbgraph-cora": lambda: table_bench("nbgraph-cora", "valid_perf", "test_perf", "nbgraph"),
    "nb101": lambda: table_bench("nb101-all", "valid_108ep", "valid_108ep", "nb101"),
    "nb301": nb301,
}
QUICK = "transnas-class_scene"


def lacks_proxies(name: str, bench: Bench) -> bool:
    """Whether a strategy needs proxies that a benchmark does not have."""
    options = STRATEGIES.get(name, {})
    needed = {*options.get("proxies", ()), *options.get("pretrain_proxies", ())}
    return not needed <= set(bench.problem.known.names)


def config_of(name: str, bench: Bench, seed: int) -> SearchConfig:
    """The options of a named strategy; `fgp:counts+one-hot` is fgp with these features."""
    base, _, features = name.partition(":")
    options = dict(STRATEGIES[base])
    if features:
        options["features"] = tuple(features.split("+"))
    pretrain = dataclasses.replace(
        LONG_PRETRAINING,
        pretext=options.pop("pretext", "flow"),
        proxies=options.pop("pretrain_proxies", ()),
        weights=options.pop("weights", {}),
        task_options=options.pop("task_options", {}),
    )
    fit = FitConfig(
        epochs=NPENAS_EPOCHS, average=NPENAS_AVERAGE, lr=options.pop("lr", FitConfig.lr)
    )
    shared = {
        "seed": seed,
        "n_pool": N_POOL,
        "surrogate": SURROGATES.get(bench.problem.space.name, SurrogateConfig()),
        "encoder": EncoderConfig(),
        "pretrain": pretrain,
        "fit": fit,
    }
    # no strategy has all of these: random search has a seed alone
    has = {field.name for field in dataclasses.fields(SearchConfig.class_of(options["strategy"]))}
    return SearchConfig(**{key: shared[key] for key in shared if key in has}, **options)


def key_of(name: str, strategy: str, trial: int, budget: int) -> str:
    """Under what a trial is kept."""
    return f"{name} {strategy} {trial} {budget}"


def run_trial(
    journal: Journal, name: str, bench: Bench, strategy: str, trial: int, budget: int
) -> None:
    """Make a trial, unless it was made with these options or the benchmark lacks its proxies."""
    key, config = key_of(name, strategy, trial, budget), config_of(strategy, bench, trial)
    made_with = journal.entries().get(key, {}).get("config")
    if made_with == config.digest() or lacks_proxies(strategy, bench):
        return
    started = time.perf_counter()
    simulated = simulate(bench.problem, bench.whole, config, bench.valid, budget)
    course = simulated.course(bench.test)
    journal.append(
        {
            "key": key,
            "config": config.digest(),
            "course": course,
            "trainings": len(simulated.values),
            "seconds": round(float(simulated.seconds.mean()), 4),
        }
    )
    print(f"{key}: {course[-1]} in {time.perf_counter() - started:.0f} s", flush=True)


def best_test(bench: Bench, by_strategy: dict[str, list[tables.Entry]]) -> float:
    """The best test result that there is; where it is not known, that any strategy found."""
    if np.isfinite(bench.optimum):
        return bench.optimum
    entries = [entry for of_strategy in by_strategy.values() for entry in of_strategy]
    return max(entry["course"][-1][2] for entry in entries)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--benchmarks", default=",".join(BENCHES))
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first trial, which is its seed"
    )
    parser.add_argument("--budget", type=int, default=150)
    parser.add_argument("--out", type=Path, default=Path("runs/search"))
    parser.add_argument(
        "--quick", action="store_true", help="2 trials of 40 trainings on TransNAS micro"
    )
    parser.add_argument(
        "--report", action="store_true", help="only write table and figure of what was done"
    )
    parser.add_argument("--pairs", default="", help="compare A with B, trial by trial: A/B,C/D")
    options = parser.parse_args()
    names, strategies = options.benchmarks.split(","), options.strategies.split(",")
    if options.quick:
        names, options.trials, options.budget, options.out = [QUICK], 2, 40, options.out / "quick"
    torch.set_num_threads(1)
    journal = Journal(options.out / "journal.jsonl")
    trials = range(options.first, options.first + options.trials)
    pairs = [pair.split("/") for pair in options.pairs.split(",") if pair]
    texts: list[str] = []
    curves: dict[str, dict[str, FloatArray]] = {}
    for name in names:
        bench = BENCHES[name]()
        # trial by trial, so that a run that is stopped compares all strategies
        for trial in () if options.report else trials:
            for strategy in strategies:
                run_trial(journal, name, bench, strategy, trial, options.budget)
        done = journal.entries()
        by_strategy: dict[str, list[tables.Entry]] = {}
        for strategy in strategies:
            keys = [key_of(name, strategy, trial, options.budget) for trial in trials]
            entries = [done[key] for key in keys if key in done]
            # one that lacks its proxies here has no row
            if entries:
                by_strategy[strategy] = entries
        if not by_strategy:
            continue
        optimum = best_test(bench, by_strategy)
        texts.append(tables.results(name, by_strategy, optimum, bench.best_valid))
        for one, other in pairs:
            texts.append(tables.paired(one, other, done, name, trials, options.budget))
        best = tables.percent(np.array([optimum]))
        curves[name] = {}
        for strategy, entries in by_strategy.items():
            values = np.stack([tables.tests(entry) for entry in entries])  # (trials, trainings)
            curves[name][strategy] = best - values
    # one line each, where many tables would hide what they say
    for one in dict.fromkeys(one for one, _ in pairs):
        others = [other for first, other in pairs if first == one]
        done, shared = journal.entries(), (list(curves), trials, options.budget)
        texts.insert(0, tables.in_all(one, others, done, *shared))
    command = " ".join(["python benchmarks/search.py", *sys.argv[1:]])
    text = (
        "\n".join(texts)
        + "\nMean (standard deviation) over trials of the test result of the best so far by "
        f"validation.\n\nCommand: `{command}`\nMachine: {machine()}, {versions()}\n"
    )
    write_text(options.out / "search.md", text)
    tables.draw(options.out / "search.png", curves)
    print(text)


if __name__ == "__main__":
    main()
