"""From the words of a command line to the command that they name, its options read."""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Sequence

import jsonargparse

from nasflow.commands.config_file import check_config, config_files
from nasflow.commands.registry import Command, find_command
from nasflow.commands.shared import Namespace, Parser
from nasflow.errors import ConfigError, NasflowError, nearest

# what the library that parses raises, beside its own errors, at numbers beyond all floats, at texts
# that are no Unicode, and at `--`
_UNFORESEEN = (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError)


def run_words(words: Sequence[str]) -> bool:
    """Run the command that the words begin with; whether there is one.

    Raises:
        ConfigError: an option that does not exist, or a value that it cannot have.
    """
    found = find_command(list(words))
    if found is None:
        return False
    name, command = found
    rest = list(words)[len(name.split()) :]
    command.run(_parsed(_parser(name, command, rest), rest))
    return True


def _parser(name: str, command: Command, words: list[str]) -> Parser:
    jsonargparse.set_parsing_settings(docstring_parse_attribute_docstrings=True)
    parser = Parser(
        prog=f"nasflow {name}",
        description=f"{command.summary}.",
        exit_on_error=False,
        epilog=f"Example: {command.example}",
        formatter_class=jsonargparse.DefaultHelpFormatter,
    )
    command.add_arguments(parser, words)
    return parser


def _parsed(parser: Parser, words: list[str]) -> Namespace:
    # before the parser, which says neither the file nor the line
    if "--config" in parser._option_string_actions:
        for path in config_files(words):
            check_config(path)
    try:
        options: Namespace = parser.instantiate(parser.parse_args(words))
    except argparse.ArgumentError as error:
        message = " ".join(str(error).split())
        hint = _hint(message, parser)
        raise ConfigError(f"{message}{hint}; see {parser.prog} --help") from None
    except NasflowError:  # many are a ValueError too
        raise
    except _UNFORESEEN as error:
        name = _culprit(parser, words)
        raise ConfigError(
            f"{name} cannot be read as it is written ({error}); see {parser.prog} --help"
        ) from None
    return options


def _culprit(parser: Parser, words: list[str]) -> str:
    """The first option that the parser fails at where it stands alone."""
    for word, following in itertools.pairwise([*words, ""]):
        name, equals, _ = word.partition("=")
        if not name.startswith("--"):
            continue
        try:
            parser.parse_args([word] if equals else [word, following])
        except argparse.ArgumentError:
            # also of what is missing then
            continue
        except _UNFORESEEN:
            return name
    return "an argument"


def _hint(message: str, parser: Parser) -> str:
    """`(did you mean ...?)` for an option that argparse does not know, where one is near."""
    unknown = re.search(
        r"unrecognized arguments: --([\w.-]+)|Group '([\w.]+)' does not accept option '(\w+)'"
        r"|Option '([\w.]+)' is not accepted",
        message,
    )
    if not unknown:
        return ""
    wrong = unknown[1] or unknown[4] or f"{unknown[2]}.{unknown[3]}"
    legal = []
    # with their stages, as the message has them
    for option in parser._option_string_actions:
        if option.startswith("--"):
            legal.append(option.removeprefix("--"))
    near = _in_the_same_group(wrong, legal) or _of_the_same_name(wrong, legal)
    near = near or nearest(wrong, legal)
    return f" (did you mean {near!r}?)" if near else ""


def _in_the_same_group(wrong: str, legal: Sequence[str]) -> str | None:
    """The option of the same stage whose name is nearest."""
    group, dot, name = wrong.rpartition(".")
    prefix = group + dot
    in_group = [option.removeprefix(prefix) for option in legal if option.startswith(prefix)]
    near = nearest(name, in_group)
    return f"{prefix}{near}" if near else None


def _of_the_same_name(wrong: str, legal: Sequence[str]) -> str | None:
    """An option of the same name in another group: tasks had theirs among those of pre-training."""
    name = wrong.rpartition(".")[2]
    return next((option for option in legal if option.rpartition(".")[2] == name), None)
