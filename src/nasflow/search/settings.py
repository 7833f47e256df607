"""Whether a study's file is of the search that is asked for, or what differs."""

from __future__ import annotations

import json
from typing import Any

from nasflow.errors import ConfigError
from nasflow.search.store import Store
from nasflow.search.version_1 import options_from_v1


def check_settings(store: Store, about: dict[str, Any]) -> None:
    """Return if the file's study is what `about` says; in a new file it becomes so.

    Raises:
        ConfigError: it is another; the message says what differs.
    """
    kept, version = store.settings(about)
    if version == 1 and isinstance(kept.get("options"), dict):
        kept["options"] = options_from_v1(kept["options"])
    kept, asked = _as_json(kept), _as_json(about)
    for name in [*asked, *kept]:
        if kept.get(name) == asked.get(name):
            continue
        difference = (name, kept.get(name), asked.get(name))
        if name == "options":
            # of many options the one that is another, not all of both
            difference = _first_difference(kept.get(name), asked.get(name))
        name, kept_value, asked_value = difference
        raise ConfigError(
            f"{store.path} is a study with another {name}: {kept_value!r} there, {asked_value!r}"
            " asked for; give the same, or name another file"
        )


def _as_json(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they come back from a file: tuples become lists."""
    again: dict[str, Any] = json.loads(json.dumps(settings))
    return again


def _first_difference(kept: Any, asked: Any) -> tuple[str, Any, Any]:
    """The first option that differs, and both of its values."""
    if not (isinstance(kept, dict) and isinstance(asked, dict)):
        return "options", kept, asked
    for option in {**kept, **asked}:
        if kept.get(option) != asked.get(option):
            return f"option {option}", kept.get(option), asked.get(option)
    raise AssertionError("the options are equal")  # they were compared before
