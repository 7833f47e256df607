"""Small convolutional networks of many sizes, really trained on scikit-learn's digits.

    python benchmarks/digits_sizes.py learn     accuracies of unseen networks from 20, 30, 50 labels
    python benchmarks/digits_sizes.py search    40 trainings under a limit of parameters, with the
                                                latency as second objective, beside Optuna

The space is digits_space.yaml, its networks are in digits_networks.py. Trainings, splits and
searches are kept in the folder named by --runs when they end; the same command goes on after them.
Optuna is an extra (`pip install 'nasflow[peers]'`); without it the search has the others alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import digits_search
from digits_networks import Evaluations, digits_space, n_params
from nasflow import Predictor, kendall_tau
from nasflow.errors import NasflowError
from nasflow.experiments.tables import markdown
from nasflow.graphs.table import ArchTable
from nasflow.running.files import write_text
from nasflow.running.journal import Journal

FloatArray = npt.NDArray[np.float64]

N_TRAINED = 150
SIZES = (20, 30, 50)
SPLITS = (100, 101, 102, 103, 104, 105)
SEEDS = (0, 1)
MODELS = ("Predictor()", "ridge", "extra trees", "gaussian process", "parameters")


def sample() -> ArchTable:
    """The networks that are trained: all different, at random."""
    space, rng = digits_space(), np.random.default_rng(2024)
    elements = {}
    while len(elements) < N_TRAINED:
        element = space.sample(rng)
        elements.setdefault(element.canonical_id, element)
    return ArchTable.from_architectures(list(elements.values()))


def flat(table: ArchTable) -> FloatArray:
    """(N, 4 * 4 + 2): of each node whether it is there, a convolution, log width and kernel.

    Nodes that a network lacks are zeros; its length and the logarithm of its learning rate follow.
    """
    rows = np.zeros((len(table), 18))
    for row, architecture in zip(rows, table, strict=True):
        nodes = [i for i, op in enumerate(architecture.ops) if op in ("conv", "pool")]
        for place, node in enumerate(nodes):
            row[4 * place] = 1
            if architecture.ops[node] == "conv":
                width, kernel = (architecture.attrs[name][node] for name in ("width", "kernel"))
                row[4 * place + 1 : 4 * place + 4] = 1, np.log2(width), kernel
        row[16:] = len(nodes), np.log10(architecture.globals["lr"])
    return rows


def predicted(
    model: str, table: ArchTable, labels: FloatArray, known: FloatArray, others: FloatArray
) -> FloatArray:
    """(n_others,): what a model says of the other rows, from the labels of the known ones."""
    if model == "Predictor()":
        return np.asarray(Predictor().fit(table[known], labels[known]).predict(table[others]))
    if model == "parameters":
        return np.array([n_params(table[row]) for row in others.tolist()], np.float64)
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = flat(table)
    kernel = ConstantKernel() * RBF(np.ones(rows.shape[1])) + WhiteKernel()
    regressors: dict[str, Callable[[], object]] = {
        "ridge": lambda: RidgeCV(np.logspace(-2, 3, 11)),
        "extra trees": lambda: ExtraTreesRegressor(500, random_state=0),
        "gaussian process": lambda: GaussianProcessRegressor(
            kernel, normalize_y=True, n_restarts_optimizer=2, random_state=0
        ),
    }
    regressor = make_pipeline(StandardScaler(), regressors[model]())
    return np.asarray(regressor.fit(rows[known], labels[known]).predict(rows[others]))


def learn(runs: Path) -> str:
    """Train the sample, learn from some labels, and say how the others are ranked."""
    evaluations = Evaluations(runs)
    evaluations.time_layers()
    table = sample()
    trainings = []
    for number, architecture in enumerate(table):
        trainings.append([evaluations.training(architecture, seed) for seed in SEEDS])
        if number % 10 == 9:
            print(f"{number + 1} of {len(table)} trained", flush=True)
    valid = np.array([[each["valid"] for each in pair] for pair in trainings])  # (N, n_seeds)
    labels = valid.mean(axis=1)
    journal = Journal(runs / "learn.jsonl")
    done = journal.entries()
    for split in SPLITS:
        order = np.random.RandomState(split).permutation(len(table))
        for n_labels in SIZES:
            for model in MODELS:
                key = f"{model} {n_labels} {split}"
                if key in done:
                    continue
                known, others = order[:n_labels], order[n_labels:]
                said = predicted(model, table, labels, known, others)
                error = float(np.abs(said - labels[others]).mean())
                done[key] = {"key": key, "tau": kendall_tau(said, labels[others]), "error": error}
                journal.append(done[key])
                print(done[key], flush=True)
    seconds = [each["seconds"] for pair in trainings for each in pair]
    noise = float(np.sqrt(np.mean(np.var(valid, axis=1, ddof=1))))
    between = kendall_tau(valid[:, 0], valid[:, 1])
    quarters = ", ".join(f"{value:.1f}" for value in np.percentile(labels, [0, 25, 50, 75, 100]))
    times = latencies(evaluations, table)
    lines = [
        f"{len(table)} elements at random, each trained with {len(SEEDS)} seeds,"
        f" {np.mean(seconds):.2f} s of the processor a training. Mean validation accuracy:"
        f" {quarters} per cent (least, quarters, most).",
        "",
        f"Deviation between seeds {noise:.1f} per cent; Kendall's tau of one seed with the other"
        f" {between:.3f}. Summed latencies of layers and those of whole networks have tau"
        f" {kendall_tau(*times):.3f}; the latter are {np.median(times[1] / times[0]):.2f} times as"
        " long in the median.",
        "",
        markdown(_taus(done)),
    ]
    return "\n".join(lines)


def latencies(evaluations: Evaluations, table: ArchTable) -> tuple[FloatArray, FloatArray]:
    """(N,) twice: milliseconds summed over layers, and of the whole networks."""
    summed = [evaluations.latency(architecture) for architecture in table]
    whole = [evaluations.latency_of_whole(architecture) for architecture in table]
    return np.array(summed), np.array(whole)


def _taus(done: dict[str, dict[str, float]]) -> list[list[str]]:
    """Mean (standard deviation) over splits of tau, and the mean absolute error."""
    rows = [["model", *[f"{n} labels" for n in SIZES], *[f"error, {n}" for n in SIZES]]]
    for model in MODELS:
        row, errors = [model], []
        for n in SIZES:
            entries = [done[f"{model} {n} {split}"] for split in SPLITS]
            taus = np.array([entry["tau"] for entry in entries])
            row.append(f"{taus.mean():.3f} ({taus.std():.3f})")
            # parameters are no accuracy: they rank alone
            error = np.mean([entry["error"] for entry in entries])
            errors.append("" if model == "parameters" else f"{error:.1f}")
        rows.append(row + errors)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=["learn", "search"])
    parser.add_argument("--runs", type=Path, default=Path("runs/digits"))
    parser.add_argument("--starts", type=int, default=10)
    legal = [*digits_search.NASFLOW, *digits_search.OPTUNA]
    parser.add_argument("--methods", nargs="+", choices=legal, default=[], help="of the search")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.task == "learn":
        text = learn(options.runs)
    else:
        text = digits_search.search(options.runs, options.starts, options.methods)
    write_text(options.runs / f"{options.task}.md", text + "\n")
    print(text)


if __name__ == "__main__":
    try:
        main()
    except NasflowError as error:
        raise SystemExit(f"error: {error}") from None
