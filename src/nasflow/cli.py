"""The command `nasflow`. Options are the dataclasses of `config.py`; work is imported when a command runs.

`nasflow --help` must answer in 0.3 s, so only the parser of the command that was asked for is built, and
nothing here imports torch or NumPy before it is needed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import jsonargparse

from nasflow.config import EncoderConfig, FitConfig, PretrainConfig, ProtocolConfig, SurrogateConfig
from nasflow.errors import NasflowError, nearest, unknown_name
from nasflow.experiments.defaults import default_options

Namespace = jsonargparse.Namespace
Parser = jsonargparse.ArgumentParser

SOURCE_HELP = "a registered name (nasflow data list), or a file: .jsonl or .npz"


@dataclass(frozen=True)
class Command:
    """One subcommand: what it is for, its arguments, and what it does with them."""

    summary: str
    add_arguments: Callable[[Parser, list[str]], None]
    run: Callable[[Namespace], None]
    example: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line; exits with 2 and one clear line on a user's mistake."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        name = _command_name(words)
        command = COMMANDS[name]
        words = words[len(name.split()) :]
        command.run(_parse(_parser(name, command, words), words))
    except NasflowError as error:
        _fail(str(error))
    except OSError as error:
        # of a rename that fails the second name is the user's
        _fail(f"{error.filename2 or error.filename or ''}: {error.strerror or error}".lstrip(": ")
              + (" (nothing already written is lost)" if error.errno == 28 else ""))
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on where it was", code=130)
    except BrokenPipeError:
        sys.exit(0)


def _fail(message: str, code: int = 2) -> NoReturn:
    print(f"nasflow: {message}", file=sys.stderr)
    sys.exit(code)


def _command_name(words: list[str]) -> str:
    """The longest command that `words` begin with; prints the overview and exits where there is none."""
    for n in (2, 1):
        if len(words) >= n and " ".join(words[:n]) in COMMANDS:
            return " ".join(words[:n])
    if words[:1] == ["--version"]:
        from importlib.metadata import version

        print(f"nasflow {version('nasflow')}")
        sys.exit(0)
    asked = " ".join(word for word in words[:2] if not word.startswith("-"))
    overview = "".join(f"  nasflow {name:10}  {command.summary}\n" for name, command in COMMANDS.items())
    text = ("nasflow predicts how good a neural network will be from its graph, after a few dozen trained "
            f"examples.\n\n{overview}\nEach explains itself: nasflow evaluate --help\n"
            "Start with: nasflow demo\n")
    if asked and asked != "data":
        raise unknown_name("command", asked.split()[0], COMMANDS)
    print(text, end="")
    sys.exit(0)


def _parser(name: str, command: Command, words: list[str]) -> Parser:
    jsonargparse.set_parsing_settings(docstring_parse_attribute_docstrings=True)
    parser = Parser(prog=f"nasflow {name}", description=f"{command.summary}.", exit_on_error=False,
                    epilog=f"Example: {command.example}",
                    formatter_class=jsonargparse.DefaultHelpFormatter)
    command.add_arguments(parser, words)
    return parser


def _parse(parser: Parser, words: list[str]) -> Namespace:
    try:
        options: Namespace = parser.instantiate(parser.parse_args(words))
    except argparse.ArgumentError as error:
        message = " ".join(str(error).split())
        _fail(f"{message}{_hint(message, parser)}; see {parser.prog} --help")
    return options


def _hint(message: str, parser: Parser) -> str:
    """`(did you mean ...?)` for an option that argparse does not know, where a legal one is near."""
    found = re.search(r"unrecognized arguments: --([\w.-]+)|Group '(\w+)' does not accept option '(\w+)'", message)
    if not found:
        return ""
    wrong = found[1] or f"{found[2]}.{found[3]}"
    legal = [option.removeprefix("--") for option in parser._option_string_actions if option.startswith("--")]
    group, dot, name = wrong.rpartition(".")
    near = nearest(name, [option.removeprefix(group + dot) for option in legal if option.startswith(group + dot)])
    near = f"{group}{dot}{near}" if near else nearest(wrong, legal)
    return f" (did you mean {near!r}?)" if near else ""


# -- options that several commands share ----------------------------------------------------------------


def _add_config_file(parser: Parser) -> None:
    parser.add_argument("--config", action="config", help="YAML file with any of the options below")


def _add_stage(parser: Parser, stage: type[Any], key: str, skip: set[str] | None = None) -> None:
    parser.add_class_arguments(stage, key, skip=skip or set())


def _add_device(parser: Parser) -> None:
    parser.add_argument("--device", type=str, default="cpu", help="where to compute, such as cpu or cuda")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


# -- data -----------------------------------------------------------------------------------------------


def _add_nothing(_: Parser, __: list[str]) -> None:
    pass


def _data_list(_: Namespace) -> None:
    from nasflow.datasets.registry import dataset_info, dataset_names

    infos = [dataset_info(name) for name in dataset_names()]
    rows = [["name", "architectures", "metrics", "files in NASFLOW_DATA", "licence"]]
    for info in infos:
        rows.append([info.name, f"{info.size:,}", ", ".join(info.metrics[:3]),
                     ", ".join(info.files) or "none: a package delivers them", info.licence])
    print(_aligned(rows))


def _add_data_info(parser: Parser, __: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP)


def _data_info(options: Namespace) -> None:
    from nasflow.datasets.registry import dataset_info, dataset_names, open_dataset

    if options.source in dataset_names():
        info = dataset_info(options.source)
        print(f"{info.name}: {info.summary}\nsource: {info.source}\nlicence: {info.licence}")
        if info.files:
            print(f"files: {', '.join(info.files)} in the folder NASFLOW_DATA")
    dataset = open_dataset(options.source)
    table = dataset.table
    print(f"{len(table):,} architectures of {len(table.ops) / len(table):.1f} nodes and "
          f"{table.edges.shape[1] / len(table):.1f} edges on average; {table.nbytes / 1e6:.1f} MB in memory\n"
          f"operations: {', '.join(table.vocabulary)}\n")
    rows = [["metric", "unit", "better", "measured", "lowest", "highest", "what"]]
    for metric in dataset.metrics.values():
        values = dataset.labels(metric.name)
        known = values[values == values]
        rows.append([metric.name, metric.unit, "more" if metric.maximise else "less", f"{len(known):,}",
                     f"{known.min():.6g}", f"{known.max():.6g}", metric.description])
    print(_aligned(rows))


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


# -- surrogate ------------------------------------------------------------------------------------------


def _add_surrogate(parser: Parser, __: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument("--out", type=str, default="surrogates.npz", help="the .npz to write (array `surrogate`)")
    parser.add_argument("--picture", type=str | None, default=None, help="also draw their map to this PNG")
    parser.add_argument("--metric", type=str | None, default=None, help="metric that colours the map")
    _add_config_file(parser)
    _add_stage(parser, SurrogateConfig, "surrogate")


def _surrogate(options: Namespace) -> None:
    import time
    from pathlib import Path

    from nasflow.datasets import open_dataset
    from nasflow.files import save_npz
    from nasflow.surrogate import FlowSurrogate

    dataset = open_dataset(options.source)
    started = time.perf_counter()
    values = FlowSurrogate(dataset.table.n_ops, options.surrogate).targets(dataset.table).numpy()
    seconds = time.perf_counter() - started
    save_npz(options.out, {"surrogate": values})
    print(f"{options.out}: surrogates {values.shape} of {dataset.name} in {seconds:.2f} s "
          f"({len(values) / seconds:,.0f} architectures a second)")
    if options.picture:
        from nasflow.experiments.pictures import surrogate_map

        metric = dataset.metric(options.metric)
        sign = 1 if metric.maximise else -1
        surrogate_map(Path(options.picture), values, sign * dataset.labels(metric.name),
                      f"Flow surrogates of {dataset.name}", f"rank by {metric.name} (100 = best)")
        print(options.picture)


# -- pretrain, fit, predict -----------------------------------------------------------------------------


def _add_pretrain(parser: Parser, __: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP + "; labels in it are not looked at")
    parser.add_argument("--out", type=str, default="pretrained.safetensors", help="the model file to write")
    _add_device(parser)
    _add_config_file(parser)
    _add_stage(parser, EncoderConfig, "encoder")
    _add_stage(parser, SurrogateConfig, "surrogate")
    _add_stage(parser, PretrainConfig, "pretrain")


def _pretrain(options: Namespace) -> None:
    from pathlib import Path

    from nasflow.datasets import open_dataset
    from nasflow.files import check_writable
    from nasflow.predictor import Predictor

    check_writable(options.out)
    dataset = open_dataset(options.source)
    proxies = {name: dataset.proxy(name) for name in options.pretrain.proxies}
    predictor = Predictor(encoder=options.encoder, surrogate=options.surrogate, pretraining=options.pretrain,
                          device=options.device)
    checkpoint = Path(options.out + ".checkpoint")
    if checkpoint.exists():
        print(f"going on from {checkpoint}")
    predictor.pretrain(dataset.table, proxies, checkpoint=checkpoint, progress=True)
    predictor.save(options.out)
    checkpoint.unlink(missing_ok=True)
    history = predictor.history
    assert history is not None
    loss = f"; loss {history.loss[0]:.4f} -> {history.loss[-1]:.4f}" if history.loss else ""
    print(f"{options.out}: {options.pretrain.pretext} on {len(dataset)} architectures in "
          f"{sum(history.seconds):.0f} s{loss}\nnext: nasflow fit DATA --model {options.out} --out fitted.safetensors")


def _add_fit(parser: Parser, __: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP + "; rows without the label are left out")
    parser.add_argument("--model", type=str | None, default=None,
                        help="what nasflow pretrain wrote; without it the encoder starts from random weights")
    parser.add_argument("--metric", type=str | None, default=None, help="the label, where there are several")
    parser.add_argument("--validation", type=float, default=0.2,
                        help="share of the labelled rows that choose the epoch; 0 keeps the last epoch")
    parser.add_argument("--out", type=str, default="fitted.safetensors", help="the model file to write")
    _add_device(parser)
    _add_config_file(parser)
    _add_stage(parser, EncoderConfig, "encoder")
    _add_stage(parser, FitConfig, "fit")


def _fit(options: Namespace) -> None:
    import numpy as np

    from nasflow.datasets import open_dataset
    from nasflow.errors import ConfigError, DataError
    from nasflow.files import check_writable
    from nasflow.metrics import kendall_tau
    from nasflow.predictor import Predictor

    if not 0 <= options.validation < 1:
        raise ConfigError(f"--validation is {options.validation:g}; legal: from 0 to below 1")
    check_writable(options.out)
    dataset = open_dataset(options.source)
    labels = dataset.labels(options.metric)
    rows = np.flatnonzero(np.isfinite(labels))
    if len(rows) < 2:
        raise DataError(f"{options.source} has {len(rows)} labelled architectures; fit needs at least 2")
    if options.model:
        predictor = Predictor.load(options.model, options.device)
        predictor.fit_config = options.fit
    else:
        predictor = Predictor(encoder=options.encoder, fitting=options.fit, device=options.device)
    rows = np.random.default_rng(options.fit.seed).permutation(rows)
    n_held = int(options.validation * len(rows))
    held, train = rows[:n_held], rows[n_held:]
    table = dataset.table
    validation = (table[held], labels[held]) if n_held > 1 else None
    predictor.fit(table[train], labels[train], validation=validation, progress=True)
    predictor.save(options.out)
    print(f"{options.out}: fitted on {len(train)} of {len(dataset)} architectures")
    if validation:
        assert predictor.fitted is not None
        tau = kendall_tau(predictor.predict(validation[0]), validation[1])
        print(f"Kendall tau on the {n_held} validation rows {tau:.3f} (epoch {predictor.fitted.best_epoch} of "
              f"{options.fit.epochs}, chosen on these rows: an optimistic number)")
    print(f"next: nasflow predict --model {options.out} --archs mine.jsonl")


def _add_predict(parser: Parser, __: list[str]) -> None:
    parser.add_argument("--model", type=str, required=True, help="what nasflow fit wrote")
    parser.add_argument("--archs", type=str, required=True, help=SOURCE_HELP)
    parser.add_argument("--out", type=str | None, default=None,
                        help="CSV to write (row, prediction); without it the predictions are printed")
    parser.add_argument("--top", type=int | None, default=None, help="only the highest so many, best first")
    _add_device(parser)


def _predict(options: Namespace) -> None:
    import numpy as np

    from nasflow.datasets.jsonl import read_jsonl
    from nasflow.datasets.registry import open_dataset
    from nasflow.errors import ConfigError
    from nasflow.files import write_text
    from nasflow.predictor import Predictor

    if options.top is not None and options.top < 1:
        raise ConfigError(f"--top is {options.top}; legal: a whole number of at least 1")
    predictor = Predictor.load(options.model, options.device)
    if options.archs.endswith(".jsonl"):
        table = read_jsonl(options.archs, predictor.vocabulary).table  # errors name the line
    else:
        table = open_dataset(options.archs).table
    predictions = predictor.predict(table)
    rows = np.arange(len(table)) if options.top is None else np.argsort(-predictions, kind="stable")[: options.top]
    text = "row,prediction\n" + "".join(f"{row},{predictions[row]:.6g}\n" for row in rows)
    if options.out:
        write_text(options.out, text)
        print(f"{options.out}: {len(rows)} predictions")
    else:
        print(text, end="")


# -- evaluate, demo -------------------------------------------------------------------------------------


def _add_evaluate(parser: Parser, words: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument("--metric", type=str | None, default=None, help="what is predicted; see nasflow data info")
    parser.add_argument("--methods", type=str, default="none,flow",
                        help="none, flow, proxy, flow+proxy ..., separated by commas; the floor gp is always added")
    parser.add_argument("--proxy", type=str | None, default=None,
                        help="columns that the method proxy ranks by, separated by commas")
    parser.add_argument("--out", type=str | None, default=None,
                        help="folder for results (default: runs/SOURCE-METRIC); what is done there is not done again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")
    _add_config_file(parser)
    parser.add_class_arguments(ProtocolConfig)
    _add_stage(parser, EncoderConfig, "encoder")
    _add_stage(parser, SurrogateConfig, "surrogate")
    _add_stage(parser, PretrainConfig, "pretrain", skip={"pretext", "proxies", "seed"})
    _add_stage(parser, FitConfig, "fit", skip={"seed"})
    parser.set_defaults(dict(default_options(_source(words))))


def _source(words: list[str]) -> str:
    """The data set's name among the words, for defaults that depend on it; anything given overrides them."""
    from nasflow.datasets.registry import dataset_names

    return next((word for word in words if word in dataset_names()), "")


