"""Where a GPU pays: pre-training, encoding, fine-tuning, ensembles, on a CPU and on a GPU.

    python benchmarks/gpu.py --threads 8      prints, and writes docs/results/gpu.md

NAS-Bench-201, options of the space and the encoder, random numbers in place of proxy and labels.
The best of some turns counts. Batches are made from the table on the way, as every command does.
In ten minutes on one card; where torch sees none, it says so and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from nasflow import ArchTable, make_encoder
from nasflow.encoders.base import Encoder
from nasflow.experiments.defaults import default_options, encoder_options
from nasflow.experiments.manifest import processor
from nasflow.experiments.stages import Stages
from nasflow.experiments.tables import markdown
from nasflow.options.training import ALL_LABELS
from nasflow.prediction.finetune import fine_tune
from nasflow.prediction.members.base import Rows
from nasflow.prediction.members.encoder import EncoderMember
from nasflow.prediction.pretrain import pretrain
from nasflow.prediction.scorer import Scorer, in_chunks
from nasflow.running.files import write_text
from nasflow.spaces.nb201 import NB201
from surrogate import best_of

PAGE = Path("docs/results/gpu.md")
ENCODERS = ("resgatedgcn", "gin", "transformer", "flowerformer")
N_PRETRAIN, N_LABELS, N_ONE_BY_ONE, FIT_EPOCHS = 8192, 78, 50, 5
BATCHES = (256, 4096)


class Jobs:
    """What is timed for one encoder on one device."""

    def __init__(self, name: str, device: str, table: ArchTable) -> None:
        stages = Stages().changed(
            default_options("nb201") | {"encoder.name": name} | encoder_options(name, "nb201")
        )
        self.config, self.fit = stages.encoder, stages.fit
        self.surrogate = stages.surrogate
        self.pretraining = replace(
            stages.pretrain, pretext="flow+proxy", proxies=("proxy",), epochs=2
        )
        self.device, self.table = device, table
        self.column = np.random.default_rng(0).normal(size=N_PRETRAIN)

    def encoder(self) -> Encoder:
        """New weights."""
        torch.manual_seed(0)
        return make_encoder(self.table.n_ops, self.config).to(self.device)

    def seconds(self, turns: int) -> dict[str, float]:
        """Seconds of each job. Each ends with a number on the CPU: the GPU is done by then."""
        encoder = self.encoder()
        few = [self.table[i : i + 1] for i in range(N_ONE_BY_ONE)]
        rows = self.table[:N_PRETRAIN]
        encode = best_of(turns, lambda: in_chunks(encoder, rows))[0] / N_PRETRAIN
        one = best_of(turns, lambda: [in_chunks(encoder, graph) for graph in few])[0] / N_ONE_BY_ONE
        result = {"encode 1,000": 1000 * encode, "encode 1, alone": one}
        for size in BATCHES:
            history = pretrain(
                self.encoder(),
                rows,
                replace(self.pretraining, batch_size=size),
                self.surrogate,
                {"proxy": self.column},
            )
            of_all = min(history.seconds) * len(self.table) / N_PRETRAIN
            result[f"pre-train, batches of {size:,}"] = of_all
        result["fine-tune"] = best_of(turns, self.fine_tuned)[0] / FIT_EPOCHS
        result["ensemble"] = best_of(1, self.ensemble)[0]
        return result

    def fine_tuned(self) -> float:
        """A weight of an encoder fine-tuned for a few epochs."""
        labels = np.random.default_rng(1).normal(size=N_LABELS)
        scorer = Scorer(self.encoder()).to(self.device)
        fine_tune(scorer, self.table[:N_LABELS], labels, replace(self.fit, epochs=FIT_EPOCHS))
        return float(next(scorer.parameters()).detach().sum())

    def ensemble(self) -> float:
        """A number of what a blend's member is after its six fine-tunings, of a few epochs each."""
        table = self.table[:N_LABELS]
        labels = np.random.default_rng(1).normal(size=N_LABELS)
        fit = replace(ALL_LABELS, epochs=FIT_EPOCHS)
        member = EncoderMember(encoder=self.config, fit=fit, device=self.device)
        rows = Rows(table, {})
        return float(member.fit(rows, labels).predict(rows).mean[0])


def text(
    measured: Mapping[str, Mapping[str, float]], n_rows: int, gpu: str, command: str, threads: int
) -> str:
    """The page."""
    columns = list(next(iter(measured.values())))
    rows = [["encoder, device", *columns]]
    for entry, seconds in measured.items():
        rows.append([entry, *(f"{seconds[column]:.3g}" for column in columns)])
    return (
        "# Where a GPU pays\n\nSeconds on NAS-Bench-201. Pre-training: an epoch of"
        f" {n_rows:,} by flow and a proxy.\nFine-tuning: an epoch of {N_LABELS} labels. Ensemble:"
        f" six networks, {FIT_EPOCHS} epochs each.\nCPU: {threads} threads of {processor()}. GPU:"
        f" {gpu}, torch {torch.__version__}.\n\n{markdown(rows)}\nCommand:\n\n    {command}\n"
    )


def main() -> None:
    """Seconds of each job on either device."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2, help="of the CPU, everywhere")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=Path, default=PAGE, help="the page")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        # a table of the CPU alone would look as if a GPU had been measured and left out
        print("torch sees no GPU: nothing is measured, and no page is written")
        return
    torch.set_num_threads(options.threads)
    cells = NB201().enumerate()
    table = cells[np.random.default_rng(0).permutation(len(cells))]
    gpu, command = torch.cuda.get_device_name(), " ".join(["python", *sys.argv])
    measured: dict[str, dict[str, float]] = {}
    for name in ENCODERS:
        for device in ("cpu", "cuda"):
            measured[f"{name}, {device}"] = Jobs(name, device, table).seconds(options.turns)
            # as they come: a card may be lent for minutes
            write_text(options.out, text(measured, len(table), gpu, command, options.threads))
    print(options.out.read_text())


if __name__ == "__main__":
    main()
