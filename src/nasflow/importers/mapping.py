"""Mapping files: what an importer is to call an operation.

# operations.yaml: the importer's name -> the name in the architecture
mish_fused: silu
windowattention: attention
droppath: ignore          # drops the node and joins its neighbours
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any

from nasflow.errors import DataError
from nasflow.running.files import PathLike, require_file

IGNORE = "ignore"
"""The name that drops a node."""

Names = Mapping[str, str] | PathLike | None
"""A mapping, the path of a mapping file, or nothing."""


def read_mapping(names: Names) -> dict[str, str]:
    """The mapping that a caller gave, checked.

    Raises:
        MissingDataError, DataError: no such file, or it is no mapping from names to names.
    """
    if names is None:
        return {}
    origin = "the mapping" if isinstance(names, Mapping) else str(names)
    content: Any = dict(names) if isinstance(names, Mapping) else _load(require_file(names))
    if not isinstance(content, dict):
        raise DataError(f"{origin} is a {type(content).__name__}; it needs lines `name: operation`")
    for name, operation in content.items():
        are_texts = isinstance(name, str) and isinstance(operation, str)
        if not are_texts or not name or not operation:
            raise DataError(
                f"{origin} maps {short_repr(name)} to {short_repr(operation)}; it needs a name and"
                " a name (put words such as no, on and 1 in quotes)"
            )
    return content


def _load(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DataError(
            f"{path} is no readable YAML ({' '.join(str(error).split())[:120]})"
        ) from None
