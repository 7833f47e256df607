"""The subcommands of `nasflow`: their arguments, and what each does with them.

Options are the dataclasses of `config.py`. Work is imported inside the function that does it, so that the help of
any command is there at once.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonargparse

from nasflow.config import EncoderConfig, FitConfig, PretrainConfig, ProtocolConfig, ProxyConfig, SurrogateConfig
from nasflow.errors import ConfigError
from nasflow.experiments.defaults import default_options, encoder_options, named_encoder
from nasflow.reproduce_command import RAY_HELP, add_reproduce, add_tune, check_jobs, run_reproduce, run_tune
from nasflow.search_command import EXAMPLE, add_search, run_search
from nasflow.text import aligned

Namespace = jsonargparse.Namespace
Parser = jsonargparse.ArgumentParser

SOURCE_HELP = ("a registered name (nasflow data list), or a file: .jsonl or .npz; +FILE.npz behind it adds the columns "
               "that nasflow proxies wrote")


@dataclass(frozen=True)
class Command:
    """One subcommand: what it is for, its arguments, and what it does with them."""

    summary: str
    add_arguments: Callable[[Parser, list[str]], None]
    run: Callable[[Namespace], None]
    example: str


# -- options that several commands share ----------------------------------------------------------------


def _add_config_file(parser: Parser) -> None:
    parser.add_argument("--config", action="config", help="YAML file with any of the options below")


def _add_stage(parser: Parser, stage: type[Any], key: str, skip: set[str] | None = None) -> None:
    parser.add_class_arguments(stage, key, skip=skip or set())


def _protocol(given: Namespace) -> ProtocolConfig:
    return ProtocolConfig(**{name: getattr(given, name) for name in ProtocolConfig().to_dict()})


def _add_encoder(parser: Parser, words: list[str]) -> None:
    _add_stage(parser, EncoderConfig, "encoder")
    own = encoder_options(named_encoder(words), _source(words))
    parser.set_defaults({name: value for name, value in own.items() if name.startswith("encoder.")})


def _add_device(parser: Parser) -> None:
    parser.add_argument("--device", type=str, default="cpu", help="where to compute, such as cpu or cuda")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


# -- data -----------------------------------------------------------------------------------------------


def _add_nothing(_: Parser, __: list[str]) -> None:
    pass


def _data_list(_: Namespace) -> None:
    from nasflow.datasets.registry import dataset_info, dataset_names
    from nasflow.spaces import load_space, space_names

    infos = [dataset_info(name) for name in dataset_names()]
    rows = [["name", "architectures", "metrics", "files in NASFLOW_DATA", "licence"]]
    for info in infos:
        rows.append([info.name, f"{info.size:,}", ", ".join(info.metrics[:3]),
                     ", ".join(info.files) or ("a package delivers them" if info.metrics else "enumerated"),
                     info.licence])
    print(aligned(rows) + "\n\nSearch spaces (an .npz, a .jsonl or a space of your own in .yaml work too):\n")
    rows = [["space", "elements", "operations"]]
    for space in map(load_space, space_names()):
        size = "not enumerable" if space.size is None else f"{space.size:,}"
        rows.append([space.name, size, ", ".join(space.ops)])
    print(aligned(rows))


def _add_data_info(parser: Parser, __: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP)


def _data_info(options: Namespace) -> None:
    from nasflow.datasets.registry import dataset_info, dataset_names, open_dataset
    from nasflow.errors import MissingDataError, MissingExtraError

    if options.source in dataset_names():
        info = dataset_info(options.source)
        print(f"{info.name}: {info.size:,} architectures. {info.summary}\nlicence: {info.licence}")
        if info.files:
            print(f"files: {', '.join(info.files)} in the folder NASFLOW_DATA")
        print(info.how_to_get())
    try:
        dataset = open_dataset(options.source)
    except (MissingDataError, MissingExtraError) as error:
        if options.source not in dataset_names():
            raise
        print(f"not here yet: {error}")
        return
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
    print(aligned(rows))


def _add_data_import(parser: Parser, __: list[str]) -> None:
    from nasflow.datasets.readers.registry import format_summaries

    formats = "; ".join(f"{name}: {summary}" for name, summary in format_summaries().items())
    parser.add_argument("format", type=str, help=formats)
    parser.add_argument("path", type=str, help="the file or folder")
    parser.add_argument("--out", type=str, default="table.npz", help="the .npz to write")


def _data_import(options: Namespace) -> None:
    from nasflow.datasets.importing import run_import
    from nasflow.files import check_writable

    check_writable(options.out)
    run_import(options.format, options.path, options.out)


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


# -- proxies --------------------------------------------------------------------------------------------


def _add_proxies(parser: Parser, __: list[str]) -> None:
    from nasflow.proxies.registry import measure_names

    parser.add_argument("source", type=str, help="a data set or a space that has networks: nb101, nb201, nb301 ...; "
                        "a space that can be listed needs no files")
    parser.add_argument("--measures", type=str, default="jacob_cov,nwot,synflow,params",
                        help=f"measures separated by commas, or all: {', '.join(measure_names())}")
    parser.add_argument("--out", type=str, default="proxies.npz",
                        help="the .npz to write; a killed run goes on from its journal when started anew")
    parser.add_argument("--sample", type=int | None, default=None, help="only so many rows, drawn by --seed")
    parser.add_argument("--metric", type=str | None, default=None,
                        help="state each measure's Kendall tau with this metric; default: the data set's first")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")
    _add_config_file(parser)
    parser.add_class_arguments(ProxyConfig)


def _proxies(options: Namespace) -> None:
    from nasflow.proxies.command import run_proxies
    from nasflow.proxies.registry import measure_names

    check_jobs(options.jobs)
    names = tuple(measure_names()) if options.measures == "all" else _names(options.measures)
    config = ProxyConfig(**{name: getattr(options, name) for name in ProxyConfig().to_dict()})
    print(run_proxies(options.source, names, config, options.out, sample=options.sample, metric=options.metric,
                      n_workers=options.jobs))


# -- pretrain, fit, predict -----------------------------------------------------------------------------


def _add_pretrain(parser: Parser, words: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP + "; labels in it are not looked at")
    parser.add_argument("--out", type=str, default="pretrained.safetensors", help="the model file to write")
    _add_device(parser)
    _add_config_file(parser)
    _add_encoder(parser, words)
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


def _add_fit(parser: Parser, words: list[str]) -> None:
    parser.add_argument("source", type=str, help=SOURCE_HELP + "; rows without the label are left out")
    parser.add_argument("--model", type=str | None, default=None,
                        help="what nasflow pretrain wrote; without it the encoder starts from random weights")
    parser.add_argument("--metric", type=str | None, default=None, help="the label, where there are several")
    parser.add_argument("--validation", type=float, default=0.2,
                        help="share of the labelled rows that choose the epoch; 0 keeps the last epoch")
    parser.add_argument("--out", type=str, default="fitted.safetensors", help="the model file to write")
    _add_device(parser)
    _add_config_file(parser)
    _add_encoder(parser, words)
    _add_stage(parser, FitConfig, "fit")


def _fit(options: Namespace) -> None:
    import numpy as np

    from nasflow.datasets import open_dataset
    from nasflow.errors import DataError
    from nasflow.files import check_writable
    from nasflow.metrics import kendall_tau
    from nasflow.predictor import Predictor
    from nasflow.proxy_ranks import take, without_value

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
    columns = {name: dataset.proxy(name) for name in options.fit.proxies}
    validation = (table[held], labels[held], take(columns, held)) if n_held > 1 else None
    predictor.fit(table[train], labels[train], validation=validation, proxies=take(columns, train),
                  reference=columns, progress=True)
    predictor.save(options.out)
    print(f"{options.out}: fitted on {len(train)} of {len(dataset)} architectures")
    if told := without_value(options.fit.proxies, columns):
        print(told)
    if validation:
        assert predictor.fitted is not None
        tau = kendall_tau(predictor.predict(validation[0], validation[2]), validation[1])
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
    from nasflow.files import write_text
    from nasflow.predictor import Predictor
    from nasflow.proxy_ranks import without_value

    if options.top is not None and options.top < 1:
        raise ConfigError(f"--top is {options.top}; legal: a whole number of at least 1")
    predictor = Predictor.load(options.model, options.device)
    if options.archs.endswith(".jsonl"):
        dataset = read_jsonl(options.archs, predictor.vocabulary)  # errors name the line
    else:
        dataset = open_dataset(options.archs)
    table, names = dataset.table, predictor.proxies
    columns = {name: dataset.labels(name) for name in names}
    if told := without_value(names, columns):
        print(told, file=sys.stderr)
    predictions = predictor.predict(table, columns)
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
                        help="none, or tasks: flow, proxy, graphcl, arch2vec, gmae, or several as in flow+proxy; "
                             "separated by commas; the floor gp is always added")
    parser.add_argument("--proxy", type=str | None, default=None,
                        help="columns that the method proxy ranks by, separated by commas")
    parser.add_argument("--out", type=str | None, default=None,
                        help="folder for results (default: runs/SOURCE-METRIC); what is done there is not done again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")
    parser.add_argument("--ray", type=str | None, default=None, help=RAY_HELP)
    parser.add_argument("--per_method", type=dict[str, dict[str, Any]], default={},
                        help="options of single methods, which override all others, as nasflow tune writes them: "
                        "{flow: {pretrain.lr: 0.0005}}")
    _add_config_file(parser)
    parser.add_class_arguments(ProtocolConfig)
    _add_stage(parser, EncoderConfig, "encoder")
    _add_stage(parser, SurrogateConfig, "surrogate")
    _add_stage(parser, PretrainConfig, "pretrain", skip={"pretext", "proxies", "seed"})
    _add_stage(parser, FitConfig, "fit", skip={"seed"})
    source = _source(words)
    parser.set_defaults(default_options(source) | encoder_options(named_encoder(words), source))


def _source(words: list[str]) -> str:
    """The data set's name among the words, for defaults that depend on it; anything given overrides them."""
    candidates = [word for word in words if not word.startswith("-")]
    if not candidates:  # `evaluate --help` need not wait for NumPy
        return ""
    from nasflow.datasets.registry import dataset_names

    bases = [word.partition("+")[0] for word in candidates]
    return next((base for base in bases if base in dataset_names()), "")


