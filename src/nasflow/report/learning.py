"""Learning curves: the loss of each pretext task, and Kendall tau on the validation rows while
fine-tuning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError, MissingDataError
from nasflow.experiments.tables import Entry, by_method
from nasflow.report.results import Results
from nasflow.report.section import Data, Figure, Section, axis, band, colours, layout, lines, plain


def pretraining_section(results: Results) -> Section:
    """Loss of each pretext task by epoch, the mean over the seeds of each method.

    Raises:
        MissingDataError, DataError: no losses were kept; malformed ones.
    """
    colour = colours(results.methods)
    traces: list[Data] = []
    for method, done in results.pretrainings.items():
        kept = [entry for entry in done if "task_losses" in entry]
        for i, task in enumerate(dict.fromkeys(name for entry in kept for name in _losses(entry))):
            curves = _same_length(
                [_losses(entry)[task] for entry in kept if task in _losses(entry)]
            )
            name = method if "+" not in method else f"{method}: {task}"
            traces.append(
                lines(
                    name,
                    range(1, curves.shape[1] + 1),
                    _rounded(curves.mean(axis=0)),
                    colour[method],
                    line={
                        "color": colour[method],
                        "width": 2,
                        "dash": ("solid", "dash", "dot")[i % 3],
                    },
                )
            )
    if not results.pretrainings:
        raise MissingDataError("no method here has a finished pre-training")
    if not traces:
        raise MissingDataError(
            "these pre-trainings were made before the losses of their epochs were kept"
        )
    figure = Figure(
        "pretraining",
        traces,
        layout(axis("epoch"), axis("loss of the task", rangemode="tozero"), hovermode="x unified"),
        height=380,
    )
    return Section(
        "The loss of each pretext task after each epoch, before its weight: the mean over the"
        " pre-trainings of a method, one for each seed. Losses are scaled so that a guess has"
        " about 1.",
        [figure],
    )


def fitting_section(results: Results) -> Section:
    """Kendall tau on the validation rows by epoch, mean and standard deviation over the runs of
    each method.

    Raises:
        MissingDataError, DataError: no records were kept; a damaged one.
    """
    records, colour = results.records, colours(results.methods)
    traces: list[Data] = []
    later: list[npt.NDArray[np.float64]] = []
    for method, entries in by_method(results.entries).items():
        taus = [
            100 * records[e["key"]].validation_tau.astype(np.float64)
            for e in entries
            if e["key"] in records and len(records[e["key"]].validation_tau) > 1
        ]
        if taus:
            curves = _same_length(taus)
            later.append(curves[:, 1:])
            epochs = range(curves.shape[1])  # 0: before the first
            mean, spread = curves.mean(axis=0), curves.std(axis=0)
            traces.append(
                band(
                    method, epochs, _rounded(mean - spread), _rounded(mean + spread), colour[method]
                )
            )
            traces.append(
                lines(method, epochs, _rounded(mean), colour[method], legendgroup=plain(method))
            )
    if not traces:
        raise MissingDataError("no run here has validation rows and epochs")
    n_validation = results.entries[0]["n_validation"]
    # an encoder that has seen no label may rank backwards: that first point would press all others
    # together
    low, high = (float(edge([edge(part) for part in later])) for edge in (np.min, np.max))
    figure = Figure(
        "fitting",
        traces,
        layout(
            axis("epoch"),
            axis("tau on the validation rows x100", range=[low - 1, high + 1]),
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
    if not isinstance(losses, dict) or not all(
        isinstance(curve, list) and curve and all(type(loss) in (int, float) for loss in curve)
        for curve in losses.values()
    ):
        raise DataError(
            f"the pre-training {entry['key']!r} has task_losses {str(losses)[:60]}; it needs a list"
            " of numbers for each task"
        )
    return losses


def _same_length(curves: list[Any]) -> npt.NDArray[np.float64]:
    """(n, epochs): curves of one length; of a journal that mixes several the epochs that all
    have.
    """
    n = min(map(len, curves))
    return np.array([curve[:n] for curve in curves], np.float64)


def _rounded(values: npt.NDArray[np.float64]) -> list[float]:
    """Five significant digits: a pixel needs fewer."""
    return [float(f"{value:.5g}") for value in values]
