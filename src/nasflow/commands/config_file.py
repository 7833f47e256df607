"""The YAML file that --config names: what its content must be, and single options of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from nasflow.errors import ConfigError
from nasflow.running.yaml_text import RepeatedKeyError, strict_yaml

_KINDS = {type(None): "nothing", list: "a list", str: "a text"}


def config_files(words: Sequence[str]) -> list[str]:
    """What --config names among the words of a command line."""
    files = []
    for word, following in itertools.pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name == "--config":
            files.append(value if equals else following)
    return files


def check_config(path: str) -> None:
    """Return if a file is YAML with options by their names, or if there is no such file.

    Which options a command has, its parser will say, and where no file is, too.

    Raises:
        ConfigError: it is no text, no YAML, holds something else, or one key twice.
    """
    if path in ("", "--"):
        raise ConfigError(f"--config {path!r} is no file; name one, or leave it out")
    if not Path(path).is_file():
        return
    try:
        content = strict_yaml(Path(path).read_text(encoding="utf-8"))
        # an anchor may stand within what it names; JSON has no form for that either
        json.dumps(content, default=str, skipkeys=True)
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is no text in UTF-8"
    except RepeatedKeyError as error:
        line = error.problem_mark.line + 1
        raise ConfigError(f"{path}, line {line}: {error.problem}; keep one") from None
    except yaml.MarkedYAMLError as error:
        reason = f"line {error.problem_mark.line + 1}: {error.problem}"
    except RecursionError:
        reason = "it is nested too deeply"
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
    else:
        if isinstance(content, dict) and all(isinstance(key, str) for key in content):
            return
        reason = f"it holds {_KINDS.get(type(content), 'something else')}"
    raise ConfigError(
        f"--config {path} holds no options ({reason}); legal: YAML, on each line an option's name"
        " and its value, such as `out: x`"
    )


def option_in(path: str, option: str, default: str) -> str:
    """A text among a file's options; what is wrong with the file, `check_config` will say."""
    try:
        value = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        for key in option.split("."):
            value = value[key]
    except (OSError, ValueError, RecursionError, yaml.YAMLError, KeyError, TypeError):
        return default
    return value if isinstance(value, str) else default
