"""Stand-ins for what users train: importable by name in a worker process. As a script, a search
with one of them.

python search_trainers.py STUDY STRATEGY BUDGET PARALLEL WINDOW
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from nasflow.graphs.architecture import Architecture

WORTH = {"none": -2.0, "skip": 0.3, "conv1x1": 1.1, "conv3x3": 2.0, "avgpool3x3": 0.6}


def worth(architecture: Architecture) -> float:
    """A number that the cell determines: what its operations are worth, later ones more."""
    return sum(WORTH.get(op, 0.0) * (1 + 0.1 * place) for place, op in enumerate(architecture.ops))


def logged(architecture: Architecture) -> float:
    """`worth`, with a line in the file $TRAINING_LOG at the beginning and at the end of 0.1 s."""
    for word in ("begin", "end"):
        with open(os.environ["TRAINING_LOG"], "a") as log:
            log.write(f"{word} {architecture.canonical_id}\n")
        if word == "begin":
            time.sleep(0.1)
    return worth(architecture)


def odd(architecture: Architecture) -> Any:
    """Everything that goes wrong with users' functions, by the first operation of the cell."""
    kind = architecture.ops[1]
    if kind == "none":
        print("about to fail")
        raise ZeroDivisionError("on purpose")
    if kind == "skip":
        return "91.3 %"
    if kind == "conv1x1":
        return float("nan") if architecture.ops[2] == "none" else None
    if kind == "avgpool3x3":
        while True:
            time.sleep(0.01)
    return worth(architecture)


def exits(architecture: Architecture) -> float:
    sys.exit(0)


def vanishes(architecture: Architecture) -> float:
    os._exit(0)


def dies(architecture: Architecture) -> float:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


def dies_once(architecture: Architecture) -> float:
    """Takes its process down the first time that it is called at all."""
    flag = Path(os.environ["TRAINING_LOG"]) / "died"
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return worth(architecture)


def stuck_in_c(architecture: Architecture) -> float:
    signal.signal(
        signal.SIGALRM, signal.SIG_IGN
    )  # what a library in C that never returns amounts to
    while True:
        time.sleep(1)


def main() -> None:
    from nasflow.search import Problem, Study, run
    from nasflow.search.strategies.registry import SearchConfig
    from nasflow.spaces.nb201 import NB201

    path, strategy, budget, parallel, window = sys.argv[1:]
    study = Study(
        path, Problem(NB201()), SearchConfig(strategy=strategy, n_initial=4), window=int(window)
    )
    run(study, f"{__file__}:logged", int(budget), parallel=int(parallel))


if __name__ == "__main__":
    main()
