"""Files of models: which there are in a folder, and the architecture of each."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasflow.errors import ConfigError, DataWarning, MissingDataError, NasflowError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.mapping import Names
from nasflow.running.files import PathLike

SUFFIXES = (".onnx", ".pt2")


@dataclass(frozen=True)
class ModelFile:
    """A file of a model."""

    path: Path
    name: str
    """What it is called: its path in the folder that was asked for."""


@dataclass(frozen=True)
class Reading:
    """How models are read; the fields are the arguments of `from_onnx`."""

    input_shapes: Sequence[Sequence[int]] | None = None
    dims: Mapping[str, int] | None = None
    mapping: Names = None
    numbers: bool = True
    fold: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a file: an architecture, or why there is none."""

    file: ModelFile
    architecture: Architecture | None
    refusal: str = ""
    notes: tuple[str, ...] = ()
    """What its owner should know, such as numbers that are missing."""


def model_files(paths: Sequence[PathLike]) -> list[ModelFile]:
    """The models among some files and in some folders, folders inside of them too.

    Raises:
        MissingDataError: a path to nowhere.
        ConfigError: a file that is no model, or a folder without one.
    """
    files: dict[Path, ModelFile] = {}
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
            found = [ModelFile(file, file.relative_to(path).as_posix()) for file in inside]
        elif not path.exists():
            raise MissingDataError(f"{path}: no such file or folder")
        else:
            found = [ModelFile(path, path.name)] if path.suffix in SUFFIXES else []
        if not found:
            raise ConfigError(f"{path} is no model, nor holds any; legal: {' and '.join(SUFFIXES)}")
        # a file that is named twice is one model
        for file in found:
            files.setdefault(file.path.resolve(), file)
    return list(files.values())


def read_models(files: Sequence[ModelFile], how: Reading) -> Iterator[Outcome]:
    """What becomes of each file, in their order; one that is refused does not stop the others."""
    for file in files:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            outcome = _outcome(file, how)
        # of the libraries that read models nobody wants to hear
        notes = [str(note.message) for note in caught if issubclass(note.category, DataWarning)]
        yield Outcome(file, outcome.architecture, outcome.refusal, tuple(notes))


def _outcome(file: ModelFile, how: Reading) -> Outcome:
    # a damaged or strange file may make a library raise anything
    try:
        return Outcome(file, _read(file.path, how))
    except NasflowError as error:
        return Outcome(file, None, str(error))
    except Exception as error:
        return Outcome(file, None, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _read(path: Path, how: Reading) -> Architecture:
    options: dict[str, Any] = {"numbers": how.numbers, "fold": how.fold}
    if path.suffix == ".pt2":
        from nasflow.importers.pt2 import from_pt2

        return from_pt2(path, how.mapping, input_shapes=how.input_shapes, **options)
    from nasflow.importers.onnx import from_onnx

    sizes: dict[str, Any] = {"dims": how.dims, "input_shapes": how.input_shapes}
    return from_onnx(path, how.mapping, **sizes, **options)


def shapes_of_text(text: str | None) -> list[list[int]] | None:
    """The shapes in a text: `1,3,224,224`, or of several inputs `1,77;1,77`.

    Raises:
        ConfigError: it is none.
    """
    if text is None:
        return None
    shapes = []
    for part in text.split(";"):
        sizes = [size.strip() for size in part.split(",")]
        if not all(size.isascii() and size.isdigit() and int(size) > 0 for size in sizes):
            raise ConfigError(
                f"the shape {text!r} has {part!r}; legal: 1,3,224,224, and ; between several inputs"
            )
        shapes.append([int(size) for size in sizes])
    return shapes


def dims_of_text(text: str | None) -> dict[str, int] | None:
    """The sizes in a text: `batch=1,height=224`.

    Raises:
        ConfigError: it has none, or one twice.
    """
    if text is None:
        return None
    dims: dict[str, int] = {}
    for part in text.split(","):
        name, equals, size = (word.strip() for word in part.partition("="))
        is_size = size.isascii() and size.isdigit() and int(size) > 0
        if not name or not equals or not is_size or name in dims:
            raise ConfigError(
                f"the sizes {text!r} have {part!r}; legal: batch=1,height=224, each name once"
            )
        dims[name] = int(size)
    return dims
