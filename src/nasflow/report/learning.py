"""Learning curves: the loss of each pretext task, and Kendall tau while fine-tuning."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError, MissingDataError
from nasflow.experiments.tables import Entry, by_method
from nasflow.report.results import Results
from nasflow.report.section import (
    Data,
    Figure,
    Section,
    axis,
    band,
    epoch_axis,
    layout,
    line_styles,
    lines,
    plain,
)


def pretraining_section(results: Results) -> Section:
    """Loss of each pretext task by epoch, the mean over the seeds of each method.

    Raises:
        MissingDataError, DataError: no losses were kept; malformed ones.
    """
    styles = line_styles(results.methods)
    traces: list[Data] = []
    last = 1
    for method, done in results.pretrainings.items():
        losses = [_losses(entry) for entry in done if "task_losses" in entry]
        tasks = dict.fromkeys(task for by_task in losses for task in by_task)
        for i, task in enumerate(tasks):
            curves = _same_length([by_task[task] for by_task in losses if task in by_task])
            epochs = range(1, curves.shape[1] + 1)
            last = max(last, curves.shape[1])
            # the tasks of one method have its colour, and a dash of their own
            line = {**styles[method], "dash": ("solid", "dash", "dot")[i % 3]}
            name = method if "+" not in method else f"{method}: {task}"
            traces.append(lines(name, epochs, _rounded(curves.mean(axis=0)), line))
    if not results.pretrainings:
        raise MissingDataError("no method here has a finished pre-training")
    if not traces:
        raise MissingDataError(
            "these pre-trainings were made before the losses of their epochs were kept"
        )
    figure = Figure(
        "pretraining",
        traces,
        layout(
            epoch_axis(last),
            axis("loss of the task", rangemode="tozero"),
            hovermode="x unified",
        ),
        height=380,
    )
    return Section(
        "The loss of each pretext task after each epoch, before its weight: the mean over the"
        " pre-trainings of a method, one for each seed. Losses are scaled so that a guess has"
        " about 1.",
        [figure],
    )


def fitting_section(results: Results) -> Section:
    """Kendall tau on the validation rows by epoch, mean and deviation over a method's runs.

    Raises:
        MissingDataError, DataError: no records were kept; a damaged one.
    """
    records, styles = results.records, line_styles(results.methods)
    traces: list[Data] = []
    after_training: list[npt.NDArray[np.float64]] = []
    last = 1
    for method, entries in by_method(results.entries).items():
        kept = [records[entry["key"]] for entry in entries if entry["key"] in records]
        taus = [record.validation_tau for record in kept if len(record.validation_tau) > 1]
        if taus:
            curves = 100 * _same_length(taus)  # (n_runs, epochs)
            epochs = range(curves.shape[1])  # 0: before the first
            last = max(last, curves.shape[1] - 1)
            mean, spread = curves.mean(axis=0), curves.std(axis=0)
            low, high = mean - spread, mean + spread
            after_training.append(np.concatenate([low[1:], high[1:]]))
            colour = styles[method]["color"]
            traces.append(band(method, epochs, _rounded(low), _rounded(high), colour))
            traces.append(
                lines(method, epochs, _rounded(mean), styles[method], legendgroup=plain(method))
            )
    if not traces:
        raise MissingDataError("no run here has validation rows and epochs")
    n_validation = results.entries[0]["n_validation"]
    # an encoder that has seen no label may rank backwards: that first point would press all others
    # together
    shades = np.concatenate(after_training)
    lowest, highest = float(shades.min()), float(shades.max())
    figure = Figure(
        "fitting",
        traces,
        layout(
            epoch_axis(last),
            axis("tau on the validation rows x100", range=[lowest - 1, highest + 1]),
            hovermode="x unified",
        ),
        height=380,
    )
    return Section(
        f"Kendall tau on the {n_validation} validation rows before the first epoch (often below"
        " what is shown) and after each: mean over the runs of a method, the shade one standard"
        " deviation either way. Each run keeps the epoch in which its own curve is highest.",
        [figure],
    )


def _losses(entry: Entry) -> dict[str, list[float]]:
    losses: Any = entry["task_losses"]
    if not isinstance(losses, dict) or not all(map(_is_curve, losses.values())):
        raise DataError(
            f"the pre-training {entry['key']!r} has task_losses {str(losses)[:60]}; it needs a list"
            " of numbers below 1e100 for each task"
        )
    return losses


def _is_curve(value: Any) -> bool:
    # by type: True is an integer to Python
    is_list = isinstance(value, list) and len(value) > 0
    # beyond 1e100 no loss goes, and a mean of several would be no number any more
    return is_list and all(type(loss) in (int, float) and abs(loss) < 1e100 for loss in value)


def _same_length(curves: list[Any]) -> npt.NDArray[np.float64]:
    """(n, epochs): some curves, cut to the epochs that all of them have."""
    n = min(map(len, curves))
    return np.array([curve[:n] for curve in curves], np.float64)


def _rounded(values: npt.NDArray[np.float64]) -> list[float]:
    """Five significant digits: a pixel needs fewer."""
    return [float(f"{value:.5g}") for value in values]
