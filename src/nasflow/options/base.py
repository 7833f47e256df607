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
import json
import math
from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Self, get_args, get_type_hints

from nasflow.errors import ConfigError, unknown_option


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
        legal = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]  # subclasses are dataclasses
        for key in data:
            if key not in legal:
                raise unknown_option(cls.__name__, key, legal)
        return cls(**data)

    @classmethod
    def from_stored(cls, data: Mapping[str, Any]) -> Self:
        """`from_dict` for what `to_dict` gave, here or in an earlier version: options that came
        `later` may lack.

        Raises:
            ConfigError: as `from_dict`.
        """
        absent = {
            f.name: f.metadata["absent"]
            for f in dataclasses.fields(cls)  # type: ignore[arg-type]
            if "absent" in f.metadata
        }
        types = get_type_hints(cls)

        def stored(name: str, value: Any) -> Any:
            stage = types.get(name)
            nested = (
                isinstance(stage, type)
                and issubclass(stage, Options)
                and isinstance(value, Mapping)
            )
            return stage.from_stored(value) if nested else value  # type: ignore[union-attr]

        return cls.from_dict(
            {name: stored(name, value) for name, value in {**absent, **data}.items()}
        )

    def to_dict(self) -> dict[str, Any]:
        """The options as a dictionary of JSON values."""
        return dataclasses.asdict(self)  # type: ignore[call-overload,no-any-return]

    def identity(self) -> dict[str, Any]:
        """The JSON values that tell these options from others of the class.

        An option made by `later` is left out where it has the value that its absence means, so that
        adding one does not make finished runs and checkpoints look foreign. Raising `version` makes
        all of them so.
        """
        values = {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)  # type: ignore[arg-type]
            if not ("absent" in f.metadata and getattr(self, f.name) == f.metadata["absent"])
        }
        identity = {
            name: value.identity() if isinstance(value, Options) else value
            for name, value in values.items()
        }
        return identity | ({"version": self.version} if self.version > 1 else {})

    def digest(self) -> str:
        """16 hexadecimal digits that change with any option."""
        text = json.dumps([type(self).__name__, self.identity()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _positive_int(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise self._wrong(name, value, "a whole number of at least 1")

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
        if isinstance(value, str):  # tuple("abc") would be three names
            raise self._wrong(name, value, "a list")
        object.__setattr__(self, name, tuple(value))
        if len(set(value)) != len(value):
            raise self._wrong(name, value, "each name once")

    def _wrong(self, name: str, value: object, legal: str) -> ConfigError:
        return ConfigError(f"{type(self).__name__}.{name} is {value!r}; legal: {legal}")


@functools.cache
def _type_hints(options: Any) -> dict[str, Any]:
    return get_type_hints(options)  # half a millisecond a call


def later(absent: Any, default: Any = dataclasses.MISSING) -> Any:
    """An option that its class did not have when results were first kept.

    Args:
        absent: the value under which results were made before: identities leave the option out
            there, for ever.
        default: the value where none is given; `absent` unless told otherwise.
    """
    value = absent if default is dataclasses.MISSING else default
    if isinstance(value, dict):
        return field(default_factory=lambda: dict(value), metadata={"absent": absent})
    return field(default=value, metadata={"absent": absent})
