"""Reading the text of a DARTS genotype as data: a call of `Genotype(...)`, JSON, nested lists, or a
configuration of NAS-Bench-301.

`eval`, which scripts in the field use for the first form, would run whatever the text says. Here
the text is parsed into a syntax tree, of which only literals, `range(...)` and the one call are
admitted.
"""

from __future__ import annotations

import ast
import contextlib
import json
from typing import Any

from nasflow.errors import GraphError
from nasflow.running.json_text import strict_json
from nasflow.spaces.darts_config import PREFIX, cells_of_config

_MAX_LENGTH = 10_000  # a genotype takes about 600 characters
_CONCAT = [2, 3, 4, 5]
_FORMS = (
    'Genotype(normal=[(\'sep_conv_3x3\', 0), ...], reduce=[...]), {"normal": [["sep_conv_3x3", 0],'
    ' ...], "reduce": [...]}, [[[input, operation index], ...], [...]], or a configuration'
    f' {{"{PREFIX}edge_normal_0": ...}}'
)


def read_genotype(text: str) -> dict[str, Any]:
    """`{"normal": ..., "reduce": ...}` of a genotype's text.

    What the two hold is for the caller to check.

    Raises:
        GraphError: the text has none of the four forms, or joins other steps than all four
            (`normal_concat`).
    """
    if len(text) > _MAX_LENGTH:
        raise GraphError(f"a genotype of {len(text)} characters; legal: at most {_MAX_LENGTH}")
    content: Any
    try:
        # a key twice is an error in JSON; the same text is a literal of Python, too
        with contextlib.suppress(json.JSONDecodeError):
            strict_json(text)
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Call):
            named = isinstance(tree.func, ast.Name) and tree.func.id == "Genotype" and not tree.args
            if not named:
                raise ValueError("not Genotype(...) with named arguments")
            content = {str(keyword.arg): _value(keyword.value) for keyword in tree.keywords}
        else:
            content = ast.literal_eval(tree)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise GraphError(
            f"{text[:60]!r} is no genotype ({str(error)[:80]}); legal: {_FORMS}"
        ) from None
    if isinstance(content, dict) and any(str(key).startswith(PREFIX) for key in content):
        content = cells_of_config(content)
    if isinstance(content, (list, tuple)) and len(content) == 2:
        content = dict(zip(("normal", "reduce"), content, strict=True))
    if not isinstance(content, dict) or not {"normal", "reduce"} <= content.keys():
        raise GraphError(f"{text[:60]!r} has no normal and reduce cell; legal: {_FORMS}")
    for key in ("normal_concat", "reduce_concat"):
        joined = content.get(key, _CONCAT)
        # range(10**12) is a short text and a long list, and Python counts no further than 2**63
        is_short = isinstance(joined, (list, tuple, range)) and not joined[len(_CONCAT) :]
        if not is_short or list(joined) != _CONCAT:
            raise GraphError(
                f"{key} is {str(joined)[:60]}; only cells that join all four steps, {_CONCAT}, are"
                " legal"
            )
    return content


def _value(node: ast.expr) -> Any:
    """A literal, or the numbers of `range(2, 6)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        bounds = [ast.literal_eval(argument) for argument in node.args]
        return range(*bounds)
    return ast.literal_eval(node)
