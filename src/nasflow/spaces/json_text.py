"""Notations written as JSON: the object of a text, or a `GraphError`."""

from __future__ import annotations

import json
from typing import Any

from nasflow.errors import GraphError


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
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GraphError(f"{text[:60]!r} is no JSON ({error})") from None
    if not isinstance(content, dict):
        raise GraphError(f"{text[:60]!r} is no {otherwise}")
    return content
