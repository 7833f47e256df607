"""Whether a study's file is of the search that is asked for, or what differs, in a user's words.

How many trainings may run at once is no part of what a study is about: it may change at any start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nasflow.errors import ConfigError
from nasflow.search.store import Store
from nasflow.search.version_1 import options_from_v1

_MAY_CHANGE = ("window",)
_SPACE = ("space fingerprint", "space description")
_ABSENT = object()


def check_settings(store: Store, about: dict[str, Any]) -> None:
    """Return if the file's study is what `about` says; in a new file it becomes so.

    Raises:
        ConfigError: it is another; the message says all that differs.
    """
    kept, version = store.settings(about)
    if version == 1 and isinstance(kept.get("options"), dict):
        kept["options"] = options_from_v1(kept["options"])
    # both as JSON: options that were brought up to date have tuples, those of a file lists
    differences = list(_differences(_as_json(kept), _as_json(about)))
    if differences:
        raise ConfigError(
            f"{store.path} is a study with another {'; another '.join(differences)}. Go on with the"
            " same, or name another file for a new study; parallel and window may change"
        )


def _as_json(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they come back from a file: tuples become lists, keys become texts."""
    # a description in YAML may hold what JSON has no form for: as a text it can be compared
    again: dict[str, Any] = json.loads(json.dumps(settings, default=str))
    return again


def _differences(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """What differs, one text for each."""
    if kept.get("space") != asked.get("space"):
        yield _difference("space", kept.get("space"), asked.get("space"))
    elif kept.get("space fingerprint") != asked.get("space fingerprint"):
        yield from _of_space(kept, asked)
    for name in dict.fromkeys([*asked, *kept]):
        if name in ("space", *_SPACE, *_MAY_CHANGE) or kept.get(name) == asked.get(name):
            continue
        if name not in kept:
            continue  # the file was made before this was written down
        if name == "options":
            yield from _of_options(kept.get(name), asked.get(name))
        elif name == "maximise":
            # the option that says it, whose name is the opposite
            begun = "without" if kept[name] else "with"
            difference = _difference(name, kept[name], asked.get(name))
            yield f"{difference} (it was begun {begun} --minimise)"
        else:
            yield _difference(name, kept.get(name), asked.get(name))


def _of_space(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a space's description that differ."""
    lines = []
    if "space description" in kept:
        former, now = kept["space description"], asked.get("space description")
        lines = list(_of_parts("line of the space, ", former, now))
    if lines:
        yield from lines
        return
    # a file of before descriptions were kept, or a space whose code was changed
    yield _difference("space fingerprint", kept["space fingerprint"], asked["space fingerprint"])


def _of_options(kept: Any, asked: Any) -> Iterator[str]:
    """The options that differ, or the strategy alone: each has other options."""
    if isinstance(kept, dict) and isinstance(asked, dict):
        former, now = kept.get("strategy", _ABSENT), asked.get("strategy", _ABSENT)
        if former != now:
            yield _difference("option strategy", former, now)
            return
    yield from _of_parts("option ", kept, asked)


def _of_parts(prefix: str, kept: Any, asked: Any) -> Iterator[str]:
    """The entries of two mappings that differ."""
    if not (isinstance(kept, dict) and isinstance(asked, dict)):
        yield _difference(prefix.strip(), kept, asked)
        return
    for name in dict.fromkeys([*kept, *asked]):
        former, now = kept.get(name, _ABSENT), asked.get(name, _ABSENT)
        if former == now:
            continue
        if isinstance(former, dict) and isinstance(now, dict):
            # the one that is another, not all of both
            yield from _of_parts(f"{prefix}{name}.", former, now)
        else:
            yield _difference(f"{prefix}{name}", former, now)


def _difference(name: str, kept: Any, asked: Any) -> str:
    """One thing that differs, with both of its values."""
    return f"{name}: {_shown(kept)} there, {_shown(asked)} asked for"


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else repr(value)
