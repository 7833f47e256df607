"""`nasflow predict`: the performance of architectures, by a fitted model."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_device,
    add_encoder_class,
    add_parts,
    check_jobs,
)
from nasflow.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from nasflow.datasets.source_stamp import SourceStamp
    from nasflow.prediction.in_parts import Prediction
    from nasflow.prediction.label import Label
    from nasflow.prediction.predictor import Predictor
    from nasflow.running.unfinished import UnfinishedFile


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("--model", type=str, required=True, help="what nasflow fit wrote")
    parser.add_argument("--archs", type=str, required=True, help=SOURCE_HELP)
    parser.add_argument(
        "--out",
        type=str | None,
        default=None,
        help="file to write, a CSV (row, prediction, ...); without it all is printed",
    )
    parser.add_argument(
        "--std",
        action="store_true",
        help="a column std: the standard deviation of each prediction",
    )
    parser.add_argument(
        "--interval",
        type=float | None,
        default=None,
        help="columns low and high, between which this share of labels is expected, such as 0.9",
    )
    parser.add_argument(
        "--explain",
        type=int | None,
        default=None,
        help="in place of predictions: why this row is predicted what it is (0 is the first)",
    )
    parser.add_argument(
        "--top", type=int | None, default=None, help="only the best so many, best first"
    )
    add_parts(parser, "the model and the table")
    add_encoder_class(parser)
    add_device(parser)


def run(options: Namespace) -> None:
    """Predict, and print or write a CSV."""
    from nasflow.prediction.in_parts import Prediction
    from nasflow.running.files import check_writable

    if options.out:
        check_writable(options.out, options.archs, options.model)
    _check(options)
    what = Prediction(
        options.model,
        options.device,
        options.encoder,
        std=options.std,
        level=options.interval,
        top=options.top,
    )
    predictor = what.model_file.predictor
    _check_that_it_is_sure(options, predictor)
    # a model without labels knows no blend either, and `predict` says so
    is_asked = options.interval is not None and hasattr(predictor, "blend_")
    if is_asked and (told := _without_end(predictor, options.interval)):
        print(told, file=sys.stderr)
    if options.explain is None:
        _predict(options, what, predictor.label_)
    else:
        _explain(options, predictor)


def _predict(options: Namespace, what: Prediction, label: Label) -> None:
    """Predict part by part, and write what is there as it comes."""
    from nasflow.datasets.source_stamp import SourceStamp
    from nasflow.running.unfinished import UnfinishedFile

    stamp = SourceStamp.of(options.archs)
    # what goes to a terminal or a pipe cannot be taken up again
    if not options.out:
        _write_all(options, what, label, _Printed())
        stamp.check()
        return
    # a table of millions takes hours, and a kill must not cost them
    with UnfinishedFile(options.out, _key(options, what, stamp)) as file:
        if file.state:
            n_rows = file.state["n_rows"]
            print(f"going on behind the {n_rows:,} rows of an earlier run", file=sys.stderr)
        n_lines = _write_all(options, what, label, file)
        stamp.check()
        file.finish()
    print(f"{options.out}: {n_lines} predictions")


class _Printed:
    """What `UnfinishedFile` is to a file, for standard output: nothing to go on from."""

    state: Mapping[str, Any] = {}

    def add(self, text: str, _: Mapping[str, Any]) -> None:
        """Print."""
        sys.stdout.write(text)


def _write_all(
    options: Namespace, what: Prediction, label: Label, written: UnfinishedFile | _Printed
) -> int:
    """Predict from where an earlier run stopped; returns the number of lines."""
    from collections import Counter

    from nasflow.prediction.in_parts import Best, predicted_parts
    from nasflow.running.progress import progress_bar

    state = written.state
    # what the rows so far have left behind, of an earlier run too
    n_rows = int(state.get("n_rows", 0))
    n_without = Counter(state.get("n_without", {}))
    best = Best.from_state(state["best"]) if "best" in state else Best.nothing(what.names)
    # of an earlier run the header is written already
    if not state:
        written.add(",".join(["row", *what.names]) + "\n", {"n_rows": 0})
    parts = predicted_parts(what, options.archs, n_rows, n_workers=options.jobs, ray=options.ray)
    with progress_bar(f"predicting {options.archs}", None) as advance:
        for part in parts:
            n_rows += part.n_rows
            n_without.update(part.n_without)
            state = {"n_rows": n_rows, "n_without": dict(n_without)}
            # kept as parts come, for all rows would not fit into memory
            if what.top is not None and part.best is not None:
                best = best.with_others(part.best, what.top, label)
                state["best"] = best.state()
            written.add(part.text, state)
            advance(f"{n_rows:,} rows")
    # once, and not for each part
    lacking = [
        f"{n} of {n_rows} rows have no value of {name}" for name, n in n_without.items() if n
    ]
    if lacking:
        print(f"{'; '.join(lacking)}: they count as in the middle", file=sys.stderr)
    # all rows are written by now, but for the best ones, which are known only here
    if what.top is None:
        return n_rows
    print(f"best first: {label.in_words}", file=sys.stderr)
    # a run that could not put its file in place has left them behind
    if not state.get("has_best"):
        written.add(best.text(), {**state, "has_best": True})
    return len(best.rows)


def _key(options: Namespace, what: Prediction, stamp: SourceStamp) -> dict[str, Any]:
    """What the predictions depend on."""
    from dataclasses import asdict
    from importlib.metadata import version

    from nasflow.running.files import sha256
    from nasflow.running.registry import code_stamps

    return {
        # another version may predict other digits
        "nasflow": version("nasflow"),
        "model": sha256(options.model),
        "archs": options.archs,
        "files": stamp.files,
        "options": asdict(what),
        # a class of the user's own may be edited between two runs
        "code": code_stamps([options.encoder]),
    }


def _explain(options: Namespace, predictor: Predictor) -> None:
    """Say why one row is predicted what it is."""
    from nasflow.datasets.registry import open_dataset
    from nasflow.prediction.proxy_ranks import without_value
    from nasflow.running.files import write_text

    # with its vocabulary: an operation that it does not know is an error that names the line; and
    # a row for each of the file, for `row` is what a prediction is found by
    dataset = open_dataset(options.archs, predictor.vocabulary_, join=False)
    table, names = dataset.table, predictor.proxies_
    columns = {name: dataset.labels(name) for name in names}
    if told := without_value(names, columns):
        print(told, file=sys.stderr)
    if not 0 <= options.explain < len(table):
        raise ConfigError(
            f"--explain is {options.explain}; legal: a row of {options.archs}, 0 to"
            f" {len(table) - 1}"
        )
    explanation = f"{predictor.explain(table, options.explain, columns)}\n"
    if options.out:
        write_text(options.out, explanation)
        print(f"{options.out}: why row {options.explain} is predicted what it is")
    else:
        print(explanation, end="")


def _check(options: Namespace) -> None:
    """Return if the options are legal, as far as they tell before a file is read."""
    check_jobs(options.jobs)
    if options.top is not None and options.top < 1:
        raise ConfigError(f"--top is {options.top}; legal: a whole number of at least 1")
    if options.interval is not None and not 0 < options.interval < 1:
        raise ConfigError(
            f"--interval is {options.interval:g}; legal: a share between 0 and 1, such as 0.9"
        )
    if options.explain is None:
        return
    for name in ("top", "interval"):
        if getattr(options, name) is not None:
            raise ConfigError(f"--explain is of one row alone: leave out --{name}")
    if options.std:
        raise ConfigError("--explain is of one row alone: leave out --std")


def _check_that_it_is_sure(options: Namespace, predictor: Predictor) -> None:
    """Return if the model knows what is asked of it."""
    # that a model has seen no label yet `predict` says
    if not hasattr(predictor, "fitted_"):
        return
    asked = {
        "std": options.std,
        "interval": options.interval is not None,
        "explain": options.explain is not None,
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise ConfigError(
                f"--{name} needs a blend, and {options.model} is none: it has one number for each"
                " row; fit with --method blend"
            )


def _without_end(predictor: Predictor, level: float) -> str:
    """A sentence on an interval that labels are too few for; empty if they are enough."""
    mixture = predictor.blend_.mixture_
    assert mixture is not None  # a blend in a predictor is fitted
    n_labels = len(mixture.labels)
    if level <= n_labels / (n_labels + 1):
        return ""
    highest = math.floor(100 * n_labels / (n_labels + 1)) / 100
    return (
        f"{n_labels} labels cannot tell an interval of {level:g}: it has no end but the bounds of"
        f" the label's unit; they can up to {highest:g}"
    )
