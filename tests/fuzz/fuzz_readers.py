"""Mutated files and graphs against every reader and importer.

    python tests/fuzz/fuzz_readers.py --inputs 200000 --seed 0

Each input must end in a valid table or architecture, or in a typed error: never in another
exception, never in a hang. Input number i of a seed is the same everywhere, so a failure is
repeated with `--seed S --first i --inputs 1`.
"""

from __future__ import annotations

import argparse
import faulthandler
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

# for a run as a script: pytest has this folder on its path
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.files import FILES, read
from fuzz.graphs import IMPORTERS
from fuzz.mutations import Rng
from nasflow.datasets.base import Dataset
from nasflow.errors import NasflowError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable

HANG_SECONDS = 10.0  # of CPU time: a busy machine is no hang
TARGETS = [*FILES, *IMPORTERS]


class Hang(BaseException):
    """An input that takes too long; no `except Exception` may catch it."""


def check(result: Any) -> None:
    """Assert that what came back is valid, the graphs by checking them anew."""
    if isinstance(result, Dataset):
        table = result.table
        again = ArchTable.from_arrays(
            table.vocabulary, table.ops, table.node_ptr, table.edges, table.edge_ptr
        )
        assert len(table)
        assert (again.generation == table.generation).all()
        for values in result.values.values():
            assert len(values) == len(table)
            assert not np.isinf(values).any()
        assert set(result.metrics) == set(result.values)
    elif isinstance(result, Architecture):
        built_anew = Architecture(result.ops, result.edges, result.attrs, result.globals)
        assert built_anew == result
    else:
        assert isinstance(result, dict)


def attempt(label: str, rng: Rng, folder: Path) -> str:
    """ "valid" or the name of the typed error that one input ends in; anything else is raised."""
    try:
        result = IMPORTERS[label](rng, folder) if label in IMPORTERS else read(label, rng, folder)
    except NasflowError as error:
        return type(error).__name__ if str(error) else "FAILED: an error without a message"
    check(result)
    return "valid"


def warm_up(folder: Path) -> None:
    """Import and build what the targets share, so that no input is blamed for it."""
    for number, label in enumerate(TARGETS):
        attempt(label, np.random.default_rng(number), folder)


def fuzz(
    n_inputs: int, seed: int, folder: Path, first: int = 0
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How many of the inputs of each target had each outcome, and a report on each that failed."""
    outcomes: Counter[tuple[str, str]] = Counter()
    failures = []

    def hang(*_: object) -> None:
        raise Hang

    previous = signal.signal(signal.SIGPROF, hang)
    try:
        for number in range(first, first + n_inputs):
            label = TARGETS[number % len(TARGETS)]
            # of its own for each input, so that any can be repeated alone
            rng = np.random.default_rng([seed, number])
            signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
            try:
                outcomes[label, attempt(label, rng, folder)] += 1
            except (Exception, Hang) as error:  # whatever it is, it is a failure to report
                outcomes[label, "FAILED"] += 1
                failures.append(
                    f"{label}, --seed {seed} --first {number} --inputs 1: {type(error).__name__}\n"
                    f"{traceback.format_exc(limit=-6)}"
                )
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        signal.signal(signal.SIGPROF, previous)
    return outcomes, failures


def main() -> int:
    """Run, print the outcomes by target, and return 1 if any input failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    arguments = parser.parse_args()
    faulthandler.enable()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nasflow-fuzz-") as folder:
        warm_up(Path(folder))
        outcomes: Counter[tuple[str, str]] = Counter()
        failures: list[str] = []
        done = 0
        # one fault fails many inputs alike; twenty are enough to see it
        while done < arguments.inputs and len(failures) < 20:
            size = min(2000, arguments.inputs - done)
            more, failed = fuzz(size, arguments.seed, Path(folder), arguments.first + done)
            outcomes += more
            failures += failed
            done += size
            print(
                f"\r{done:,} inputs, {len(failures)} failures, {time.monotonic() - started:.0f} s",
                end="",
                file=sys.stderr,
            )
    print(file=sys.stderr)
    for label in TARGETS:
        counts = [
            f"{outcome} {n:,}" for (name, outcome), n in sorted(outcomes.items()) if name == label
        ]
        print(f"{label:15} {', '.join(counts)}")
    print(f"{done:,} inputs in {time.monotonic() - started:.0f} s: {len(failures)} failed")
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
