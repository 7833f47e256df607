"""Where a GPU pays: encoding, pre-training and fine-tuning on the CPU and on a GPU beside it.

    python benchmarks/devices.py              prints, and writes benchmarks/results/devices.json

NAS-Bench-201, options of the space and the encoder, random numbers in place of proxy and labels.
The best of some turns counts. Batches are made from the table on the way, as every command does.
Where torch sees no GPU the CPU is alone.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from nasflow import ArchTable, make_encoder
from nasflow.encoders.base import Encoder
from nasflow.experiments.defaults import default_options, encoder_options
from nasflow.experiments.manifest import machine, versions
from nasflow.experiments.stages import Stages
from nasflow.prediction.finetune import fine_tune
from nasflow.prediction.pretrain import pretrain
from nasflow.prediction.scorer import Scorer, in_chunks
from nasflow.running.files import write_json
from nasflow.spaces.nb201 import NB201
from surrogate import best_of

RESULTS = Path(__file__).parent / "results" / "devices.json"
ENCODERS = ("resgatedgcn", "gin", "transformer", "flowerformer")
N_PRETRAIN, N_LABELS, N_ONE_BY_ONE, FIT_EPOCHS = 4096, 78, 50, 5
BATCHES = (256, 2048)


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
        return result

    def fine_tuned(self) -> float:
        """A weight of an encoder fine-tuned for a few epochs."""
        labels = np.random.default_rng(1).normal(size=N_LABELS)
        scorer = Scorer(self.encoder()).to(self.device)
        fine_tune(scorer, self.table[:N_LABELS], labels, replace(self.fit, epochs=FIT_EPOCHS))
        return float(next(scorer.parameters()).detach().sum())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2, help="of the CPU, everywhere")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cells = NB201().enumerate()
    table = cells[np.random.default_rng(0).permutation(len(cells))]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    devices = ["cpu", *(["cuda"] if gpu else [])]
    measured = {
        f"{name}, {device}": Jobs(name, device, table).seconds(options.turns)
        for name in ENCODERS
        for device in devices
    }
    columns = list(next(iter(measured.values())))
    print(
        f"NAS-Bench-201, seconds; pre-training: an epoch of {len(table):,} by flow and a proxy;"
        f" fine-tuning: an epoch of {N_LABELS} labels.\nCPU with {options.threads} threads; GPU:"
        f" {gpu or 'none'}"
    )
    print(" " * 24 + "".join(f"{column:>30}" for column in columns))
    for entry, seconds in measured.items():
        print(f"{entry:24}" + "".join(f"{seconds[column]:30.4g}" for column in columns))
    write_json(
        RESULTS,
        {
            "command": (
                f"python benchmarks/devices.py --threads {options.threads} --turns {options.turns}"
            ),
            "gpu": gpu,
            "seconds": measured,
            "machine": machine(),
            "versions": versions(),
        },
    )


if __name__ == "__main__":
    main()
