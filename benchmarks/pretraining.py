"""How long must an encoder be pre-trained? tau of what it is fine-tuned to, against seconds.

    NASFLOW_DATA=... python benchmarks/pretraining.py --spaces nb201 transnas-micro
    python benchmarks/pretraining.py --report

For design: splits of seeds 1, 2, 3, which no result is reported on. Of each, the encoder is
pre-trained on the whole table by `flow`, with some number of epochs, batch and learning rate, then
fine-tuned on 1 % of one half and 40 more rows as a blend does it, and ranks the rest of the other
half. Seconds are the processor's, on one thread, so that other work on the machine does not count.
A line of docs/results/pretraining.jsonl for each; what is there is not made again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasflow import Dataset, kendall_tau, open_dataset
from nasflow.experiments.defaults import default_options
from nasflow.experiments.manifest import processor
from nasflow.experiments.tables import markdown
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import ALL_LABELS, PretrainConfig
from nasflow.prediction.fgp import FGP
from nasflow.running.files import write_text
from nasflow.running.journal import Journal
from nasflow.statistics.metrics import precision_at
from nasflow.statistics.splits import half_split

PAGE = Path("docs/results/pretraining.md")
SPACES = ("nb201", "nb101", "nb301", "nasbench-macro", "transnas-micro", "nbgraph-cora")
SEEDS = (1, 2, 3)
N_MORE = 40
MOST_ROWS = 15_625
"""Of a larger table so many rows are pre-trained on, so that all spaces take about as long."""

# by name: epochs, graphs a step, peak learning rate
SCHEDULES: dict[str, tuple[int, int, float]] = {
    "none": (0, 256, 1e-3),
    "40 epochs": (40, 256, 1e-3),
    "20 epochs": (20, 256, 1e-3),
    "13 epochs": (13, 256, 1e-3),
    "13 epochs, twice the rate": (13, 256, 2e-3),
    "13 epochs, batches of 512, twice the rate": (13, 512, 2e-3),
    "7 epochs, twice the rate": (7, 256, 2e-3),
}
BEFORE = "40 epochs"

_HEAD = """# How long must an encoder be pre-trained?

