"""`Registry`: the parts that can be named, those of the package and those that users bring along.

What `find` takes as a name:

    gin                 a part of this package
    sage                a part of an installed package, by its entry point in the registry's group,
                        or one that was registered in this process
    mine.module:Sage    an attribute of a module that Python can import
    folder/mine.py:Sage an attribute of a file

Nothing is imported before it is named: not the parts of this package, which may load torch, and not
those of others.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from nasflow.errors import ConfigError, UnknownNameError, unknown_name
from nasflow.running.files import stamp

T = TypeVar("T")


class Registry(Generic[T]):
    """What can be named, of one kind.

    Args:
        kind: what it holds, for errors: "encoder".
        group: the entry-point group of installed packages: "nasflow.encoders".
        builtin: `module:attribute` by name, for the parts of this package.
        accepts: whether something that was found is a part of this kind.
        legal: what is, in words: "a subclass of nasflow.Encoder".

    Example:
        >>> from nasflow.running.registry import Registry
        >>> builtin = {"pi": "math:pi"}
        >>> numbers = Registry("number", "demo.numbers", builtin, lambda x: x > 0, "above 0")
        >>> numbers.find("pi") == numbers.find("math:pi")
        True
        >>> numbers.names()
        ['pi']
    """

    def __init__(
        self,
        kind: str,
        group: str,
        builtin: Mapping[str, str],
        accepts: Callable[[Any], bool],
        legal: str,
    ) -> None:
        self.kind = kind
        self.group = group
        self.builtin = dict(builtin)
        self._accepts = accepts
        self._legal = legal
        self._registered: dict[str, T] = {}

    def names(self) -> list[str]:
        """The names that need no place: of this package, of installed ones, of this process; in
        order.
        """
        return sorted({*self.builtin, *self._plug_ins(), *self._registered})

    def __contains__(self, name: str) -> bool:
        """Whether `find` would look for it: a known name, or one that says where it stands."""
        return (
            name in self.builtin
            or name in self._registered
            or is_place(name)
            or name in self._plug_ins()
        )

    def register(self, name: str, part: T) -> T:
        """Give a part a name in this process, for a notebook or a script; returns it.

        Raises:
            ConfigError: it is no such part, or the name is taken.
        """
        if name in self.builtin or is_place(name):
            raise ConfigError(
                f"the {self.kind} {name!r} cannot be registered: the name is taken, or names a"
                " place"
            )
        self._registered[name] = self._checked(part, name)
        return part

    def is_registered(self, name: str) -> bool:
        """Whether a name was given to a part in this process."""
        return name in self._registered

    def name_of(self, part: T) -> str:
        """The name that `find` knows a part by.

        That of a part of this package; else `module:Class`, by which this process finds it again
        whether or not the module can be imported, and others if it can.

        Raises:
            ConfigError: it is no such part.
        """
        self._checked(part, repr(part))
        place = f"{getattr(part, '__module__', None)}:{getattr(part, '__qualname__', part)}"
        for name, there in (*self.builtin.items(), *self._registered.items()):
            if there == place or there is part:
                return name
        self._registered[place] = part
        return place

    def find(self, name: str) -> T:
        """What the name stands for, imported now.

        Raises:
            UnknownNameError: there is no such name; the message lists the names.
            ConfigError: what stands there cannot be imported, or is no such part.
        """
        if name in self._registered:
            return self._registered[name]
        if name in self.builtin:
            return self._checked(imported(self.builtin[name]), name)
        if is_place(name):
            return self._checked(load_place(name), name)
        plug_in = self._plug_ins().get(name)
        if plug_in is not None:
            return self._checked(_loaded(plug_in), name)
        raise self.unknown(name)

    def unknown(self, name: str) -> UnknownNameError:
        """The error for a name that there is not."""
        return unknown_name(self.kind, name, self.names())

    def check(self, name: str) -> None:
        """Return if `find` would look for the name; imports nothing.

        Raises:
            UnknownNameError: there is no such name.
        """
        if name not in self:
            raise self.unknown(name)

    def _plug_ins(self) -> dict[str, importlib.metadata.EntryPoint]:
        found = importlib.metadata.entry_points(group=self.group)
        return {entry.name: entry for entry in found}

    def _checked(self, part: Any, name: str) -> T:
        if not self._accepts(part):
            raise ConfigError(f"{name} is {part!r}; {_a(self.kind)} is {self._legal}")
        # of a class that cannot be made, Python would say so in the midst of the work
        missing = sorted(getattr(part, "__abstractmethods__", ()))
        if isinstance(part, type) and missing:
            raise ConfigError(
                f"{name} has no {', '.join(missing)}: {_a(self.kind)} writes what"
                f" {part.__base__.__name__ if part.__base__ else 'its base'} leaves open"
            )
        found: T = part
        return found


def is_place(name: str) -> bool:
    """Whether a name says where something stands: `module:attribute` or `file.py:attribute`."""
    place, colon, attribute = name.rpartition(":")
    return bool(colon and place) and attribute.isidentifier()


def code_stamps(names: Iterable[str | None]) -> list[list[int] | None]:
    """Size and time of change of the file of each `file.py:attribute` among some names: what is
    computed by it may be another thing once it is edited. None for a module.
    """
    places = [name for name in names if name is not None and is_place(name)]
    return [stamp(place.rpartition(":")[0]) for place in places]


def imported(place: str) -> Any:
    """The attribute at `module:attribute`, of this package or of what it depends on."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def load_place(name: str, legal: str = "module:name or file.py:name") -> Any:
    """The attribute at `module:attribute` or `file.py:attribute`, which the user named: it is
    executed.

    A module is looked for in the current folder too, a file's neighbours beside it, as Python does
    for a script.

    Raises:
        ConfigError: it cannot be imported; the message says why, and what is `legal`.
    """
    place, _, attribute = name.rpartition(":")
    try:
        if place.endswith(".py"):
            module = _module_of_file(Path(place))
        else:
            _look_in(os.getcwd())
            module = importlib.import_module(place)
        return getattr(module, attribute)
    except Exception as error:
        # whatever the user's file raises, the user is told of it as of a name that is wrong
        raise ConfigError(
            f"{name} cannot be imported ({type(error).__name__}: {error}); legal: {legal}"
        ) from None


def _module_of_file(path: Path) -> ModuleType:
    """The module of a Python file, executed once a process."""
    path = path.absolute()
    name = path.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) != str(path):
        # another module has the name: json.py must not become the json of everybody else
        name = f"{name}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
        known = sys.modules.get(name)
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    _look_in(str(path.parent))
    sys.modules[name] = module  # dataclasses and pickles look for a class's module there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _look_in(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _loaded(plug_in: importlib.metadata.EntryPoint) -> Any:
    try:
        return plug_in.load()
    except Exception as error:
        owner = plug_in.dist.name if plug_in.dist is not None else plug_in.value
        raise ConfigError(
            f"{plug_in.name!r} of the installed package {owner} cannot be imported"
            f" ({type(error).__name__}: {error}); update that package, or uninstall it"
        ) from None


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