def _evaluate(options: Namespace) -> None:
    from pathlib import Path

    from nasflow.experiments.evaluate import evaluate

    check_jobs(options.jobs)
    folder = Path(options.out or f"runs/{Path(options.source).stem}-{options.metric or 'default'}")
    text = evaluate(
        options.source, options.metric, _names(options.methods), folder,
        encoder=options.encoder, surrogate=options.surrogate,
        pretrain=dataclasses.replace(options.pretrain, proxies=_names(options.proxy or "")), fit=options.fit,
        protocol=_protocol(options), per_method=options.per_method, n_workers=options.jobs, ray=options.ray,
    )
    print(text + f"\n{folder}: table.md, runs.csv, manifest.json, surrogates.png\nnext: nasflow report {folder}")


def _add_report(parser: Parser, __: list[str]) -> None:
    parser.add_argument("results", type=str, help="a folder that nasflow evaluate wrote: manifest.json and runs.jsonl "
                        "give the tables, predictions/ the curves, the data set itself the map with its cells. What is "
                        "missing leaves its section out and says so; a grid that is still running can be looked at")
    parser.add_argument("--out", type=str, default="report.html",
                        help="the HTML file to write; it is complete in itself and opens without network")


def _report(options: Namespace) -> None:
    from nasflow.report.build import write_report

    print(write_report(options.results, options.out))


