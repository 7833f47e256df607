"""Pictures of results, as PNG. matplotlib is imported when one is drawn."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nasflow.running.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.floating]


@contextlib.contextmanager
def drawing(
    path: Path,
    shape: tuple[int, int] = (1, 1),
    size: tuple[float, float] = (7, 5.5),
    dpi: int = 130,
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure and its axes, row after row, to draw into.

    It is written as a PNG when the block ends without an error.

    Args:
        path: the PNG.
        shape: rows and columns of axes.
        size: width and height in inches.
        dpi: pixels an inch.
    """
    import matplotlib

    # before pyplot is imported: the machines of a grid have no screen
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(*shape, figsize=size, constrained_layout=True, squeeze=False)
    try:
        yield figure, list(axes.flat)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=dpi)
    finally:
        plt.close(figure)  # pyplot keeps every figure that is not closed
    with atomic_write(path) as file:
        file.write(content.getvalue())


def principal_components(values: FloatArray, n: int = 2) -> tuple[FloatArray, FloatArray]:
    """Projections on the first principal components, and each one's share of the variance.

    Args:
        values: (N, k) rows to project.
        n: how many components.

    Returns:
        (N, n) and (n,), zeros where rows or columns are too few for so many components.
    """
    centred = values - values.mean(axis=0)  # (N, k)
    _, strength, directions = np.linalg.svd(centred, full_matrices=False)
    variance = strength**2  # (min(N, k),), the largest first
    # equal rows have no variance to share
    share = variance / max(float(variance.sum()), 1e-30)
    missing = n - len(directions[:n])
    projected = np.pad(centred @ directions[:n].T, ((0, 0), (0, missing)))
    return projected, np.pad(share[:n], (0, missing))


def surrogate_map(
    path: Path, surrogate: FloatArray, values: FloatArray, title: str, legend: str
) -> None:
    """Draw the first two principal components of the surrogates, coloured by the rank of `values`.

    Args:
        path: the PNG.
        surrogate: (N, k), as pre-training sees it.
        values: (N,), more is better; NaN leaves a row out.
        title, legend: the words above the picture and beside its colours.
    """
    is_measured = np.isfinite(values)
    projected, share = principal_components(surrogate[is_measured])
    n = int(is_measured.sum())
    rank = np.argsort(np.argsort(values[is_measured])) / max(1, n - 1) * 100  # (n,)
    # so that late rows do not hide early ones
    order = np.random.default_rng(0).permutation(n)
    with drawing(path) as (figure, (axes,)):
        x, y = projected[order].T
        points = axes.scatter(x, y, c=rank[order], s=5, cmap="viridis", linewidths=0, alpha=0.7)
        axes.set_xlabel(f"first principal component ({100 * share[0]:.0f} % of the variance)")
        axes.set_ylabel(f"second principal component ({100 * share[1]:.0f} %)")
        axes.set_title(title)
        figure.colorbar(points, label=legend)


def intervals_picture(
    path: Path,
    predicted: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    measured: FloatArray,
    title: str,
    label: str,
    maximise: bool = True,
) -> None:
    """Draw predicted and measured labels, each with the interval that was predicted for it.

    On the left all rows, from the worst to the best prediction, and on the right the better half of
    them: a space has a long tail of poor networks, on whose scale all good ones look alike.

    Args:
        path: the PNG.
        predicted: (N,) predictions.
        bounds: (N,) each: where the intervals begin and end.
        measured: (N,) labels.
        title: the words above the picture.
        label: what is predicted, in its unit.
        maximise: whether more is better.
    """
    order = np.argsort(predicted if maximise else -predicted)
    best = order[len(order) // 2 :]
    with drawing(path, (1, 2), (11, 5)) as (figure, axes):
        for which, begin, part in ((order, 0, axes[0]), (best, len(order) - len(best), axes[1])):
            places = begin + np.arange(len(which))
            of_rows = (bounds[0][which], bounds[1][which])
            _draw_intervals(part, places, predicted[which], of_rows, measured[which])
            part.set_xlabel("place by prediction, the best on the right")
        axes[0].set_ylabel(label)
        axes[0].legend(loc="center right")
        # one network that failed would press all others together again
        bottom, top = _range_of_most(np.concatenate([bounds[0][best], bounds[1][best]]))
        axes[1].set_ylim(bottom, top)
        n_beyond = int(((measured[best] < bottom) | (measured[best] > top)).sum())
        beyond = f" ({n_beyond} measured beyond its frame)" if n_beyond else ""
        axes[1].set_title(f"the better half, enlarged{beyond}")
        figure.suptitle(title)


def _range_of_most(ends: FloatArray) -> tuple[float, float]:
    """From the least to the largest of those that are finite, and a little more to either side."""
    finite = ends[np.isfinite(ends)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def _draw_intervals(
    axes: Axes,
    places: npt.NDArray[np.int64],
    predicted: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    measured: FloatArray,
) -> None:
    """Draw the intervals of some rows, at their places."""
    low, high = bounds
    inside = (low <= measured) & (measured <= high)
    # an interval without an end is drawn as far as there is anything else
    ends = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)], measured])
    low, high = np.maximum(low, ends.min()), np.minimum(high, ends.max())
    axes.vlines(places, low, high, color="#b7cbdb", linewidth=1.2, label="interval")
    axes.scatter(places, predicted, s=14, color="#333333", marker="_", label="predicted", zorder=3)
    for is_kind, colour, words in ((inside, "#0b6fb8", "inside"), (~inside, "#c8553d", "outside")):
        name = f"measured, {words} ({is_kind.sum()})"
        axes.scatter(places[is_kind], measured[is_kind], s=11, color=colour, label=name, zorder=4)
