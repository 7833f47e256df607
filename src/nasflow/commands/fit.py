"""`nasflow fit`: a head, and the encoder under it, learn a few labels."""

from __future__ import annotations

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_config_file,
    add_device,
    add_encoder,
    add_encoder_class,
    add_stage,
    named,
)
from nasflow.errors import ConfigError
from nasflow.options.training import FitConfig


def add_arguments(parser: Parser, words: list[str]) -> None:
    """The arguments."""
    parser.add_argument(
        "source", type=str, help=SOURCE_HELP + "; rows without the label are left out"
    )
    parser.add_argument(
        "--model",
        type=str | None,
        default=None,
        help="what nasflow pretrain wrote; without it the encoder starts from random weights",
    )
    parser.add_argument(
        "--metric", type=str | None, default=None, help="the label, where there are several"
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=0.0,
        help=(
            "share of the labelled rows that do not train, but choose the epoch and show how well "
            "they are ranked; with 0 all train, and the last epoch is kept"
        ),
    )
    parser.add_argument(
        "--out", type=str, default="fitted.safetensors", help="the model file to write"
    )
    add_device(parser)
    add_config_file(parser)
    if named(words, "model", ""):
        _refuse_encoder_options(words)
        add_encoder_class(parser)
    else:
        add_encoder(parser, words)
    add_stage(parser, FitConfig, "fit")
    # the published protocol has validation; nothing here is compared with it, and labelled chooses
    # better
    parser.set_defaults({"fit.epoch_pairs": "labelled"})


def _refuse_encoder_options(words: list[str]) -> None:
    """Return if no word is an option of an encoder; with a model they would do nothing."""
    for word in words:
        if word.startswith("--encoder."):
            option = word.partition("=")[0]
            raise ConfigError(
                f"{option} has no place beside --model: the model has its encoder, with all its"
                " options; leave it out, or fit without --model"
            )


def run(options: Namespace) -> None:
    """Fit, write, and say how well the held-out rows are ranked."""
    import numpy as np

    from nasflow.datasets import open_dataset
    from nasflow.errors import DataError
    from nasflow.prediction.label import Label
    from nasflow.prediction.predictor import Predictor
    from nasflow.prediction.proxy_ranks import take, without_value
    from nasflow.running.files import check_writable
    from nasflow.statistics.metrics import kendall_tau

    if not 0 <= options.validation < 1:
        raise ConfigError(f"--validation is {options.validation:g}; legal: from 0 to below 1")
    check_writable(options.out)
    dataset = open_dataset(options.source)
    labels = dataset.labels(options.metric)
    metric = dataset.metric(options.metric)
    label = Label(metric.name, metric.unit, metric.maximise)
    rows = np.flatnonzero(np.isfinite(labels))
    if len(rows) < 2:
        raise DataError(
            f"{options.source} has {len(rows)} labelled architectures; fit needs at least 2"
        )
    if options.model:
        predictor = Predictor.load(
            options.model, options.device, encoder=options.encoder, fit=options.fit
        )
    else:
        predictor = Predictor(encoder=options.encoder, fit=options.fit, device=options.device)
    rows = np.random.default_rng(options.fit.seed).permutation(rows)
    n_held = int(options.validation * len(rows))
    held, train = rows[:n_held], rows[n_held:]
    table = dataset.table
    columns = {name: dataset.proxy(name) for name in options.fit.proxies}
    validation = (table[held], labels[held], take(columns, held)) if n_held > 1 else None
    predictor.fit(
        table[train],
        labels[train],
        validation=validation,
        proxies=take(columns, train),
        reference=columns,
        label=label,
        progress=True,
    )
    predictor.save(options.out)
    print(
        f"{options.out}: fitted on {len(train)} of {len(dataset)} architectures: {label.in_words}"
    )
    if told := without_value(options.fit.proxies, columns):
        print(told)
    if validation:
        tau = kendall_tau(predictor.predict(validation[0], validation[2]), validation[1])
        print(
            f"Kendall tau on the {n_held} validation rows {tau:.3f} (epoch"
            f" {predictor.fitted_.best_epoch} of {options.fit.epochs}, chosen on these rows: an"
            " optimistic number)"
        )
    print(f"next: nasflow predict --model {options.out} --archs mine.jsonl")
