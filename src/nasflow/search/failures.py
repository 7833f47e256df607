"""Failures of trainings: which are of one kind, and what was expected instead."""

from __future__ import annotations

import re

from nasflow.search.result_form import LEGAL, VARIABLE, result_form
from nasflow.search.training import Train, is_function

OUTPUT = "; its output ended: "
"""What stands in a reason before the tail of what was printed."""
# where a function raised, and what; the message in between names this or that architecture
_RAISED = re.compile(r"(raised \w+).*(\([^()]*, line \d+\))", re.DOTALL)


def kind_of(reason: str) -> str:
    """What failures of one cause have in common: their reasons without numbers and outputs."""
    head = reason.partition(OUTPUT)[0]
    raised = _RAISED.fullmatch(head)
    return " ".join(raised.groups()) if raised else re.sub(r"\d+", "#", head)


def expectation(train: Train, result: str | None) -> str:
    """What a training is expected to give, in words for who wrote it."""
    if not isinstance(train, str) or is_function(train):
        return "expected: a function that takes an Architecture and returns a number"
    wanted = result_form(result).wanted
    text = (
        f"expected: exit code 0, and a {wanted} (the last counts), in what the command prints or in"
        f" the file that the environment variable {VARIABLE} names"
    )
    if result is None:
        text += f"; other forms are read with --result {LEGAL}"
    return text
