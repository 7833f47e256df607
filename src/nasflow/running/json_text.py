"""JSON read strictly: a key that an object has twice is an error, not the last one's value."""

from __future__ import annotations

import json
from typing import Any


class RepeatedKeyError(ValueError):
    """An object with one key twice: which value was meant, nobody can tell."""


def strict_json(text: str | bytes) -> Any:
    """The value that a JSON text writes.

    Raises:
        RepeatedKeyError: an object has a key twice.
        ValueError: no JSON, or nested too deeply to be read.

    Example:
        >>> strict_json('{"accuracy": 81.2, "accuracy": 18.2}')
        Traceback (most recent call last):
        nasflow.running.json_text.RepeatedKeyError: the key 'accuracy' stands twice in one object
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of some keys and values; the `object_pairs_hook` of a decoder.

    Raises:
        RepeatedKeyError: a key stands twice.
    """
    content = dict(pairs)
    if len(content) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RepeatedKeyError(f"the key {key[:60]!r} stands twice in one object")
            seen.add(key)
    return content


# made once: `json.loads` makes one for each text, which takes as long as to read a short one
_DECODER = json.JSONDecoder(object_pairs_hook=each_key_once)
