"""The folder of what a search leaves behind: its name, and whether it can be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from nasflow.errors import ConfigError
from nasflow.running.files import check_writable, write_text
from nasflow.search.picture import draw
from nasflow.search.report import final_table, write_best, write_trials
from nasflow.search.results import Results
from nasflow.search.study_record import about_of
from nasflow.search.training import is_function
from nasflow.text import in_one_line

TABLE, TRIALS, BEST, PICTURE = NAMES = ("table.txt", "trials.csv", "best.json", "search.png")
_STUDY = ".db"  # the suffix that a study's file has, as a rule
_FOLDER = "-results"  # behind the name of any other


def folder_of(study: str, out: str | None = None) -> Path:
    """The folder for what comes of a study: `out`, or one beside the file, for each its own.

    Example:
        >>> folder_of("study.db"), folder_of("lr0.01")
        (PosixPath('study'), PosixPath('lr0.01-results'))

    Raises:
        ConfigError: the study is no name of a file.
    """
    path = Path(study)
    if not path.name:
        raise ConfigError(f"--study is {study!r}, no name of a file; legal: such as study.db")
    if out:
        return Path(out)
    # `lr0.01` and `lr0.02` have suffixes to Python; and no two names may give one folder
    if path.suffix == _STUDY and not path.stem.endswith(_FOLDER):
        return path.with_suffix("")
    return path.with_name(path.name + _FOLDER)


def check_paths(study: str, folder: Path) -> None:
    """Return if a study and what comes of it can be written; called before the first training.

    Raises:
        ConfigError: the study's file is a folder, or the folder a file.
        OSError: something cannot be written.
    """
    path = Path(study)
    if path.is_dir():
        raise ConfigError(f"--study {study} is a folder; name a file, such as {path / 'study.db'}")
    check_writable(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "the study cannot be written to", study)
    if folder.absolute() == path.absolute():
        raise ConfigError(f"--out {folder} is the study itself; name a folder")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(
            f"{folder} is a file, and the folder for the results of {study} must be there; name"
            " another with --out"
        )
    for name in NAMES:
        check_writable(folder / name)


def window_of(study: str) -> int | None:
    """The window that a study was made with; None where it has none, or is not there yet."""
    window = (about_of(study) or {}).get("window")
    return window if isinstance(window, int) else None


def metric_name(train: str, result: str | None) -> str:
    """What a training returns, by the name that the user has given it; `value` where none is told.

    Example:
        >>> metric_name("train.py:accuracy", None), metric_name("sh x {arch}", "json:test.loss")
        ('accuracy', 'test.loss')
    """
    if is_function(train):
        return train.rpartition(":")[2]
    kind, _, key = (result or "").partition(":")
    return key if kind == "json" else "value"


def write_results(folder: Path, results: Results) -> str:
    """Write what came of a study into its folder.

    Returns:
        The table, and a line on the picture where there is none.
    """
    table = final_table(results)
    write_text(folder / TABLE, table)
    write_trials(folder / TRIALS, results)
    write_best(folder / BEST, results)
    try:
        draw(folder / PICTURE, results)
    except Exception as error:  # whatever the library that draws makes of odd numbers and names
        reason = in_one_line(f"{type(error).__name__}: {error}")
        return f"{table}\n{folder / PICTURE} could not be drawn ({reason})\n"
    return table
