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
