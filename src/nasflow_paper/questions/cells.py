"""Drawing a small architecture into axes of matplotlib: generations from left to right, operations
by colour.
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


def draw_cell(axes: Axes, cell: Architecture, vocabulary: tuple[str, ...], title: str) -> None:
    """Draw one cell; an operation has the colour of its place in the vocabulary, and its first
    letters as label.
    """
    column: dict[int, list[int]] = {}
    for node, generation in enumerate(cell.generations):
        column.setdefault(generation, []).append(node)
    at = {
        node: (float(x), (i - (len(nodes) - 1) / 2) + 0.25 * (x % 2))
        for x, nodes in column.items()
        for i, node in enumerate(nodes)
    }
    for source, target in cell.edges:
        # edges that jump over a generation are bent, so that they do not run through the nodes
        # between
        bend = 0.0 if cell.generations[target] - cell.generations[source] == 1 else 0.35
        axes.annotate(
            "",
            at[target],
            at[source],
            arrowprops={
                "arrowstyle": "->",
                "color": "grey",
                "shrinkA": 9,
                "shrinkB": 9,
                "connectionstyle": f"arc3,rad={bend}",
            },
        )
    for node, op in enumerate(cell.ops):
        colour = _COLOURS[vocabulary.index(op) % len(_COLOURS)]
        axes.plot(*at[node], "o", markersize=19, color=colour, alpha=0.85)
        axes.annotate(_short(op), at[node], ha="center", va="center", fontsize=6.5, color="white")
    axes.set_xlim(-0.5, max(column) + 0.5)
    axes.set_ylim(-1.7, 1.9)
    axes.axis("off")
    axes.set_title(title, fontsize=8)


def _short(op: str) -> str:
    return {"input": "in", "output": "out", "maxpool3x3": "pool", "avgpool3x3": "pool"}.get(
        op, op.replace("conv", "c")
    )
