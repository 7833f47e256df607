"""Finding the files of a data set, and keeping parsed copies of them."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from nasflow.datasets.base import Dataset
from nasflow.errors import MissingDataError, MissingExtraError, NasflowError
from nasflow.running import environment
from nasflow.running.files import sha256


def find_data_file(name: str, source: str) -> Path:
    """The file `name` in the folder `NASFLOW_DATA`.

    Args:
        name: the file's name.
        source: where it officially comes from, for the error.

    Raises:
        MissingDataError: the variable is not set, or the file is not there.
    """
    folder = environment.data_dir()
    if folder is None:
        raise MissingDataError(
            f"{name} is needed, and NASFLOW_DATA is not set: put the file (from {source}) "
            "into a folder and set NASFLOW_DATA to that folder"
        )
    if not (folder / name).is_file():
        raise MissingDataError(
            f"{folder / name} does not exist (NASFLOW_DATA={folder}); it comes from {source}"
        )
    return folder / name


def find_package_file(package: str, name: str, extra: str | None) -> Path:
    """The file `name` that an installed package ships; the package itself is not imported.

    Args:
        package: its import name.
        name: the file's path inside the package.
        extra: the extra of nasflow that installs it; None for a dependency that nasflow always has.

    Raises:
        MissingExtraError: the package is not installed; the message says what to install.
    """
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    install = f"nasflow[{extra}]" if extra else package.replace("_", "-")
    raise MissingExtraError(
        f"the file {name} of the package {package} is needed; "
        f"install it with: pip install '{install}'"
    )


def cached(
    name: str,
    version: int,
    sources: Sequence[Path],
    build: Callable[[], Dataset],
    digest: str | None = None,
) -> Dataset:
    """What `build` returns, from the cache if these very source files were parsed before.

    The key is the content of the files and `version`, the number of the parsing code, so an edited
    file or a corrected parser never meets a stale copy. A damaged or unwritable cache is no error:
    it is rebuilt, or done without.

    Args:
        name, version: of the parsing code.
        sources: the files it reads.
        build: the parsing.
        digest: the content hash of the sources, where the caller has it; otherwise they are hashed.
    """
    key = hashlib.sha256(f"{name} {version}".encode())
    for content in [digest] if digest else map(sha256, sources):
        key.update(bytes.fromhex(content))
    path = environment.cache_dir() / f"{name}-{key.hexdigest()[:16]}.npz"
    if path.is_file():
        try:
            return Dataset.load(path)
        except NasflowError:
            pass  # damaged: written anew below
    dataset = build()
    with contextlib.suppress(OSError):  # a full or read-only disk: slower next time, nothing lost
        dataset.save(path)
    return dataset
