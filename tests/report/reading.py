"""A written report read back: its text, its tables, the data of its figures."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np


class Report(HTMLParser):
    """The file, parsed by the rules of HTML.

    Attributes:
        tables: rows of the texts of their cells.
        text: all that is shown as text outside scripts and styles.
        tags: (name, attributes) of every element.
        data: what the scripts of the page read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._scripts: list[str] = []
        self._inside = ""
        self.feed(path.read_text())
        scripts = [attributes for name, attributes in self.tags if name == "script"]
        (data,) = [
            json.loads(script)
            for attributes, script in zip(scripts, self._scripts, strict=True)
            if attributes.get("id")
        ]
        self.data: dict[str, Any] = data

    def traces(self, figure: str) -> list[dict[str, Any]]:
        """The traces of a figure that have a name, or all where none has."""
        traces: list[dict[str, Any]] = self.data["figures"][figure]["data"]
        return [trace for trace in traces if "name" in trace] or traces

    def cells(self) -> dict[int, tuple[list[str], list[tuple[int, int]]]]:
        """Operations and edges of each architecture, by its row."""
        found: dict[int, tuple[list[str], list[tuple[int, int]]]] = {}
        for packed in self.data["cells"]:
            found |= _unpacked(packed)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "script":
            self._scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "table"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self._scripts[-1] += data
        elif self._inside != "style":
            self.text += data
            if self._inside in ("td", "th", "small"):
                self.tables[-1][-1][-1] += data


def _unpacked(packed: dict[str, Any]) -> dict[int, tuple[list[str], list[tuple[int, int]]]]:
    """Operations and edges of the architectures of one section, by their rows."""
    rows, n_nodes, ops, n_edges, sources, targets = (
        np.frombuffer(
            zlib.decompress(base64.b64decode(packed[name]["zlib"])), packed[name]["type"]
        ).tolist()
        for name in ("rows", "n_nodes", "ops", "n_edges", "sources", "targets")
    )
    found, node, edge = {}, 0, 0
    for row, nodes, edges in zip(rows, n_nodes, n_edges, strict=True):
        found[row] = (
            [packed["vocabulary"][op] for op in ops[node : node + nodes]],
            list(zip(sources[edge : edge + edges], targets[edge : edge + edges], strict=True)),
        )
        node, edge = node + nodes, edge + edges
    assert (node, edge) == (len(ops), len(sources))
    return found
