"""The environment variables nasflow reads, all of them, in one place.

NASFLOW_DATA    folder with benchmark tables (`nasflow data info NAME` says which file it needs)
NASFLOW_CACHE   folder for parsed copies of tables; default: the platform's cache folder
NASFLOW_THREADS threads that a process computes with; default: as many as the work feeds
"""

from __future__ import annotations

import os
from pathlib import Path

from nasflow.errors import ConfigError

VARIABLES = ("NASFLOW_DATA", "NASFLOW_CACHE", "NASFLOW_THREADS")


def data_dir() -> Path | None:
    """The folder `NASFLOW_DATA` points at, or None where it is not set.

    Raises:
        ConfigError: it is set to something that is no folder.
    """
    value = os.environ.get("NASFLOW_DATA")
    if not value:
        return None
    if not Path(value).is_dir():
        raise ConfigError(
            f"NASFLOW_DATA={value} is no folder; point it at the folder with the tables"
        )
    return Path(value)


def cache_dir() -> Path:
    """The folder for parsed copies of tables (made when first written to)."""
    value = os.environ.get("NASFLOW_CACHE")
    if value:
        return Path(value)
    import platformdirs

    return Path(platformdirs.user_cache_dir("nasflow"))


def n_threads() -> int | None:
    """The number of threads that `NASFLOW_THREADS` says, or None where it is not set.

    Raises:
        ConfigError: it is set to something that is no number of threads.
    """
    value = os.environ.get("NASFLOW_THREADS")
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and 1 <= int(value[:5]) <= 1024):
        raise ConfigError(f"NASFLOW_THREADS={value} is no number of threads; legal: 1 to 1024")
    return int(value)
