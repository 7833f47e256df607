"""What `nasflow tune` chose by space and method.

It is in `SPACE.yaml` beside this file, as `nasflow evaluate` reads it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nasflow.errors import DataError
from nasflow.running.files import PathLike, require_file

FOLDER = Path(__file__).parent


def tuned_options(space: str) -> dict[str, dict[str, Any]]:
    """What was chosen for a space: values by method and dotted option name; empty without any."""
    path = FOLDER / f"{space}.yaml"
    return read_tuned(path) if path.exists() else {}


def read_tuned(path: PathLike) -> dict[str, dict[str, Any]]:
    """The options by method of a file that `nasflow tune` wrote.

    Raises:
        MissingDataError, DataError: no such file; it is no YAML with options under `per_method`.
    """
    text = require_file(path).read_text()
    try:
        chosen = yaml.safe_load(text)["per_method"]
        return {str(method): dict(options) for method, options in chosen.items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} holds no options by method under per_method ({error!r}); nasflow tune writes "
            "such a file"
        ) from None
