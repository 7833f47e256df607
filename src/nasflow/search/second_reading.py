"""Results that failed trainings had printed in a form that nobody had told the search.

A command that printed `accuracy: 0.93` ended well, and its number is in what is kept of its output:
once `--result` says how to read it, the training need not be done again.
"""

from __future__ import annotations

import io
import math

from nasflow.search.failures import OUTPUT
from nasflow.search.result_form import result_form
from nasflow.search.store import Store
from nasflow.search.study_record import retry_failed

_UNREAD = "the command printed no "  # how the reason of such a failure begins


def retry(store: Store, result: str | None) -> str:
    """Read what can be read of trainings that failed, plan the others anew, and say so.

    Args:
        store: of the study.
        result: how a command says its result, as `--result` has it.
    """
    values = read_again(store, result)
    text = f"{retry_failed(store)} failed trainings are begun anew"
    if not values:
        return text
    listed = ", ".join(f"trial {number}: {value:.6g}" for number, value in values.items())
    return f"{len(values)} results are read from what the trainings had printed ({listed}); {text}"


def read_again(store: Store, result: str | None) -> dict[int, float]:
    """The values that became results, by the numbers of their trials; why they failed is kept.

    Without a form of the user's nothing is read: what is kept has the errors' lines too, and a
    number alone in a line may be anything there.
    """
    if result is None:
        return {}
    form = result_form(result)
    values: dict[int, float] = {}
    for trial in store.trials():
        reason, _, output = (trial.reason or "").partition(OUTPUT)
        # what ended in another way may have printed a number on its way
        if trial.state != "failed" or trial.origin == "told" or not reason.startswith(_UNREAD):
            continue
        value = form.last_in(io.BytesIO(output.encode()))
        if value is None or not math.isfinite(value):
            continue
        # not where another process was faster
        if store.replace(trial, "done", value, None, trial.outcome):
            values[trial.number] = value
    return values
