"""`page`: sections as one HTML file, complete in itself.

* plotly.js is in it, once, if there are figures; it is nearly all that the file weighs, and the
  package ships no smaller one. Nothing is fetched, and the page's policy (Content-Security-Policy)
  forbids fetching.
* Whatever comes from a file is text: escaped in HTML, in JSON that no `</script>` can end, and
  written by the page's own scripts as text nodes. The policy lets those scripts run that stand
  here, by their hash, and no other.
"""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from nasflow.report.section import Data, Figure, Section, Table
from nasflow.running.extras import require_extra


def page(
    title: str, about: Sequence[str], sections: Mapping[str, Section], made: Sequence[str]
) -> str:
    """The HTML of a report.

    Args:
        title: the heading.
        about: sentences below it.
        sections: by their headings.
        made: lines at the end: how, when and on what the results were made.

    Raises:
        MissingExtraError: there are figures, and plotly is not installed.
    """
    # of all sections: a cell that two of them hold is in the file twice
    cells = [section.cells for section in sections.values() if section.cells] or None
    figures = {}
    for figure in figures_of(sections):
        figures[figure.name] = {"data": figure.traces, "layout": figure.layout}
    data: Data = {"figures": figures, "cells": cells}
    scripts = [_script(_file("cell.js")), _script(_file("page.js"))]
    # a page of tables alone is light
    if figures:
        drawing = plotly_js()
        scripts.insert(0, _script(drawing))
        made = [*made, f"Figures: plotly.js, {megabytes(drawing)} of this file."]
    hashes = " ".join(map(_hash, scripts))
    # what plotly.js draws in WebGL is compiled while the page runs: 'unsafe-eval' is for that
    policy = (
        f"default-src 'none'; script-src {hashes}"
        " 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
    )
    links = " ".join(
        f'<a href="#s{i}">{escaped(heading)}</a>' for i, heading in enumerate(sections)
    )
    body = "".join(
        _section(f"s{i}", heading, section, cells is not None)
        for i, (heading, section) in enumerate(sections.items())
    )
    footer = "".join(f"<p>{escaped(line)}</p>" for line in made)
    elements = "".join(f"<script>{script}</script>" for script in scripts)
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escaped(title)}</title>
<style>{_file("page.css")}</style>
</head>
<body>
<main>
<h1>{escaped(title)}</h1>
<p class="about">{escaped(" ".join(about))}</p>
<nav>{links}</nav>
<noscript><p>The figures need JavaScript; the tables do not.</p></noscript>
{body}
<footer>{footer}</footer>
</main>
<script type="application/json" id="data">{_json(data)}</script>
{elements}
</body>
</html>
"""
    # names in JSON may hold halves of surrogate pairs, which UTF-8 cannot write
    return text.encode(errors="replace").decode()


def escaped(text: str) -> str:
    """`text` as HTML shows it letter by letter, in an element or a quoted attribute."""
    return html.escape(text, quote=True)


def figures_of(sections: Mapping[str, Section]) -> list[Figure]:
    """All figures of the sections and of their parts."""
    figures: list[Figure] = []
    for section in sections.values():
        figures += [block for block in section.all_blocks() if isinstance(block, Figure)]
    return figures


def plotly_js() -> str:
    """The script that draws the figures.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    plotly = require_extra("plotly.offline", "report", "a report")
    return str(plotly.get_plotlyjs())


def megabytes(text: str) -> str:
    """What a text weighs in a file."""
    return f"{len(text.encode()) / 1e6:.1f} MB"


def _section(name: str, heading: str, section: Section, cells: bool, level: int = 2) -> str:
    # h2 for a section, h3 for its parts: the outline that readers of screens go by
    content = ""
    for block in section.blocks:
        content += _table(block) if isinstance(block, Table) else _figure(block, cells)
    for i, (title, part) in enumerate(section.parts.items()):
        content += _section(f"{name}-{i}", title, part, cells, level + 1)
    words = f"<p>{escaped(section.text)}</p>" if section.text else ""
    return (
        f'<section id="{name}"><h{level}>{escaped(heading)}</h{level}>{words}{content}</section>\n'
    )


def _table(table: Table) -> str:
    header, *rows = table.rows
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in header)
    body = ""
    for first, *further in rows:
        cells = ""
        # a narrow window shows each cell below its column's name, which must stand at the cell
        for cell, name in itertools.zip_longest(further, header[1:], fillvalue=""):
            cells += f'<td data-column="{escaped(name)}">{_cell(cell)}</td>'
        body += f'<tr><th scope="row">{_cell(first)}</th>{cells}</tr>'
    caption = f"<caption>{escaped(table.caption)}</caption>" if table.caption else ""
    # the box scrolls, not the page; tabindex lets the keyboard scroll it too
    return (
        '<div class="scroll" tabindex="0">'
        f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "</div>"
    )


def _cell(text: str) -> str:
    first, *further = text.split("\n")
    return escaped(first) + "".join(f"<small>{escaped(line)}</small>" for line in further)


def _figure(figure: Figure, cells: bool) -> str:
    plot = f'<div class="plot" id="{figure.name}" style="height:{figure.height}px"></div>'
    if not (figure.cells and cells):
        return plot
    return (
        f'<div class="with-cell">{plot}<div class="cell" id="{figure.name}-cell"'
        ' aria-live="polite"></div></div>'
    )


def _json(data: Data) -> str:
    """JSON in which nothing can close a `<script>` or open a comment, and which reads the same."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _file(name: str) -> str:
    return files("nasflow.report").joinpath(name).read_text(encoding="utf-8")


def _script(text: str) -> str:
    """A script that can stand between its tags."""
    # in a JavaScript string `<\/` is the same as `</`
    return text.replace("</script", "<\\/script")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
