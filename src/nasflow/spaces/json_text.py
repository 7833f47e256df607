"""Notations written as JSON: the object of a text, and the text of a value."""

from __future__ import annotations

import json
from reprlib import repr as short_repr
from typing import Any

from nasflow.errors import GraphError
from nasflow.running.json_text import strict_json


def json_object(text: str, otherwise: str) -> dict[str, Any]:
    """The object that `text` holds.

    Args:
        text: the notation.
        otherwise: what a text of another JSON type is not, and what is needed; completes the
            error's sentence.

    Raises:
        GraphError: no JSON, or no object.
    """
    try:
        content = strict_json(text)
    except ValueError as error:
        raise GraphError(f"{text[:60]!r} is no JSON ({error})") from None
    if not isinstance(content, dict):
        raise GraphError(f"{text[:60]!r} is no {otherwise}")
    return content


def notation_of(value: Any) -> str:
    """A notation as the text that `Space.parse` reads.

    Args:
        value: that text, or what it writes: an object or a list of JSON, or a whole number.

    Raises:
        GraphError: something else.

    Example:
        >>> notation_of({"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]})
        '{"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]}'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)) or type(value) is int:
        try:
            return json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            pass  # dates, sets and other values that JSON does not have
    raise GraphError(
        f"arch is {short_repr(value)}; it needs a notation of the space, as text or as JSON"
    )
