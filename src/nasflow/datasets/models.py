"""Files of models where a table is wanted: what to do with them."""

from __future__ import annotations

from pathlib import Path

_ONE_LINE = (
    "from_onnx of nasflow.importers makes an architecture of each in Python: write"
    ' json.dumps({**from_onnx(file).to_dict(), "accuracy": ...}) of each file as a line of a'
    " .jsonl table (docs/import-models.md has the loop)"
)


def how_to_read_models(path: Path) -> str | None:
    """What a path holds, and the way from there to a table, if it holds ONNX models."""
    if path.suffix == ".onnx" and path.is_file():
        return f"{path} is an ONNX model, not a table; {_ONE_LINE}"
    # the first level only: a large folder must not be searched for a message
    n_models = len(list(path.glob("*.onnx"))) if path.is_dir() else 0
    if n_models == 0:
        return None
    noun = "ONNX model" if n_models == 1 else "ONNX models"
    return f"{path} is a folder of {n_models} {noun}, not a table; {_ONE_LINE}"