def _add_demo(parser: Parser, __: list[str]) -> None:
    parser.add_argument("--out", type=str, default="demo", help="folder for results")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")


def _demo(options: Namespace) -> None:
    print("NAS-Bench-Graph, Cora: 26,206 graph neural networks. An encoder learns their flow surrogates without\n"
          "any label, then 131 labels (1 % of the training half); beside it the same encoder without the first step.\n")
    from nasflow.cli import main

    main(["evaluate", "nbgraph-cora", "--methods", "none,flow", "--seeds", "[21,2021]", "--out", options.out,
          "--jobs", str(options.jobs)])


COMMANDS = {
    "demo": Command("See the main idea on real data, offline, in a few minutes", _add_demo, _demo,
                    "nasflow demo --out demo"),
    "data list": Command("List the benchmarks and where their numbers come from", _add_nothing, _data_list,
                         "nasflow data list"),
    "data info": Command("Describe one benchmark or file: size, operations, metrics", _add_data_info, _data_info,
                         "nasflow data info nbgraph-cora"),
    "data import": Command("Turn an official benchmark file or a table of yours into an .npz", _add_data_import,
                           _data_import,
                           "nasflow data import nb101-tfrecord nasbench_only108.tfrecord --out nb101.npz"),
    "surrogate": Command("Compute flow surrogates, and draw their map", _add_surrogate, _surrogate,
                         "nasflow surrogate nbgraph-cora --picture map.png"),
    "proxies": Command("Measure untrained networks: zero-cost proxies of a whole space", _add_proxies, _proxies,
                       "nasflow proxies nb201 --measures jacob_cov,nwot --out proxies.npz"),
    "pretrain": Command("Pre-train an encoder on architectures without labels", _add_pretrain, _pretrain,
                        "nasflow pretrain mine.jsonl --out pretrained.safetensors"),
    "fit": Command("Fine-tune on a few labelled architectures", _add_fit, _fit,
                   "nasflow fit labelled.jsonl --model pretrained.safetensors --metric accuracy"),
    "predict": Command("Predict the performance of architectures", _add_predict, _predict,
                       "nasflow predict --model fitted.safetensors --archs mine.jsonl --top 10"),
    "search": Command("Find the best architecture for a budget of trainings", add_search, run_search, EXAMPLE),
    "evaluate": Command("Compare methods on a benchmark: splits x seeds, paired differences", _add_evaluate,
                        _evaluate, "nasflow evaluate nb201 --metric cifar10_test --ratio 0.01 "
                        "--methods none,flow,flow+proxy"),
    "reproduce": Command("Measure a table or figure of the paper, and write a page on it", add_reproduce,
                         run_reproduce, "nasflow reproduce surrogate-map --out runs/reproduce"),
    "tune": Command("Choose the options of each method on the validation rows of a space", add_tune, run_tune,
                    "nasflow tune nb201 --trials 12 --out runs/tune"),
    "report": Command("Show results as one HTML page: tables, curves, a map with its cells", _add_report, _report,
                      "nasflow report runs/nb201 --out report.html"),
}
