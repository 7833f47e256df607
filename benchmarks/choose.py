"""Do rows that `nasflow choose` takes teach more than random ones? On splits for design.

    NASFLOW_DATA=... python benchmarks/choose.py --out docs/results/choose.md
    NASFLOW_DATA=... python benchmarks/choose.py --aim top --spaces nb201 \\
        --proxies jacov nwot synflow params --out docs/results/choose.md
    python benchmarks/choose.py --report --out docs/results/choose.md
    NASFLOW_DATA=... python benchmarks/choose.py --many 1000000

Of each split one half may be labelled and the other is predicted by a blend without a graph
network, the default of `Predictor().fit`, which reads a zero-cost column where some are named.
Each split is kept beside the page, in a file of lines of JSON, and not made again. The last command
takes the seconds of 100 rows of a table of so many.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats

from nasflow import Dataset, FitConfig, Predictor, choose, kendall_tau, open_dataset
from nasflow.experiments.manifest import processor
from nasflow.experiments.tables import markdown, paired
from nasflow.prediction.label import Label
from nasflow.running.files import write_text
from nasflow.running.journal import Journal
from nasflow.statistics.metrics import precision_at

SPACES = ("nb201", "nb101", "nb301", "nasbench-macro", "transnas-micro", "nbgraph-cora")
LABELS = (20, 40, 100)
SPLITS = tuple(range(1, 11))
WAYS = ("random", "chosen")

_HEAD = """# What to label first: chosen rows against random ones

Of each split one half of a table may be labelled; `nasflow choose` takes some of its rows, or they
are drawn at random, and a blend without a graph network (`Predictor().fit`) ranks the other half.
tau and P@1% x100, mean (standard deviation) over the splits; differences are paired by split, with
a 95 % interval over splits. Splits have other seeds than those that results are reported on.
"""

FINDINGS = """## What the tables say

* Chosen rows rank better, without any zero-cost column: by +2.2 of tau with 20 labels (+1.0 to +3.4
  over nine tables), +1.4 with 40 (+0.4 to +2.5) and +1.3 with 100 (+0.4 to +2.3). No single line is
  behind random rows by more than its interval.
* That is won on the six spaces of wirings and operations: +2.8, +2.0 and +2.0 in their mean, and
  better on each of them. On the three tables of sizes random rows do as well, but for the 20 first
  ones of BERT (+2.9): what a size costs or brings is nearly a curve, which any rows show.
* At the top little is won. Without zero-cost columns P@1% is +3.1 (+0.0 to +6.1), +0.4 and +1.2;
  where every second row is taken from the half that such columns promise most of (`--for top`, the
  seven tables that have some) +2.2, +1.0 and +2.8 (+0.0 to +5.6).
