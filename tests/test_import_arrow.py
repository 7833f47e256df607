"""The arrow of the design: a room imports what stands before it, and nothing else.

The order is stated once, in CONTRIBUTING.md; this reads it there. Imports inside functions and
those for type checkers count as any other, and no module may lead back to itself, inside a room
either.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import networkx as nx
import pytest

import nasflow

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
PACKAGES = ("nasflow", "nasflow_paper")
FILES = sorted(path for package in PACKAGES for path in (SOURCE / package).rglob("*.py"))


def module_of(path: Path) -> str:
    """The dotted name of a file's module; a package's is that of its `__init__`."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def room_of(module: str) -> str:
    """The part of the order that a module belongs to."""
    package, _, rest = module.partition(".")
    if package == "nasflow_paper":
        return package
    return rest.partition(".")[0] or "nasflow"


def levels() -> list[set[str]]:
    """The rooms of each level, from what imports nothing upwards; CONTRIBUTING.md has them."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    order = re.search(r"`(errors, text <- [^`]*)`", text)
    assert order is not None, "CONTRIBUTING.md does not state the order of imports"
    return [{room.strip() for room in level.split(",")} for level in order[1].split("<-")]


def imports(path: Path) -> set[str]:
    """The modules of this repository that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from nasflow.experiments import tables` names a module, and
            # `from nasflow.errors import X` does not
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else node.module)
    return {module for module in found if module in MODULES}


def test_the_order_names_every_room_once() -> None:
    stated = [room for level in levels() for room in level]
    there = {room_of(module) for module in MODULES} - {"nasflow"}
    assert sorted(stated) == sorted(there)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    level = {room: number for number, rooms in enumerate(levels()) for room in rooms}
    room = room_of(module)
    if module == "nasflow":
        pytest.skip("the public names come from everywhere")
    for other in imports(MODULES[module]):
        if other == "nasflow" or room_of(other) == room:
            continue
        below = level[room_of(other)] < level[room]
        assert below, f"{module} imports {other}, which does not stand below it"


def test_no_module_leads_back_to_itself() -> None:
    graph = nx.DiGraph()
    for module, path in MODULES.items():
        if module != "nasflow":  # it names what others define
            graph.add_edges_from((module, other) for other in imports(path))
    assert list(nx.simple_cycles(graph, length_bound=8)) == []
    assert nx.is_directed_acyclic_graph(graph)


def test_every_public_name_is_there_and_nothing_heavy_is_imported_for_it() -> None:
    assert all(hasattr(nasflow, name) for name in nasflow.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        nasflow.Nothing  # noqa: B018
