"""Optional dependencies, imported on use."""

from __future__ import annotations

import importlib
from typing import Any

from nasflow.errors import MissingExtraError


def require_extra(module: str, extra: str, purpose: str) -> Any:
    """The module of an optional dependency.

    Args:
        module: its import name, such as `pyarrow.parquet`.
        extra: nasflow's extra that installs it.
        purpose: what it is needed for, for the error.

    Raises:
        MissingExtraError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise  # it is there, and something it needs is not
        raise MissingExtraError(
            f"{purpose} needs {module.partition('.')[0]}; "
            f"install it with: pip install 'nasflow[{extra}]'"
        ) from None
