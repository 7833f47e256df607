"""What a search leaves behind: a final table, a CSV of all trials, and a picture of what
happened.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from nasflow.running.files import atomic_write, write_text
from nasflow.search.problem import Problem
from nasflow.search.study import Study
from nasflow.search.trial import Trial
from nasflow.search.view import measured, predicted
from nasflow.text import aligned

TOP = 5
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


def final_table(study: Study) -> str:
    """The best trials (all of the Pareto front, with two objectives), the failures, and the winner
    in full.
    """
    problem, trials = study.problem, study.trials()
    done = sorted((t for t in trials if t.state == "done"), key=lambda t: _key(problem, t))
    failed = [t for t in trials if t.state == "failed"]
    if not done:
        lines = [f"{len(failed)} trainings, none of them gave a result"]
    elif problem.second is None:
        shown = done[:TOP]
        lines = [f"{len(done)} results, the best {len(shown)}:", ""]
    else:
        shown = sorted(study.front(), key=lambda t: _key(problem, t))
        lines = [f"{len(done)} results, {len(shown)} of them on the Pareto front:", ""]
    if done:
        head = [
            "trial",
            "measured",
            *([problem.second] if problem.second else []),
            "predicted",
            "architecture",
        ]
        rows = [
            head,
            *(
                [
                    str(t.number),
                    measured(t),
                    *([f"{t.second:.6g}"] if t.second is not None else []),
                    predicted(t) or "-",
                    problem.space.format(t.architecture),
                ]
                for t in shown
            ),
        ]
        lines.append(aligned(rows))
    if failed:
        lines += ["", f"{len(failed)} failed:"]
        lines += [f"  trial {t.number}: {' '.join((t.reason or '').split())[:200]}" for t in failed]
    return "\n".join(lines) + "\n"


def write_trials(path: Path, study: Study) -> None:
    """All finished trials as a CSV, atomically."""
    second = study.problem.second
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*COLUMNS[:4], *([second] if second else []), *COLUMNS[4:]])
    for t in study.trials():
        if t.finished:
            rows.writerow(
                [
                    t.number,
                    t.state,
                    t.origin,
                    _text(t.value),
                    *([_text(t.second)] if second else []),
                    _text(t.predicted),
                    _text(t.deviation),
                    "" if t.seconds is None else f"{t.seconds:.3f}",
                    t.reason or "",
                    study.problem.space.format(t.architecture),
                ]
            )
    write_text(path, text.getvalue())


def draw(path: Path, study: Study) -> None:
    """A PNG: results in their order with the best so far, and predicted against measured or the
    Pareto front.
    """
    from matplotlib.figure import Figure

    problem = study.problem
    done = [t for t in study.trials() if t.state == "done" and t.value is not None]
    figure = Figure(figsize=(10, 4), layout="constrained")
    course, other = figure.subplots(1, 2)
    values = [t.value for t in done if t.value is not None]
    better = max if problem.maximise else min
    course.plot(values, "o", markersize=4, label="measured")
    course.plot(
        [better(values[: i + 1]) for i in range(len(values))],
        drawstyle="steps-post",
        label="best so far",
    )
    course.set(
        xlabel="results, in the order of proposal",
        ylabel="value",
        title=f"{problem.space.name}: {len(done)} results",
    )
    course.legend()
    if problem.second is not None:
        front = {t.number for t in study.front()}
        for label, chosen in (
            ("others", [t for t in done if t.number not in front]),
            ("Pareto front", [t for t in done if t.number in front]),
        ):
            other.plot(
                [t.second for t in chosen],
                [t.value for t in chosen],
                "o",
                markersize=4,
                label=label,
            )
        other.set(xlabel=problem.second, ylabel="value", title="Two objectives")
        other.legend()
    else:
        guessed = [t for t in done if t.predicted is not None]
        other.errorbar(
            [t.predicted for t in guessed],
            [t.value for t in guessed],
            xerr=[t.deviation or 0.0 for t in guessed],
            fmt="o",
            markersize=4,
            elinewidth=0.5,
        )
        other.set(
            xlabel="predicted",
            ylabel="measured",
            title=f"Predicted against measured ({len(guessed)})",
        )
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120)


def _key(problem: Problem, trial: Trial) -> tuple[float, int]:
    value = trial.value if trial.value is not None else float("nan")
    return (-value if problem.maximise else value, trial.number)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"


def summary(trials: Sequence[Trial]) -> str:
    """One line: how many results, failures and seconds of training."""
    done, failed = (sum(t.state == state for t in trials) for state in ("done", "failed"))
    seconds = sum(t.seconds or 0.0 for t in trials)
    return f"{done} results, {failed} failures, {seconds:.0f} s of training"
