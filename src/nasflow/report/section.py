"""What a report is made of: sections of text, tables and figures, in the order of reading.

A figure is what plotly.js draws, as plain dictionaries. plotly.js takes some text as markup (`<b>`,
`<a href>`): whatever comes from a file goes through `plain` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]

_COLOURS = ("#0b6fb8", "#c8553d", "#2a8f6a", "#7d5ba6", "#b8860b", "#1f9fb0", "#a23b72", "#6b8e23")
_NEUTRAL = {"none": "#444444", "gp": "#9a9a9a"}


@dataclass(frozen=True)
class Table:
    """A table whose first row is the header; a cell's further lines are shown small."""

    rows: Sequence[Sequence[str]]


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
    """A part of the report, below its heading."""

    text: str
    """What is shown, how to read it, on how many runs it rests."""
    blocks: Sequence[Table | Figure] = ()
    cells: Data | None = None
    """The architectures that figures of the report can draw (`nasflow.report.cells`)."""


def plain(text: str) -> str:
    """`text` as plotly.js shows it letter by letter."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


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


def colours(methods: Sequence[str]) -> dict[str, str]:
    """A colour for each method, the same in all figures; grey where nothing is pre-trained."""
    colour = dict(_NEUTRAL)
    coloured = [method for method in methods if method not in _NEUTRAL]
    for i, method in enumerate(coloured):
        colour[method] = _COLOURS[i % len(_COLOURS)]
    return colour


def lines(name: str, x: Sequence[float], y: Sequence[float], colour: str, **options: Any) -> Data:
    """A line through points."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "width": 2},
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
