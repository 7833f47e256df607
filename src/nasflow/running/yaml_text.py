"""YAML read strictly: a key that a mapping has twice is an error, not the last one's value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nasflow.errors import ConfigError
from nasflow.running.files import PathLike


class RepeatedKeyError(yaml.constructor.ConstructorError):  # type: ignore[misc]  # PyYAML has no types
    """A mapping with one key twice: which value was meant, nobody can tell."""


class _StrictLoader(yaml.SafeLoader):  # type: ignore[misc]
    """The loader of plain data, for which a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        # the node as it is written: what `<<` merges into it may be overridden
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            written = (key.tag, key.value)
            if written in lines:
                raise RepeatedKeyError(
                    None,
                    None,
                    f"the key {key.value!r} stands in line {lines[written]} already",
                    key.start_mark,
                )
            lines[written] = key.start_mark.line + 1
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def check_keys(path: PathLike) -> None:
    """Return if no mapping of a YAML file has a key twice.

    What else may be wrong with the file, its reader will say.

    Raises:
        ConfigError: a key stands twice; the message names the file and both lines.
    """
    try:
        strict_yaml(Path(path).read_bytes())
    except RepeatedKeyError as error:
        mark = error.problem_mark
        raise ConfigError(f"{path}, line {mark.line + 1}: {error.problem}; keep one") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return


def strict_yaml(text: str | bytes) -> Any:
    """The plain data that a YAML text writes.

    Raises:
        yaml.YAMLError: no YAML, a tag that is no plain data, or a key twice in one mapping.

    Example:
        >>> strict_yaml("ops: [a, b]")
        {'ops': ['a', 'b']}
    """
    return yaml.load(text, _StrictLoader)