"""


def key_of(space: str, n: int, split: int, aim: str, names: Iterable[str]) -> str:
    """Under what a split is kept."""
    return " ".join([space, str(n), str(split), aim, "+".join(names) or "-"])


def measured(dataset: Dataset, n: int, split: int, aim: str, names: list[str]) -> dict[str, Any]:
    """tau and P@1% of random rows, and of chosen ones; seconds that the choice took."""
    metric = dataset.metric()
    label = Label(metric.name, metric.unit, metric.maximise)
    labels = dataset.labels(metric.name)
    order = np.random.RandomState(split).permutation(np.flatnonzero(np.isfinite(labels)))
    half, test = np.split(order, [len(order) // 2])
    proxies = {name: dataset.proxy(name) for name in names}
    of_half = {name: column[half] for name, column in proxies.items()}
    started = time.perf_counter()
    chosen = half[choose(dataset.table[half], n, proxies=of_half or None, aim=aim, seed=split)]
    results: dict[str, Any] = {"seconds": round(time.perf_counter() - started, 2)}
    better = 1 if metric.maximise else -1
    for way, rows in zip(WAYS, (half[:n], chosen), strict=True):
        at_rows, at_test = (
            {name: column[which] for name, column in proxies.items()} or None
            for which in (rows, test)
        )
        # options for `fit` ask for the graph network as well, unless fast is said
        predictor = Predictor(effort="fast", fit=FitConfig(seed=split))
        predictor.fit(
            dataset.table[rows],
            labels[rows],
            proxies=at_rows,
            reference=proxies or None,
            label=label,
        )
        predicted = better * predictor.predict(dataset.table[test], at_test)
        truth = better * labels[test]
        tau, p1 = kendall_tau(predicted, truth), precision_at(predicted, truth, 1)
        results[way] = {"tau": round(tau, 6), "p1": round(p1, 6)}
    return results


def text(entries: Mapping[str, Mapping[str, Any]], commands: Iterable[str]) -> str:
    """The page of all splits that were made."""
    by_aim: dict[tuple[str, bool], dict[tuple[str, int], list[Mapping[str, Any]]]] = {}
    for entry in entries.values():
        lines = by_aim.setdefault((entry["aim"], entry["proxies"] == "-"), {})
        lines.setdefault((entry["space"], entry["n_labels"]), []).append(entry)
    sections = [_HEAD, FINDINGS]
    for (aim, graph_alone), lines in by_aim.items():
        header = ["space", "labels"]
        for name in ("tau", "P@1%"):
            header += [f"{name}, random", f"{name}, chosen", f"{name}, chosen - random"]
        rows = [[*header, "splits"]]
        columns = {}
        for (space, n), runs in lines.items():
            cells = []
            for name in ("tau", "p1"):
                cells += _cells(runs, name)
            rows.append([space, str(n), *cells, str(len(runs))])
            columns[space] = runs[0]["proxies"].replace("+", ", ")
        beside = "no zero-cost column"
        if not graph_alone:
            of_each = [f"{names} on {space}" for space, names in columns.items()]
            beside = f"with zero-cost columns\n\nThese are {'; '.join(of_each)}."
        tables = f"{_over_spaces(lines)}{markdown(rows)}"
        sections.append(f"## For the {aim}, {beside}\n\n{tables}")
    told = "\n".join(f"    {command}" for command in commands)
    sections.append(f"Commands:\n\n{told}\n")
    return "\n".join(sections)


def _over_spaces(lines: Mapping[tuple[str, int], list[Mapping[str, Any]]]) -> str:
    """A line for each number of labels: chosen - random in the mean over spaces; "" of one space.

    The interval is Student's over the spaces, each of which is one number.
    """
    if len({space for space, _ in lines}) < 2:
        return ""
    header = ["labels", "tau, chosen - random", "better on", "P@1%, chosen - random", "better on"]
    rows = [header]
    for n in sorted({n for _, n in lines}):
        cells = []
        for name in ("tau", "p1"):
            gains = []
            for (_, labels), runs in lines.items():
                if labels == n:
                    by_split = [100 * (run["chosen"][name] - run["random"][name]) for run in runs]
                    gains.append(float(np.mean(by_split)))
            half = scipy.stats.t.ppf(0.975, len(gains) - 1) * scipy.stats.sem(gains)
            mean = float(np.mean(gains))
            cells.append(f"{mean:+.1f} ({mean - half:+.1f} to {mean + half:+.1f})")
            cells.append(f"{sum(gain > 0 for gain in gains)} of {len(gains)} spaces")
        rows.append([str(n), *cells])
    return f"In the mean over spaces, with a 95 % interval over these:\n\n{markdown(rows)}\n"


def _cells(runs: list[Mapping[str, Any]], name: str) -> list[str]:
    """Random, chosen, and the paired difference with its interval."""
    cells, flat = [], []
    for way in WAYS:
        values = 100 * np.array([run[way][name] for run in runs])
        cells.append(f"{values.mean():.1f} ({values.std():.1f})")
        flat += [{"method": way, "split": run["split"], "seed": 0, **run[way]} for run in runs]
    found = paired(flat, "chosen", "random", name)
    interval = f"{100 * found.low:+.1f} to {100 * found.high:+.1f}"
    return [*cells, f"{100 * found.mean:+.1f} ({interval})"]


def seconds_of_many(n_rows: int) -> str:
    """How long a choice from a large table takes; its rows are drawn from NAS-Bench-101's."""
    dataset = open_dataset("nb101")
    table = dataset.table[np.random.RandomState(0).randint(0, len(dataset.table), n_rows)]
    started = time.perf_counter()
    rows = choose(table, 100)
    seconds = time.perf_counter() - started
    return f"{len(rows)} of {n_rows:,} rows chosen in {seconds:.1f} s on one core, {processor()}"


def main() -> None:
    """A line for each space and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--labels", nargs="+", type=int, default=LABELS)
    parser.add_argument("--splits", nargs="+", type=int, default=SPLITS)
    parser.add_argument("--aim", choices=["ranking", "top"], default="ranking")
    parser.add_argument("--proxies", nargs="*", default=[], help="columns that need no training")
    parser.add_argument("--out", type=Path, default=Path("runs/choose.md"), help="the page")
    parser.add_argument("--report", action="store_true", help="only write the page")
    parser.add_argument("--many", type=int, default=0, help="only time a table of so many rows")
    options = parser.parse_args()
    if options.many:
        print(seconds_of_many(options.many))
        return
    journal = Journal(options.out.with_suffix(".jsonl"))
    command = " ".join(["NASFLOW_DATA=... python", *sys.argv])
    for space in () if options.report else options.spaces:
        dataset = open_dataset(space)
        for n in options.labels:
            for split in options.splits:
                key = key_of(space, n, split, options.aim, options.proxies)
                if key in journal.entries():
                    continue
                results = measured(dataset, n, split, options.aim, options.proxies)
                about = {
                    "space": space,
                    "n_labels": n,
                    "split": split,
                    "aim": options.aim,
                    "proxies": "+".join(options.proxies) or "-",
                    "command": command,
                }
                journal.append({"key": key, **about, **results})
            # as they come: a line takes minutes
            print(space, n, file=sys.stderr, flush=True)
            write_text(options.out, page_of(journal))
    write_text(options.out, page_of(journal))
    print(page_of(journal))


def page_of(journal: Journal) -> str:
    """The page of a journal, with the commands that made its lines."""
    entries = journal.entries()
    # splits were made a few at a time; without a word all are
    commands = [re.sub(r" --splits( \d+)+", "", entry["command"]) for entry in entries.values()]
    return text(entries, dict.fromkeys(commands))


if __name__ == "__main__":
    main()
