"""speed: seconds of encoding, surrogates and pre-training (the paper's table 4, figure on cost).

Everything runs on one thread of this machine. Encoding is measured twice: a batch of architectures
at a time, and one at a time, as a search that proposes single architectures has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nasflow.datasets import Dataset
from nasflow.encoders.registry import EncoderConfig
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.settings import SETTINGS, TWO_SPACES
from nasflow.graphs.table import ArchTable
from nasflow.prediction.scorer import in_chunks
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.published import ENCODING_SECONDS, SURROGATE_SECONDS, TOTAL_SPEED_UP
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.epoch_seconds import (
    QUICK_ROWS,
    TURNS,
    epoch_seconds,
    one_thread,
    rows_to_time,
    untrained,
)
from nasflow_paper.reproductions.variants import (
    METHODS,
    Variant,
    pretraining_epochs,
    spaces_of,
    stages_of,
)

ENCODERS = {"ResGatedGCN": "resgatedgcn", "GIN": "gin", "FlowerFormer": "flowerformer"}
ONE_BY_ONE = 100
"""Architectures that are encoded one at a time."""


def speed(options: ReproduceOptions) -> Page:
    """The page on what everything costs."""
    names = spaces_of(TWO_SPACES, options)
    blocks: list[Block] = []
    manifest = {}
    with one_thread(), progress_bar("spaces", len(names), show=options.progress) as advance:
        for name in names:
            dataset = SETTINGS[name].dataset()
            rows = rows_to_time(dataset, options.quick)
            table = dataset.table[rows]
            costs = _Costs(
                {label: _encoding(name, encoder, table) for label, encoder in ENCODERS.items()},
                _surrogate(name, table),
                _pretraining(name, dataset, rows),
            )
            blocks.append(f"## {SETTINGS[name].title}")
            blocks.append(PageTable(_encoding_rows(name, costs)))
            blocks.append(PageTable(_pretraining_rows(costs)))
            blocks.append(_total(name, costs, len(dataset)))
            manifest[name] = about_dataset(dataset, SETTINGS[name].metric)
            manifest[name]["encoders"] = {
                label: _options(name, encoder).to_dict() for label, encoder in ENCODERS.items()
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


@dataclass(frozen=True)
class _Costs:
    """What was measured on a space, in seconds."""

    encoding: dict[str, tuple[float, float]]
    """By encoder: of an architecture in batches, and one at a time."""
    surrogate: float
    """Of an architecture."""
    pretraining: dict[str, tuple[float, int]]
    """By method: of an epoch; and the number of epochs."""


def _encoding_rows(name: str, costs: _Costs) -> list[list[str]]:
    """Header and a row for each encoder, and one for the surrogate."""
    slow_batch, slow_one = costs.encoding["FlowerFormer"]
    paper_slow = ENCODING_SECONDS["FlowerFormer", name]
    header = [
        "seconds an architecture",
        "in batches",
        "one at a time",
        "paper",
        "FlowerFormer is slower, in batches",
        "one at a time",
        "paper",
    ]
    rows = [header]
    for label, (batch, one) in costs.encoding.items():
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
    paper = SURROGATE_SECONDS[name]
    rows.append(["flow surrogate", f"{costs.surrogate:.7f}", "", f"{paper:.3f}", "", "", ""])
    return rows


def _pretraining_rows(costs: _Costs) -> list[list[str]]:
    """Header and a row for each pre-training."""
    rows = [["pre-training", "seconds an epoch", "epochs", "seconds"]]
    for label, (epoch, epochs) in costs.pretraining.items():
        rows.append([label, f"{epoch:.2f}", str(epochs), f"{epoch * epochs:.0f}"])
    return rows


def _total(name: str, costs: _Costs, n: int) -> str:
    """The order of pre-trainings, and what FGP costs with all that belongs to it, in words."""
    by_epoch = sorted(costs.pretraining, key=lambda label: costs.pretraining[label][0])
    rank = by_epoch.index("FGP") + 1
    epoch, epochs = costs.pretraining["FGP"]
    fast_batch, fast_one = costs.encoding["ResGatedGCN"]
    slow_batch, slow_one = costs.encoding["FlowerFormer"]
    fgp_batch = epoch * epochs + n * (costs.surrogate + fast_batch)
    fgp_one = epoch * epochs + n * (costs.surrogate + fast_one)
    # the paper's total is of NAS-Bench-201 alone
    paper = f"; the paper says {TOTAL_SPEED_UP} times" if name == "nb201" else ""
    return (
        f"By the seconds of an epoch: {' < '.join(by_epoch)}. The paper has ZC-Proxy as the fastest"
        f" and FGP as the second; here FGP is number {rank} of {len(by_epoch)}.\n\nThe total for"
        f" {n:,} architectures, surrogates, pre-training of ResGatedGCN with FGP and encoding:"
        f" {fgp_batch:.0f} s in batches, where FlowerFormer's encoding alone takes"
        f" {n * slow_batch:.0f} s ({n * slow_batch / fgp_batch:.2g} times that);"
        f" {fgp_one:.0f} s and {n * slow_one:.0f} s one at a time"
        f" ({n * slow_one / fgp_one:.2g} times){paper}."
    )


def _encoding(space: str, name: str, table: ArchTable) -> tuple[float, float]:
    """Seconds to encode an architecture, in batches and one at a time."""
    encoder = untrained(_options(space, name), table)
    # as graphs of their own, the way in which a search hands them over
    few = [table[i : i + 1] for i in range(min(ONE_BY_ONE, len(table)))]

    def one_by_one() -> None:
        for graph in few:
            in_chunks(encoder, graph)

    return _best(lambda: in_chunks(encoder, table)) / len(table), _best(one_by_one) / len(few)


def _surrogate(space: str, table: ArchTable) -> float:
    """Seconds to make the surrogate of an architecture."""
    surrogate = FlowSurrogate(table.n_ops, SETTINGS[space].stages("flow").surrogate)
    return _best(lambda: surrogate(table)) / len(table)


def _pretraining(space: str, dataset: Dataset, rows: np.ndarray) -> dict[str, tuple[float, int]]:
    """By method: seconds of an epoch on all, measured on `rows`, and the number of epochs."""
    costs = {}
    for variant in METHODS:
        if variant.method != "none":
            epochs = pretraining_epochs(variant, space, quick=False)
            costs[variant.label] = epoch_seconds(variant, space, dataset, rows), epochs
    return costs


def _options(space: str, encoder: str) -> EncoderConfig:
    """The options of an encoder on a space."""
    return stages_of(Variant(encoder, "none", encoder=encoder), space, quick=False).encoder


def _best(call: Callable[[], object]) -> float:
    """Seconds of the fastest of a few calls."""
    seconds = []
    # the fastest and not the mean: other work on the machine only ever adds
    for _ in range(TURNS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
