"""The arrow of the design: each part may import what stands before it, never what stands after."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import nasflow

ROOT = Path(nasflow.__file__).parent
LEVELS = [
    {"errors"},
    {"config", "environment", "extras", "files", "journal", "progress", "ray_workers", "registries",
     "text", "workers"},
    {"architecture"},
    {"canonical", "flat_arrays", "table"},
    {"batch", "checkpoints", "datasets", "gp", "importers", "layouts", "losses", "metrics", "networks", "proxy_ranks",
     "seeding", "spaces", "splits", "surrogate"},
    {"encoders", "proxies"},
    {"pretext"},
    {"pretrain", "finetune"},
    {"predictor"},
    {"experiments", "search"},
    {"report"},
    {"cli", "commands", "__main__"},
]
LEVEL = {part: level for level, parts in enumerate(LEVELS) for part in parts}
# `canonical_id` is a property of both: the import is made when it is first asked for
ON_USE = {("architecture", "canonical")}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    own = part_of(path)
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else (
            [node.module] if isinstance(node, ast.ImportFrom) and node.module else [])
        for name in names:
            if name.startswith("nasflow."):
                other = name.split(".")[1]
                assert LEVEL[other] <= LEVEL[own] or (own, other) in ON_USE, f"{own} imports {name}"


def test_every_public_name_is_there_and_nothing_heavy_is_imported_for_it() -> None:
    assert all(hasattr(nasflow, name) for name in nasflow.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        nasflow.Nothing  # noqa: B018
