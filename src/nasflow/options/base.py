"""`Options`: what the options of every stage share: reading and writing dictionaries, a hash,
checks.

One frozen dataclass a stage; the same object serves Python, YAML and the command line. Each checks
its values when made, and unknown keys are errors that name the nearest legal one. Nothing here
imports more than the standard library, so that `nasflow --help` can show the options without
loading torch.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, get_args, get_type_hints

from nasflow.errors import ConfigError, unknown_option

_MAX_INT = 2**63 - 1  # what NumPy and torch count with


@dataclass(frozen=True)
class Options:
    """What all option classes share: reading and writing plain dictionaries, a hash, checks."""

    version: ClassVar[int] = 1
    """Raised by hand when the same options come to give other results: what was made before is then
    made again.
    """

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The options of a dictionary, such as a parsed YAML file.

        Raises:
            ConfigError: a key that is no option (the message names the nearest), or an illegal
            value.
        """
        legal = [f.name for f in dataclasses.fields(cls)]
        for key in data:
            if key not in legal:
                raise unknown_option(cls.__name__, key, legal)
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """The options as a dictionary of JSON values."""
        return dataclasses.asdict(self)

    def identity(self) -> dict[str, Any]:
        """The JSON values that tell these options from others of the class.

        Raising `version` makes all that was made with them before look foreign.
        """
        identity: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            identity[field.name] = value.identity() if isinstance(value, Options) else value
        if self.version > 1:
            identity["version"] = self.version
        return identity

    def digest(self) -> str:
        """16 hexadecimal digits that change with any option."""
        text = json.dumps([type(self).__name__, self.identity()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _positive_int(self, *names: str, high: int = _MAX_INT) -> None:
        for name in names:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise self._wrong(name, value, "a whole number of at least 1")
            if value > high:
                raise self._wrong(name, value, f"a whole number from 1 to {high}")

    def _size(self, *names: str) -> None:
        """Check what an array is made of: beyond a million none fits into any memory."""
        self._positive_int(*names, high=1_000_000)

    def _seed(self, name: str = "seed") -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
            raise self._wrong(name, value, "a whole number from 0 to 4294967295")

    def _number(
        self, name: str, low: float, high: float = math.inf, open_low: bool = False
    ) -> None:
        value = getattr(self, name)
        legal = (
            isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        )
        if not legal or not low <= value <= high or (open_low and value == low):
            span = f"a number {'above' if open_low else 'from'} {low:g}"
            raise self._wrong(name, value, span + (f" to {high:g}" if high < math.inf else ""))

    def _choice(self, name: str) -> None:
        kind: Any = type(self)
        legal = get_args(_type_hints(kind)[name])
        if getattr(self, name) not in legal:
            raise self._wrong(name, getattr(self, name), ", ".join(map(str, legal)))

    def _names(self, name: str) -> None:
        """Make a list of names a tuple of them."""
        value = getattr(self, name)
        # tuple("abc") would be three names
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise self._wrong(name, value, "a list")
        names = tuple(value)
        object.__setattr__(self, name, names)
        if len(set(names)) != len(names):
            raise self._wrong(name, value, "each name once")

    def _mappings(self, *names: str) -> None:
        for name in names:
            if not isinstance(getattr(self, name), Mapping):
                raise self._wrong(name, getattr(self, name), "a dictionary")

    def _wrong(self, name: str, value: object, legal: str) -> ConfigError:
        return ConfigError(f"{type(self).__name__}.{name} is {value!r}; legal: {legal}")


@functools.cache
def _type_hints(options: Any) -> dict[str, Any]:
    return get_type_hints(options)  # half a millisecond a call


class DispatchedOptions(Options):
    """Options whose class depends on a name among them, as the class of a `pathlib.Path` does on
    the system: the base class, called with the name of a plug-in, gives the plug-in's options.
    """

    key: ClassVar[str]
    """The option that names the plug-in; the first one."""

    @classmethod
    def class_of(cls, name: str) -> type[Self]:
        """The class of the options of the plug-in with this name; `cls` where it has none of its
        own, or there is no such plug-in.
        """
        raise NotImplementedError

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        """Options of the class that the name asks for; `__init__` is then that class's."""
        # the base alone, where the key is declared
        if cls.key in inspect.get_annotations(cls):
            name = arguments[0] if arguments else options.get(cls.key)
            if isinstance(name, str):
                return object.__new__(cls.class_of(name))
        return object.__new__(cls)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The options of a dictionary, of the class that its name asks for.

        Raises:
            ConfigError: a key that is no option (the message names the nearest), or an illegal
                value.
        """
        name = data.get(cls.key)
        target = cls.class_of(name) if isinstance(name, str) else cls
        if target is cls:
            return super().from_dict(data)
        return super(DispatchedOptions, target).from_dict(data)
