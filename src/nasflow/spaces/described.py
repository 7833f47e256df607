"""The space that a description or a YAML file describes, of one of three kinds.

`CustomSpace` has numbers in the names of operations if any, `CustomSizes` carries them on the nodes
of chains, stages and fixed graphs, `CustomSizedDag` on the nodes of graphs whose edges are chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from nasflow.errors import ConfigError
from nasflow.running.files import PathLike, require_file
from nasflow.running.yaml_text import strict_yaml
from nasflow.spaces.base import Space
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.custom_sized_dag import CustomSizedDag
from nasflow.spaces.custom_sizes import CustomSizes

_WITH_NUMBERS = ("attributes", "globals", "shared", "stages")


def described_space(description: Any) -> Space:
    """The space that a mapping of keys describes.

    Raises:
        ConfigError: an unknown key, or a value that is not legal; the message says what is.

    Example:
        >>> space = described_space({"stages": [{"ops": ["conv"], "shared": {"width": [8, 16]}}]})
        >>> space.format(space.enumerate()[1])
        'width=16: conv'
    """
    if not isinstance(description, Mapping):  # which it refuses
        return CustomSpace(description)
    numbered = [key for key in _WITH_NUMBERS if key in description]
    if not numbered:
        return CustomSpace(description)
    if "features" in description:
        raise ConfigError(
            f"features and {numbered[0]} are both given: features become part of an operation's"
            " name, attributes are numbers of their own; give everything as attributes"
        )
    edges = description.get("edges", "all")
    is_fixed = edges == "chain" or description.get("fixed_edges") is True
    if "stages" in description or is_fixed:
        return CustomSizes(description)
    return CustomSizedDag(description)


def space_from_file(path: PathLike) -> Space:
    """The space that a YAML (or JSON) file describes.

    Only plain data is read: a tag that would call a constructor is an error.

    Raises:
        MissingDataError, ConfigError: no such file, no YAML, or no legal description.
    """
    text = require_file(path).read_bytes()
    try:
        return described_space(strict_yaml(text))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{Path(path)}: {error}") from None
