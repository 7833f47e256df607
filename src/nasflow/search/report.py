"""What a search leaves behind in words: a final table, a CSV of all trials, the winner as JSON."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.networks.registry import network_names
from nasflow.running.files import write_json, write_text
from nasflow.search.results import Results
from nasflow.search.trial import Trial
from nasflow.search.view import measured, predicted, shortened
from nasflow.spaces.base import Space
from nasflow.spaces.registry import space_names
from nasflow.text import aligned

TOP = 5  # trials of the final table: the winner, and those it won against
COLUMNS = (
    "trial",
    "state",
    "origin",
    "value",
    "predicted",
    "deviation",
    "seconds",
    "reason",
    "architecture",
)


def final_table(results: Results, top: int = TOP) -> str:
    """The best trials (with two objectives, those on the Pareto front), and the failures."""
    done, failed = results.done, results.failed
    if not done:
        lines = ["no training gave a result"]
    elif results.second is None:
        best = done[:top]
        lines = [f"{len(done)} results, the best {len(best)}:", "", _table(results, best)]
    else:
        # all of it: which of them is best is for the reader to say
        front = results.front
        headline = (
            f"{len(done)} results, {len(front)} of them on the Pareto front (of what is measured"
            f" {better(results.maximise)}, of {results.second} {better(results.second_maximise)}):"
        )
        lines = [headline, "", _table(results, front)]
    # failures last and short: the CSV has the whole of each reason
    if failed:
        lines += ["", f"{len(failed)} failed:"]
        for trial in failed:
            reason = shortened(trial.reason or "", 200)  # it may hold the lines of an output
            lines.append(f"  trial {trial.number}: {reason}")
    return "\n".join(lines) + "\n"


def better(maximise: bool) -> str:
    """A direction in words."""
    return "more is better" if maximise else "less is better"


def _table(results: Results, trials: Sequence[Trial]) -> str:
    """Trials as aligned columns under a header."""
    second = [] if results.second is None else [results.second]
    # the architecture last: it alone may be of any length
    rows = [["trial", "measured", *second, "predicted", "architecture"]]
    for trial, notation in zip(trials, results.short(trials), strict=True):
        # a header without a number below it would shift the columns
        second = [_number(trial.second) or "-"] if results.second else []
        rows.append(
            [str(trial.number), measured(trial), *second, predicted(trial) or "-", notation]
        )
    return aligned(rows)


def write_trials(path: Path, results: Results) -> None:
    """All finished trials as a CSV, atomically."""
    # the objectives side by side
    after_value = COLUMNS.index("value") + 1
    header = list(COLUMNS)
    if results.second:
        header.insert(after_value, results.second)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for trial in results.trials:
        # what is planned or under way has nothing to say yet
        if not trial.finished:
            continue
        row = [
            trial.number,
            trial.state,
            trial.origin,
            _number(trial.value),
            _number(trial.predicted),
            _number(trial.deviation),
            "" if trial.seconds is None else f"{trial.seconds:.3f}",
            trial.reason or "",
            results.notation(trial.architecture),
        ]
        if results.second:
            row.insert(after_value, _number(trial.second))
        writer.writerow(row)
    write_text(path, text.getvalue())


def write_table(path: Path, results: Results) -> None:
    """All results as a table that `nasflow fit` reads, a line of JSON for each."""
    # its title says the direction: more is better where it says nothing
    title = results.metric if results.maximise else f"{results.metric} [min]"
    lines = []
    for trial in results.trials:
        # what failed has no label, and what is forgotten none that counts
        if trial.state != "done" or trial.value is None:
            continue
        record = _graph(results.space, trial.architecture)
        record[title] = list(trial.repeats) or trial.value
        lines.append(json.dumps(record) + "\n")
    write_text(path, "".join(lines))


def _graph(space: Space | None, architecture: Architecture) -> dict[str, Any]:
    """An architecture as a row of a table has it."""
    if space is not None and space.name in space_names():
        # no element: told in an earlier version, when nobody looked
        with contextlib.suppress(GraphError):
            return {"arch": space.format(architecture), "space": space.name}
    return architecture.to_dict()


def _number(value: float | None) -> str:
    """A number for the CSV; empty where there is none."""
    return "" if value is None else f"{value:.8g}"


def write_best(path: Path, results: Results) -> None:
    """The winner, or the Pareto front, in every notation, as JSON."""
    winners = [_winner(results, trial) for trial in results.winners]
    # what the numbers mean, for whoever finds the file alone
    content: dict[str, Any] = {
        "space": results.title,
        "metric": results.metric,
        "better": better(results.maximise),
    }
    # one winner stands for itself, a front is for the reader to choose from
    if results.second is None:
        content |= winners[0] if winners else {"trial": None}
    else:
        content |= {
            "second": results.second,
            "second better": better(results.second_maximise),
            "front": winners,
        }
    write_json(path, content)


def _winner(results: Results, trial: Trial) -> dict[str, Any]:
    """A trial with its architecture in every notation, and how to build its network."""
    architecture = trial.architecture
    notation = results.notation(architecture)
    about: dict[str, Any] = {
        "trial": trial.number,
        "value": trial.value,
        "predicted": trial.predicted,
        "deviation": trial.deviation,
        "origin": trial.origin,
        "notation": notation,
        "short": results.short([trial])[0],
        "architecture": architecture.to_dict(),
        "canonical_id": trial.canonical_id,
    }
    if trial.repeats:
        about["repeats"] = list(trial.repeats)
    if results.second is not None:
        about["second"] = trial.second
    # a space of one's own has no networks: what builds them is the user's
    if results.space is not None and results.space.name in network_names():
        about["build"] = [
            "from nasflow import load_space",
            f"space = load_space({results.space.name!r})",
            f"network = space.network(space.parse({notation!r}))",
        ]
    return about


def summary(trials: Sequence[Trial]) -> str:
    """One line: how many results, failures and seconds of training."""
    n_done = sum(trial.state == "done" for trial in trials)
    n_failed = sum(trial.state == "failed" for trial in trials)
    seconds = sum(trial.seconds or 0.0 for trial in trials)
    return f"{n_done} results, {n_failed} failures, {seconds:.0f} s of training"
