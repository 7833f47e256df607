"""Seconds a suggestion takes on the DARTS space with 150 results: one, and 10,000 at once.

    python benchmarks/suggestions.py      prints, and writes benchmarks/results/suggestions.json

The encoder is left as drawn, since its weights make no difference to the time; results are made up.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import torch

from nasflow.experiments.manifest import machine, versions
from nasflow.options.training import PretrainConfig
from nasflow.running.files import write_json
from nasflow.search import Problem, Study
from nasflow.search.strategies.registry import SearchConfig
from nasflow.spaces.darts import Darts

RESULTS = Path(__file__).parent / "results" / "suggestions.json"
N_RESULTS = 150


def main() -> None:
    torch.set_num_threads(1)
    config = SearchConfig(
        strategy="fgp", n_initial=N_RESULTS, pretrain=PretrainConfig(pretext="none")
    )
    result: dict[str, object] = {
        "command": "python benchmarks/suggestions.py",
        "results": N_RESULTS,
        "threads": 1,
        "machine": machine(),
        "versions": versions(),
    }
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder) / "study.db", Problem(Darts()), config)
        for i, trial in enumerate(study.ask(N_RESULTS)):
            study.tell(
                trial.architecture, trial.architecture.ops.count("sep_conv_3x3") + 0.01 * (i % 7)
            )
        for n in (1, 10_000):
            started, busy = time.perf_counter(), time.process_time()
            n_asked = len(study.ask(n))
            seconds, processor = time.perf_counter() - started, time.process_time() - busy
            result[f"seconds_for_{n}"] = {
                "wall": round(seconds, 2),
                "processor": round(processor, 2),
            }
            print(
                f"DARTS, {N_RESULTS} results: {n_asked} suggestions in {seconds:.1f} s"
                f" ({processor:.1f} s of the processor)"
            )
    write_json(RESULTS, result)


if __name__ == "__main__":
    main()
