"""Where a table of architectures is asked for and a space is named: which command makes one."""

from __future__ import annotations

import shlex
from pathlib import Path

from nasflow.running.registry import is_place
from nasflow.spaces.registry import space_names


def how_to_sample(source: str, suffix: str = ".jsonl") -> str | None:
    """What to do with a space in place of a table; None where the source names no space.

    A space is a registered name, a `.yaml` or the place of a class, `file.py:Class`. Whether it is
    a good one is seen by whoever loads it.

    Args:
        source: what stands in place of a table.
        suffix: of the table to draw; an .npz remembers its space.
    """
    if source.endswith((".yaml", ".yml")):
        name = Path(source).stem
    elif source in space_names() or (is_place(source) and not Path(source).exists()):
        name = source.rpartition(":")[2]
    else:
        return None
    out = f"{name}{suffix}"
    command = shlex.join(["nasflow", "data", "sample", source, "--n", "1000", "--out", out])
    return (
        f"{source} is a space, and a table of its architectures is needed: `{command}` draws one"
        f" (without labels); then name {shlex.quote(out)} in its place"
    )