`flow` on a whole table (15,625 rows of a larger one), then fine-tuning on 1 % of one half and 40
more rows as a blend does it; tau and P@1% x100 on the other half, means over splits for design,
which no result is reported on. Seconds of the processor on one thread, pre-training alone.
"""


def measured(dataset: Dataset, seed: int, schedule: tuple[int, int, float]) -> dict[str, Any]:
    """tau and P@1% of a split, the loss that pre-training ends with, and its seconds."""
    epochs, batch_size, lr = schedule
    options = default_options(dataset.name)
    surrogate = {
        name.removeprefix("surrogate."): value
        for name, value in options.items()
        if name.startswith("surrogate.")
    }
    config = PretrainConfig(
        "flow" if epochs else "none", epochs=epochs or 1, batch_size=batch_size, lr=lr, seed=seed
    )
    predictor = FGP(surrogate=SurrogateConfig(**surrogate), pretrain=config, fit=ALL_LABELS)
    order = np.random.RandomState(seed).permutation(len(dataset))[:MOST_ROWS]
    started = time.process_time()
    predictor.pretrain(dataset.table[np.sort(order)])
    seconds = time.process_time() - started
    metric = dataset.metric()
    labels = dataset.labels(metric.name) * (1 if metric.maximise else -1)
    known = np.flatnonzero(np.isfinite(labels))
    split = half_split(len(known), seed, 0.01, N_MORE, file_order=False)
    rows = known[np.concatenate([split.train, split.validation])]
    predictor.fit(dataset.table[rows], labels[rows])
    test = known[split.test]
    predicted, truth = predictor.predict(dataset.table[test]), labels[test]
    losses = predictor.history_.loss
    return {
        "n_rows": len(order),
        "seconds": round(seconds, 2),
        "loss": round(losses[-1], 6) if losses else None,
        "tau": round(kendall_tau(predicted, truth), 6),
        "p1": round(precision_at(predicted, truth, 1), 6),
    }


FINDINGS = """\
On NAS-Bench-201 and 101, Macro and TransNAS half of the 40 epochs, or a third, rank as well, and on
the latter two no pre-training at all ranks better. On Cora and NAS-Bench-301, where pre-training
adds two to five points, a shorter one loses about one. So the default of `nasflow pretrain` is
about 1,200 steps, half of the 40 epochs of 15,625 rows, and `--pretrain.epochs 40` is for who has
the time. Doubled rates reach the loss of 20 epochs in 13; that they rank better is not to be seen.
"""


def text(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The page: each schedule against 40 epochs of the same splits, then each space."""
    runs: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = {}
    for entry in entries.values():
        runs.setdefault((entry["space"], entry["schedule"]), {})[entry["seed"]] = entry
    spaces = [space for space in SPACES if (space, BEFORE) in runs]
    rows = [["schedule", "seconds", *spaces]]
    for name in SCHEDULES:
        cells, took = [], []
        for space in spaces:
            usual, other = runs[space, BEFORE], runs.get((space, name), {})
            # both on the same split, or they would differ by their splits
            common = sorted(usual.keys() & other.keys())
            gains = [100 * (other[seed]["tau"] - usual[seed]["tau"]) for seed in common]
            took += [other[seed]["seconds"] / usual[seed]["seconds"] for seed in common]
            cells.append(f"{np.mean(gains):+.1f} ({len(gains)})" if gains else "")
        rows.append([name, f"{np.mean(took):.2f}" if took else "", *cells])
    compared = (
        f"tau less that of {BEFORE} on the same splits (how many), and seconds in units of theirs:"
    )
    sections = [_HEAD, FINDINGS, f"{compared}\n\n{markdown(rows)}"]
    header = ["space", "schedule", "rows", "tau", "P@1%", "loss", "seconds", "splits"]
    rows = [header]
    for space in spaces:
        for name in SCHEDULES:
            if (space, name) not in runs:
                continue
            of_space = list(runs[space, name].values())
            taus = 100 * np.array([run["tau"] for run in of_space])
            loss = "" if of_space[0]["loss"] is None else f"{_mean(of_space, 'loss'):.4f}"
            rows.append(
                [
                    space,
                    name,
                    f"{of_space[0]['n_rows']:,}",
                    f"{taus.mean():.1f} ({taus.std():.1f})",
                    f"{100 * _mean(of_space, 'p1'):.1f}",
                    loss,
                    f"{_mean(of_space, 'seconds'):.1f}",
                    str(len(of_space)),
                ]
            )
    sections.append(f"## Each space\n\n{markdown(rows)}")
    sections.append("Command:\n\n    NASFLOW_DATA=... python benchmarks/pretraining.py\n")
    return "\n".join(sections)


def _mean(runs: list[Mapping[str, Any]], name: str) -> float:
    return float(np.mean([run[name] for run in runs]))


def main() -> None:
    """A line for each space, seed and schedule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--schedules", nargs="+", default=tuple(SCHEDULES), choices=SCHEDULES)
    parser.add_argument("--out", type=Path, default=PAGE, help="the page")
    parser.add_argument("--report", action="store_true", help="only write the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    journal = Journal(options.out.with_suffix(".jsonl"))
    for seed in () if options.report else options.seeds:
        for space in options.spaces:
            dataset = open_dataset(space)
            for name in options.schedules:
                key = f"{space} {seed} {name}"
                if key in journal.entries():
                    continue
                results = measured(dataset, seed, SCHEDULES[name])
                about = {"space": space, "seed": seed, "schedule": name, "processor": processor()}
                journal.append({"key": key, **about, **results})
                # as they come: a space takes minutes
                print(key, results, file=sys.stderr, flush=True)
                write_text(options.out, text(journal.entries()))
    write_text(options.out, text(journal.entries()))
    print(text(journal.entries()))


if __name__ == "__main__":
    main()
