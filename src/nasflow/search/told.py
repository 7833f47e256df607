"""What a user tells of a result, read: a value, and whose it is.

A value is any one number: of Python, NumPy or PyTorch, also an array or a tensor of one element.
Texts and booleans are none. An architecture may be named by its trial, by the trial's number, or in
the notation of its space.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from reprlib import repr as short
from typing import Any

from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.running.numbers import element_of, number_of
from nasflow.search.problem import Problem
from nasflow.search.trial import Trial

Told = Architecture | Trial | int | str
"""Whose result it is: an architecture, its trial, the trial's number, or its notation."""


def value_told(value: Any) -> float:
    """The finite number that a value is.

    Raises:
        DataError: it is none.
    """
    number = number_of(element_of(value))
    if number is None or not math.isfinite(number):
        raise DataError(
            f"the value {short(value)} is no finite number; a training that gave none is told by "
            "tell_failed(architecture, reason)"
        )
    return number


def trial_told(told: Any, trials: Sequence[Trial]) -> Trial | None:
    """The trial that is meant by itself or its number; None where something else is given.

    Raises:
        DataError: there is no such trial.
    """
    number = told.number if isinstance(told, Trial) else element_of(told)
    as_number = number_of(number)
    if as_number is None:
        return None
    if not as_number.is_integer() or not 0 <= as_number < len(trials):
        legal = f"trials 0 to {len(trials) - 1}" if trials else "no trial yet"
        raise DataError(f"there is no trial {short(number)}; the study has {legal}")
    return trials[int(as_number)]


def architecture_told(told: Any, problem: Problem) -> Architecture:
    """The architecture that is meant by itself or its notation.

    Raises:
        DataError: neither an architecture nor a trial. GraphError: a text that is no notation.
    """
    if isinstance(told, Architecture):
        return told
    if isinstance(told, str):
        return problem.space.parse(told)
    raise DataError(
        f"{short(told)} ({type(told).__name__}) is no architecture; legal: an Architecture, a trial"
        f" or its number, or the notation of {problem.space.name} as a text"
    )


def check_element(architecture: Architecture, problem: Problem) -> None:
    """Return if an architecture is of the problem's space.

    Raises:
        GraphError: it is not, and why.
    """
    try:
        problem.space.validate(architecture)
    except GraphError as error:
        raise GraphError(
            f"this architecture is no element of the space {problem.space.name}, so it has no place"
            f" in this study: {error}"
        ) from None
