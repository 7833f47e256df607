"""Files of models where a table is wanted: what to do with them."""

from __future__ import annotations

from pathlib import Path

_WAY = (
    "`nasflow import-models {path} --out models.jsonl` makes a table of models, with a line for"
    " each to add its label to (docs/import-models.md)"
)

_KINDS = {
    ".onnx": ("an ONNX model", "ONNX model"),
    ".pt2": ("an exported PyTorch program", "exported PyTorch program"),
}


def how_to_read_models(path: Path) -> str | None:
    """The way from the models at a path to a table; None if none are there."""
    way = _WAY.format(path=path)
    if path.suffix in _KINDS and path.is_file():
        return f"it is {_KINDS[path.suffix][0]}: {way}"
    # the first level only: a large folder must not be searched for a message
    for suffix, (_, kind) in _KINDS.items():
        n_models = len(list(path.glob(f"*{suffix}"))) if path.is_dir() else 0
        if n_models:
            return f"it holds {n_models} {kind}{'s' if n_models > 1 else ''}: {way}"
    return None
