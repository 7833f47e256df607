"""speed: seconds of encoding, of the surrogate and of each pre-training (the paper's table 4 and
its figure on cost).

Everything runs on one thread of this machine. Encoding is measured twice: a batch of architectures
at a time, and one at a time, as a search that proposes single architectures has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from nasflow.datasets import Dataset
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.settings import SETTINGS, TWO_SPACES
from nasflow.graphs.table import ArchTable
from nasflow.options.training import EncoderConfig
from nasflow.prediction.finetune import in_chunks
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.published import ENCODING_SECONDS, SURROGATE_SECONDS, TOTAL_SPEED_UP
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.epoch_seconds import (
    QUICK_ROWS,
    TURNS,
    epoch_seconds,
    one_thread,
    rows_to_time,
    untrained,
)
from nasflow_paper.reproductions.variants import METHODS, Variant, spaces_of, stages_of

ENCODERS = {"ResGatedGCN": "resgatedgcn", "GIN": "gin", "FlowerFormer": "flowerformer"}
ONE_BY_ONE = 100
"""Architectures that are encoded one at a time."""


def speed(options: ReproduceOptions) -> Page:
    """The page."""
    names = spaces_of(TWO_SPACES, options)
    blocks: list[Block] = []
    manifest = {}
    with one_thread(), progress_bar("spaces", len(names), show=options.progress) as advance:
        for name in names:
            dataset = SETTINGS[name].dataset()
            rows = rows_to_time(dataset, options.quick)
            table = dataset.table[rows]
            encoding = {
                label: _encoding(name, encoder, table) for label, encoder in ENCODERS.items()
            }
            surrogate = _surrogate(name, table)
            pretraining = _pretraining(name, dataset, rows)
            blocks += [
                f"## {SETTINGS[name].title}",
                *_tables(name, encoding, surrogate, pretraining, len(dataset)),
            ]
            manifest[name] = {
                **about_dataset(dataset, SETTINGS[name].metric),
                "encoders": {
                    label: _options(name, encoder).to_dict() for label, encoder in ENCODERS.items()
                },
            }
            advance(name)
    done = (
        f"Seconds on one thread of the machine below, the best of {TURNS} turns. Encoding:"
        " embeddings of an untrained encoder, batches of graphs made on the way. Pre-training: one"
        " epoch on all architectures, times the number of epochs; the seconds that it takes to"
        " compute a proxy beforehand are not in it. The paper's numbers are from another machine:"
        " ratios compare, seconds do not."
    )
    if options.quick:
        done += f" A first look (`--quick`): measured on {QUICK_ROWS} architectures and scaled up."
    return Page("Table 4: speed", done, blocks, manifest={"spaces": manifest})


def _tables(
    name: str,
    encoding: dict[str, tuple[float, float]],
    surrogate: float,
    pretraining: dict[str, tuple[float, int]],
    n: int,
) -> list[Block]:
    slow_batch, slow_one = encoding["FlowerFormer"]
    paper_slow = ENCODING_SECONDS["FlowerFormer", name]
    rows = [
        [
            "seconds an architecture",
            "in batches",
            "one at a time",
            "paper",
            "FlowerFormer is slower, in batches",
            "one at a time",
            "paper",
        ]
    ]
    for label, (batch, one) in encoding.items():
        paper = ENCODING_SECONDS[label, name]
        rows.append(
            [
                label,
                f"{batch:.6f}",
                f"{one:.4f}",
                f"{paper:.4f}",
                f"{slow_batch / batch:.0f} x",
                f"{slow_one / one:.0f} x",
                f"{paper_slow / paper:.0f} x",
            ]
        )
    rows.append(
        ["flow surrogate", f"{surrogate:.7f}", "", f"{SURROGATE_SECONDS[name]:.3f}", "", "", ""]
    )
    cost = [["pre-training", "seconds an epoch", "epochs", "seconds"]]
    for label, (epoch, epochs) in pretraining.items():
        cost.append([label, f"{epoch:.2f}", str(epochs), f"{epoch * epochs:.0f}"])
    by_epoch = sorted(pretraining, key=lambda label: pretraining[label][0])
    epoch, epochs = pretraining["FGP"]
    total = epoch * epochs + n * (surrogate + encoding["ResGatedGCN"][0])
    total_one = epoch * epochs + n * (surrogate + encoding["ResGatedGCN"][1])
    words = (
        f"By the seconds of an epoch: {' < '.join(by_epoch)}. The paper has ZC-Proxy as the fastest"
        f" and FGP as the second; here FGP is number {by_epoch.index('FGP') + 1} of"
        f" {len(by_epoch)}.\n\nThe total for {n:,} architectures, surrogates, pre-training of"
        f" ResGatedGCN with FGP and encoding: {total:.0f} s in batches, where FlowerFormer's"
        f" encoding alone takes {n * slow_batch:.0f} s ({n * slow_batch / total:.2g} times that);"
        f" {total_one:.0f} s and {n * slow_one:.0f} s one at a time ({n * slow_one / total_one:.2g}"
        " times)" + (f"; the paper says {TOTAL_SPEED_UP} times." if name == "nb201" else ".")
    )
    return [Table(rows), Table(cost), words]


def _encoding(space: str, name: str, table: ArchTable) -> tuple[float, float]:
    """Seconds to encode an architecture, in batches and one at a time."""
    encoder = untrained(_options(space, name), table)
    few = [table[i : i + 1] for i in range(min(ONE_BY_ONE, len(table)))]

    def one_by_one() -> None:
        for graph in few:
            in_chunks(encoder, graph)

    return _best(lambda: in_chunks(encoder, table)) / len(table), _best(one_by_one) / len(few)


def _surrogate(space: str, table: ArchTable) -> float:
    surrogate = FlowSurrogate(table.n_ops, SETTINGS[space].stages("flow").surrogate)
    return _best(lambda: surrogate(table)) / len(table)


def _pretraining(space: str, dataset: Dataset, rows: np.ndarray) -> dict[str, tuple[float, int]]:
    """Seconds of an epoch over the whole data set, measured on `rows` of it, and the number of
    epochs.
    """
    return {
        v.label: (
            epoch_seconds(v, space, dataset, rows),
            stages_of(v, space, quick=False).pretrain.epochs,
        )
        for v in METHODS
        if v.method != "none"
    }


def _options(space: str, encoder: str) -> EncoderConfig:
    return stages_of(Variant(encoder, "none", encoder=encoder), space, quick=False).encoder


def _best(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(TURNS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
