"""Files of models where a table is wanted: what to do with them."""

from __future__ import annotations

from pathlib import Path

_WAY = (
    "from_onnx of nasflow.importers makes an architecture of each in Python: write"
    ' json.dumps({**from_onnx(file).to_dict(), "accuracy": ...}) of each file as a line of a'
    " .jsonl table (docs/import-models.md has the loop)"
)


def how_to_read_models(path: Path) -> str | None:
    """The way from the ONNX models at a path to a table; None if none are there."""
    if path.suffix == ".onnx" and path.is_file():
        return f"it is an ONNX model: {_WAY}"
    # the first level only: a large folder must not be searched for a message
    n_models = len(list(path.glob("*.onnx"))) if path.is_dir() else 0
    if n_models == 0:
        return None
    return f"it holds {n_models} ONNX model{'s' if n_models > 1 else ''}: {_WAY}"
