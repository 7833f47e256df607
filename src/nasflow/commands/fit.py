"""`nasflow fit`: a predictor learns a few labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

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
from nasflow.options.training import ALL_LABELS, FitConfig

if TYPE_CHECKING:
    from nasflow.prediction.predictor import Predictor


def add_arguments(parser: Parser, words: list[str]) -> None:
    """The arguments."""
    parser.add_argument(
        "source", type=str, help=SOURCE_HELP + "; rows without the label are left out"
    )
    parser.add_argument(
        "--method",
        type=Literal["auto", "blend", "fgp"],
        default="auto",
        help=(
            "blend: models of graph features, and with effort full the encoder, weighted by what"
            " each predicts of unseen labels; fgp: the encoder alone, as the paper has it; auto is"
            " what --model was written for, and else blend"
        ),
    )
    parser.add_argument(
        "--effort",
        type=Literal["auto", "fast", "full"],
        default="auto",
        help=(
            "of a blend: fast has no graph network and takes seconds, full has and takes minutes;"
            " auto is full with --model, or where an option of the encoder or --fit is given, but"
            " for columns and the seed"
        ),
    )
    parser.add_argument(
        "--model",
        type=str | None,
        default=None,
        help="what nasflow pretrain wrote; without it an encoder starts from random weights",
    )
    parser.add_argument(
        "--metric", type=str | None, default=None, help="the label, where there are several"
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=0.0,
        help=(
            "share of the labelled rows that do not train, but show how well they are ranked; with"
            " --method fgp they also choose the epoch. With 0 all train"
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
    parser.set_defaults({f"fit.{name}": value for name, value in _defaults(_method(words)).items()})


def _method(words: list[str]) -> str:
    """The method that the words name, or that their model was written for."""
    model, method = named(words, "model", ""), named(words, "method", "auto")
    if method != "auto":
        return method
    if not model:
        return "blend"
    from nasflow.errors import NasflowError
    from nasflow.prediction.model_file import method_in

    try:
        return method_in(model)
    except (NasflowError, OSError):
        return "blend"  # whoever reads it in earnest says what is wrong


def _defaults(method: str) -> dict[str, Any]:
    """The defaults of --fit for a method."""
    if method == "fgp":
        # the published protocol has validation pairs; nothing here is compared with it, and
        # labelled chooses better
        return {"epoch_pairs": "labelled"}
    return {**{name: getattr(ALL_LABELS, name) for name in ("epochs", "lr", "average")}, "seed": 0}


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
    """Fit, write, and say how well rows are ranked whose label was not seen."""
    import numpy as np

    from nasflow.datasets import open_dataset
    from nasflow.errors import DataError
    from nasflow.prediction.label import Label
    from nasflow.prediction.proxy_ranks import take, without_value
    from nasflow.running.files import check_writable
    from nasflow.statistics.metrics import kendall_tau

    if not 0 <= options.validation < 1:
        raise ConfigError(f"--validation is {options.validation:g}; legal: from 0 to below 1")
    # a model may be written over: it is fitted further, with all that it was
    check_writable(options.out, options.source)
    dataset = open_dataset(options.source)
    labels = dataset.labels(options.metric)
    metric = dataset.metric(options.metric)
    label = Label(metric.name, metric.unit, metric.maximise)
    rows = np.flatnonzero(np.isfinite(labels))
    if len(rows) < 2:
        raise DataError(
            f"{options.source} has {len(rows)} labelled architectures; fit needs at least 2"
        )
    predictor = _predictor(options)
    rows = np.random.default_rng(options.fit.seed).permutation(rows)
    n_held = int(options.validation * len(rows))
    if options.validation and min(n_held, len(rows) - n_held) < 2:
        raise ConfigError(
            f"--validation {options.validation:g} holds {n_held} of {len(rows)} labelled"
            " architectures back; legal: 0, or a share that leaves at least 2 on either side"
        )
    held, train = rows[:n_held], rows[n_held:]
    table = dataset.table
    columns = {name: dataset.proxy(name) for name in options.fit.proxies}
    chooses_epoch = predictor.model == "fgp" and n_held > 0
    predictor.fit(
        table[train],
        labels[train],
        validation=(table[held], labels[held], take(columns, held)) if chooses_epoch else None,
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
    if predictor.model == "blend":
        print(predictor.blend_.in_words)
    if n_held:
        tau = kendall_tau(predictor.predict(table[held], take(columns, held)), labels[held])
        text = f"Kendall tau on the {n_held} validation rows {tau:.3f}"
        if chooses_epoch:
            text += (
                f" (epoch {predictor.fitted_.best_epoch} of {options.fit.epochs}, chosen on these"
                " rows: an optimistic number)"
            )
        print(text)
    print(f"next: nasflow predict --model {options.out} --archs mine.jsonl")


def _predictor(options: Namespace) -> Predictor:
    """The predictor that the options describe, not yet fitted."""
    from nasflow.encoders.registry import EncoderConfig
    from nasflow.prediction.predictor import Predictor

    if options.model:
        predictor = Predictor.load(options.model, options.device, encoder=options.encoder)
    else:
        encoder = None if options.encoder == EncoderConfig() else options.encoder
        predictor = Predictor(encoder=encoder, device=options.device)
    method = predictor.model if options.method == "auto" else options.method
    fit = options.fit
    _refuse_what_does_nothing(options, method)
    if method == "blend" and fit == FitConfig(**_defaults(method), proxies=fit.proxies):
        # what was not asked for is left to the blend, which then need not train a graph network
        fit = None
    return predictor.set_params(model=method, effort=options.effort, fit=fit)


def _refuse_what_does_nothing(options: Namespace, method: str) -> None:
    """Return if every option that was given has a part in the method."""
    from nasflow.encoders.registry import EncoderConfig

    if method == "fgp":
        if options.effort != "auto":
            raise ConfigError(
                f"--effort {options.effort} is of a blend, and this is fgp, the encoder alone;"
                " leave it out, or ask for --method blend"
            )
        return
    fit = options.fit
    if options.effort == "fast" and not options.model and options.encoder != EncoderConfig():
        raise ConfigError(
            "--effort fast has no graph network, and so no place for options of --encoder; leave"
            " them out, or the effort"
        )
    # columns and the seed are those of all members
    if options.effort == "fast" and not fit.is_usual:
        raise ConfigError(
            "--effort fast has no graph network, and so no place for the other options of --fit;"
            " leave them out, or the effort"
        )