def _evaluate(options: Namespace) -> None:
    import dataclasses
    from pathlib import Path

    from nasflow.errors import ConfigError
    from nasflow.experiments.evaluate import evaluate

    if options.jobs < 1:
        raise ConfigError(f"--jobs is {options.jobs}; legal: a whole number of at least 1")
    folder = Path(options.out or f"runs/{Path(options.source).stem}-{options.metric or 'default'}")
    text = evaluate(
        options.source, options.metric, _names(options.methods), folder,
        encoder=options.encoder, surrogate=options.surrogate,
        pretrain=dataclasses.replace(options.pretrain, proxies=_names(options.proxy or "")), fit=options.fit,
        protocol=ProtocolConfig(options.ratio, options.n_validation, options.group, options.splits, options.seeds),
        n_workers=options.jobs,
    )
    print(text + f"\n{folder}: table.md, runs.csv, manifest.json, surrogates.png")


def _add_demo(parser: Parser, __: list[str]) -> None:
    parser.add_argument("--out", type=str, default="demo", help="folder for results")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")


def _demo(options: Namespace) -> None:
    print("NAS-Bench-Graph, Cora: 26,206 graph neural networks. An encoder learns their flow surrogates without\n"
          "any label, then 131 labels (1 % of the training half); beside it the same encoder without the first step.\n")
    main(["evaluate", "nbgraph-cora", "--methods", "none,flow", "--seeds", "[21,2021]", "--out", options.out,
          "--jobs", str(options.jobs)])


