"""`nasflow predict`: the performance of architectures, by a fitted model."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from nasflow.commands.shared import SOURCE_HELP, Namespace, Parser, add_device, add_encoder_class
from nasflow.errors import ConfigError

if TYPE_CHECKING:
    from nasflow.prediction.predictor import Predictor


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
    add_encoder_class(parser)
    add_device(parser)


def run(options: Namespace) -> None:
    """Predict, and print or write a CSV."""
    import numpy as np

    from nasflow.datasets.registry import open_dataset
    from nasflow.prediction.predictor import Predictor
    from nasflow.prediction.proxy_ranks import without_value
    from nasflow.running.files import check_writable, write_text

    if options.out:
        check_writable(options.out)
    _check(options)
    predictor = Predictor.load(options.model, options.device, encoder=options.encoder)
    _check_that_it_is_sure(options, predictor)
    # with its vocabulary: an operation that it does not know is an error that names the line; and
    # a row for each of the file, for `row` is what a prediction is found by
    dataset = open_dataset(options.archs, predictor.vocabulary_, join=False)
    table, names = dataset.table, predictor.proxies_
    columns = {name: dataset.labels(name) for name in names}
    if told := without_value(names, columns):
        print(told, file=sys.stderr)
    if options.explain is not None:
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
        return
    shown = {"prediction": predictor.predict(table, columns, return_std=options.std)}
    if options.std:
        shown["prediction"], shown["std"] = shown["prediction"]
    if options.interval is not None:
        shown["low"], shown["high"] = predictor.interval(table, options.interval, columns)
        if told := _without_end(predictor, options.interval):
            print(told, file=sys.stderr)
    if options.top is None:
        rows = np.arange(len(table))
    else:
        rows = predictor.label_.best_first(shown["prediction"])[: options.top]
        print(f"best first: {predictor.label_.in_words}", file=sys.stderr)
    lines = [",".join(["row", *shown])]
    for row in rows.tolist():
        lines.append(",".join([str(row), *(f"{column[row]:.6g}" for column in shown.values())]))
    text = "\n".join([*lines, ""])
    if options.out:
        write_text(options.out, text)
        print(f"{options.out}: {len(rows)} predictions")
    else:
        print(text, end="")


def _check(options: Namespace) -> None:
    """Return if the options are legal, as far as they tell before a file is read."""
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
