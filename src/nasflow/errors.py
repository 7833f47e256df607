"""The errors nasflow raises, a small tree: each also is the built-in error a caller would expect.

Every message says what is wrong, the value seen, what is legal and what to do. `unknown_name` words
the commonest of them, a misspelt name, the same way everywhere.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from typing import ClassVar


class NasflowError(Exception):
    """Root of everything nasflow raises on purpose."""

    has_lines: ClassVar[bool] = False
    """Whether the message has several lines; any other is shown in one, whatever it quotes."""


class GraphError(NasflowError, ValueError):
    """A graph that is no architecture: a cycle, an edge to nowhere, an unknown operation."""


class UnknownOperationsError(GraphError):
    """Operations of a model that have no name here; the message says how to name all of them."""


class DataError(NasflowError, ValueError):
    """A file or table whose content is malformed; the message names the row and the value."""


class DataWarning(UserWarning):
    """Something in a table that is legal and that its owner should know: a column left unread."""


class MissingDataError(NasflowError, FileNotFoundError):
    """A file that is not there; the message names its official source and how to get it."""


class ConfigError(NasflowError, ValueError):
    """An option with an illegal value, or an option that does not exist."""


class UnknownNameError(NasflowError, LookupError):
    """A name (space, data set, metric, method ...) that is not registered."""


class CheckpointError(NasflowError, ValueError):
    """A saved model or checkpoint that is truncated, foreign, or of another format version."""


class UnsafeFileError(NasflowError, ValueError):
    """A pickle that asks for something other than plain numbers; nothing of it was executed."""


class MissingExtraError(NasflowError, ImportError):
    """An optional dependency is absent; the message names the extra to install."""


class NotFittedError(NasflowError, RuntimeError, AttributeError):
    """A predictor was asked for something that needs `pretrain` or `fit` first.

    An AttributeError too, so that `hasattr(predictor, "vocabulary_")` answers.
    """


def not_fitted(message: str) -> NotFittedError:
    """The error for an estimator that is not fitted; scikit-learn's own too, where it is loaded."""
    exceptions = sys.modules.get("sklearn.exceptions")
    if exceptions is None:
        return NotFittedError(message)
    both = type("NotFittedError", (NotFittedError, exceptions.NotFittedError), {})
    error: NotFittedError = both(message)
    return error


def unknown_name(kind: str, name: str, legal: Iterable[str]) -> UnknownNameError:
    """The error for `name`, which is no `kind`: offers the nearest legal name, and lists all."""
    return UnknownNameError(_misspelt(kind, name, legal))


def unknown_option(owner: str, name: str, legal: Iterable[str]) -> ConfigError:
    """The error for an option `name` that `owner` does not have."""
    return ConfigError(_misspelt(f"{owner} option", name, legal))


# what people write for names that resemble it too little
_ALIASES = {"learning_rate": "lr"}


def nearest(name: str, legal: Iterable[str]) -> str | None:
    """The legal name that `name` was probably meant to be, or None where none is near."""
    names = list(legal)
    candidates = names + [alias for alias, target in _ALIASES.items() if target in names]
    near = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return _ALIASES.get(near[0], near[0]) if near else None


def _misspelt(kind: str, name: str, legal: Iterable[str]) -> str:
    names = list(legal)
    near = nearest(name, names)
    hint = f" (did you mean {near!r}?)" if near else ""
    return f"unknown {kind} {name!r}{hint}; legal: {', '.join(names) or 'none'}"