COMMANDS = {
    "demo": Command("See the main idea on real data, offline, in a few minutes", _add_demo, _demo,
                    "nasflow demo --out demo"),
    "data list": Command("List the benchmarks and where their numbers come from", _add_nothing, _data_list,
                         "nasflow data list"),
    "data info": Command("Describe one benchmark or file: size, operations, metrics", _add_data_info, _data_info,
                         "nasflow data info nbgraph-cora"),
    "surrogate": Command("Compute flow surrogates, and draw their map", _add_surrogate, _surrogate,
                         "nasflow surrogate nbgraph-cora --picture map.png"),
    "pretrain": Command("Pre-train an encoder on architectures without labels", _add_pretrain, _pretrain,
                        "nasflow pretrain mine.jsonl --out pretrained.safetensors"),
    "fit": Command("Fine-tune on a few labelled architectures", _add_fit, _fit,
                   "nasflow fit labelled.jsonl --model pretrained.safetensors --metric accuracy"),
    "predict": Command("Predict the performance of architectures", _add_predict, _predict,
                       "nasflow predict --model fitted.safetensors --archs mine.jsonl --top 10"),
    "evaluate": Command("Compare methods on a benchmark: splits x seeds, paired differences", _add_evaluate,
                        _evaluate, "nasflow evaluate nb201 --metric cifar10_test --ratio 0.01 "
                        "--methods none,flow,flow+proxy"),
}
