"""What a report is made of: sections of text, tables and figures, in the order of reading.

A figure is what plotly.js draws, as plain dictionaries. plotly.js takes some text as markup (`<b>`,
`<a href>`), for TeX or for a template: whatever comes from a file goes through `plain` first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]

# eight that differ in hue and in lightness; a ninth method has the first one's, dashed
_COLOURS = ("#0b6fb8", "#c8553d", "#2a8f6a", "#7d5ba6", "#b8860b", "#1f9fb0", "#a23b72", "#6b8e23")
# what is not pre-trained stands apart: by colour, and where lines are drawn by their dashes too
_NOT_PRETRAINED = {"none": "#333333", "features": "#8c5a2b", "gp": "#8c5a2b"}
_DASHES = ("solid", "dash", "dashdot")
GREY = "#9a9a9a"
"""Of what no method did: chance, and the diagonal of right predictions."""


@dataclass(frozen=True)
class Table:
    """A table whose first row is the header; a cell's further lines are shown small."""

    rows: Sequence[Sequence[str]]
    caption: str = ""
    """What stands above it; nothing where it is empty."""


@dataclass(frozen=True)
class Figure:
    """A figure that plotly.js draws."""

    name: str
    """Its name among all of the report's figures."""
    traces: Sequence[Data]
    layout: Data
    height: int = 420
    """Pixels."""
    cells: bool = False
    """Whether the architecture under the pointer is drawn: a point's `customdata` is its row."""


@dataclass(frozen=True)
class Section:
    """A part of the report, below its heading; it may have parts in turn."""

    text: str
    """What is shown, how to read it, on how many runs it rests."""
    blocks: Sequence[Table | Figure] = ()
    cells: Data | None = None
    """The architectures that figures of the report can draw (`nasflow.report.cells`)."""
    parts: Mapping[str, Section] = field(default_factory=dict)
    """Sections below this one, by their headings."""

    def all_blocks(self) -> list[Table | Figure]:
        """Its own blocks and those of its parts, in the order of reading."""
        blocks = list(self.blocks)
        for part in self.parts.values():
            blocks += part.all_blocks()
        return blocks


def plain(text: str) -> str:
    """`text` as plotly.js shows it letter by letter."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # it puts values in the place of %{name}, and takes what stands between two $ for TeX
    return text.replace("%{", "&#37;{").replace("$", "&#36;")


def axis(title: str, **options: Any) -> Data:
    """An axis with a title; further options are plotly's."""
    return {
        "title": {"text": plain(title), "font": {"size": 14}},
        "gridcolor": "#e7e7e4",
        "linecolor": "#b9b9b4",
        "zeroline": False,
        "automargin": True,
        **options,
    }


def epoch_axis(last: int) -> Data:
    """An axis of epochs up to `last`, with ticks at whole ones, eight at most."""
    # 1, 2, 5, 10, 20, 50 ...: the least of them that needs no more than eight
    steps = (factor * 10**power for power in range(9) for factor in (1, 2, 5))
    step = next((step for step in steps if last <= 8 * step), last)
    return axis("epoch", tick0=0, dtick=step)


def padded(low: float, high: float) -> list[float]:
    """The range of an axis on which nothing from `low` to `high` touches the frame."""
    # a single value has no width: any will do
    margin = 0.06 * (high - low) or 1.0
    return [math.floor(100 * (low - margin)) / 100, math.ceil(100 * (high + margin)) / 100]


def colours(methods: Sequence[str]) -> dict[str, str]:
    """A colour for each method, the same in all figures."""
    return {method: line["color"] for method, line in line_styles(methods).items()}


def line_styles(methods: Sequence[str]) -> dict[str, Data]:
    """How the line of each method is drawn, the same in all figures."""
    styles = {}
    for method, colour in _NOT_PRETRAINED.items():
        dash = {"features": "dash", "gp": "dashdot"}.get(method, "solid")
        styles[method] = {"color": colour, "width": 2, "dash": dash}
    pretrained = [method for method in methods if method not in _NOT_PRETRAINED]
    for i, method in enumerate(pretrained):
        # more than twenty-four look alike again: nobody could tell so many apart by any means
        turn, place = divmod(i, len(_COLOURS))
        dash = _DASHES[turn % len(_DASHES)]
        styles[method] = {"color": _COLOURS[place], "width": 2, "dash": dash}
    return styles


def lines(name: str, x: Sequence[float], y: Sequence[float], line: Data, **options: Any) -> Data:
    """A line through points; `line` says how it is drawn."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": list(x),
        "y": list(y),
        "line": line,
        **options,
    }


def band(
    name: str, x: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str
) -> Data:
    """The area between two lines, shown and hidden with the line `name`."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*x, *reversed(x)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": f"{colour}1f",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendgroup": plain(name),
        "showlegend": False,
    }


def dot(n: int) -> int:
    """Size in pixels of the points of a cloud of `n`."""
    return 9 if n < 300 else 6 if n < 4_000 else 4


def layout(x: Data, y: Data, **options: Any) -> Data:
    """A figure's layout from its axes; further options are plotly's."""
    return {"xaxis": x, "yaxis": y, **options}
