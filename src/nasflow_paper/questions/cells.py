"""A small architecture drawn into axes of matplotlib.

Generations stand from left to right, and every operation has a colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.graphs.architecture import Architecture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (
    "tab:blue",
    "tab:orange",
    "tab:green",
    "tab:red",
    "tab:purple",
    "tab:brown",
    "tab:pink",
    "tab:olive",
)
_SHORT = {"input": "in", "output": "out", "maxpool3x3": "pool", "avgpool3x3": "pool"}


def draw_cell(axes: Axes, cell: Architecture, vocabulary: tuple[str, ...], title: str) -> None:
    """Draw one cell; an operation's colour is that of its place in the vocabulary."""
    position = _positions(cell)
    for source, target in cell.edges:
        # edges that jump over a generation are bent, so that they do not run through nodes between
        is_jump = cell.generations[target] - cell.generations[source] != 1
        bend = 0.35 if is_jump else 0.0
        axes.annotate(
            "",
            position[target],
            position[source],
            arrowprops={
                "arrowstyle": "->",
                "color": "grey",
                "shrinkA": 9,
                "shrinkB": 9,
                "connectionstyle": f"arc3,rad={bend}",
            },
        )
    for node, op in enumerate(cell.ops):
        x, y = position[node]
        colour = _COLOURS[vocabulary.index(op) % len(_COLOURS)]
        word = _SHORT.get(op, op.replace("conv", "c"))
        axes.plot(x, y, "o", markersize=19, color=colour, alpha=0.85)
        axes.annotate(word, (x, y), ha="center", va="center", fontsize=6.5, color="white")
    axes.set_xlim(-0.5, max(cell.generations) + 0.5)
    axes.set_ylim(-1.7, 1.9)
    axes.axis("off")
    axes.set_title(title, fontsize=8)


def _positions(cell: Architecture) -> dict[int, tuple[float, float]]:
    """Where each node stands: a column for each generation, centred."""
    column: dict[int, list[int]] = {}
    for node, generation in enumerate(cell.generations):
        column.setdefault(generation, []).append(node)
    position = {}
    for x, nodes in column.items():
        # every other column stands higher, so that a long edge does not hide a short one
        lift = 0.25 * (x % 2)
        for i, node in enumerate(nodes):
            position[node] = (float(x), (i - (len(nodes) - 1) / 2) + lift)
    return position
