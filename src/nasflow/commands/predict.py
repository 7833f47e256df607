"""`nasflow predict`: the performance of architectures, by a fitted model."""

from __future__ import annotations

import sys

from nasflow.commands.shared import SOURCE_HELP, Namespace, Parser, add_device, add_encoder_class
from nasflow.errors import ConfigError


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("--model", type=str, required=True, help="what nasflow fit wrote")
    parser.add_argument("--archs", type=str, required=True, help=SOURCE_HELP)
    parser.add_argument(
        "--out",
        type=str | None,
        default=None,
        help="CSV to write (row, prediction, ...); without it the predictions are printed",
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
    if options.top is not None and options.top < 1:
        raise ConfigError(f"--top is {options.top}; legal: a whole number of at least 1")
    predictor = Predictor.load(options.model, options.device, encoder=options.encoder)
    # with its vocabulary: an operation that it does not know is an error that names the line; and
    # a row for each of the file, for `row` is what a prediction is found by
    dataset = open_dataset(options.archs, predictor.vocabulary_, join=False)
    table, names = dataset.table, predictor.proxies_
    columns = {name: dataset.labels(name) for name in names}
    if told := without_value(names, columns):
        print(told, file=sys.stderr)
    if options.explain is not None:
        print(predictor.explain(table, options.explain, columns))
        return
    shown = {"prediction": predictor.predict(table, columns, return_std=options.std)}
    if options.std:
        shown["prediction"], shown["std"] = shown["prediction"]
    if options.interval is not None:
        shown["low"], shown["high"] = predictor.interval(table, options.interval, columns)
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
