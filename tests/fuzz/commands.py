"""Commands drawn at random: grammatical ones, on the files of `command_files`, with odd values now
and then.

A command is its name, its positional arguments, and some of its options. Each value is drawn from
those that make sense there, or from the odd ones of its kind; at last a word may be lost, doubled,
added or cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fuzz.command_words import (
    BATCH,
    CONFIG,
    DEVICE,
    ENCODERS,
    HUGE,
    METRIC,
    MODEL,
    NUMBERS,
    ODD,
    ODD_ENCODERS,
    ODD_NUMBERS,
    ODD_OUTS,
    ODD_PAGES,
    ODD_PRETEXTS,
    ODD_RESULTS,
    ODD_STUDIES,
    ODD_TABLES,
    ODD_TRAINS,
    OUT_MODEL,
    OUT_NPZ,
    PAGES,
    PRETEXTS,
    RESULTS,
    SEEDS,
    SHARES,
    STRATEGIES,
    TABLE,
    TABLES,
    TRAINS,
    WIDTH,
    WORK,
    Values,
    words,
)
from fuzz.mutations import Rng

_COLUMNS = Values(("[size]",), ("[accuracy]", "[missing]", "size", *ODD))
_ENCODER = {
    "--encoder.name": Values(ENCODERS, ODD_ENCODERS),
    "--encoder.width": WIDTH,
    "--encoder.n_layers": WORK,
    "--encoder.dropout": SHARES,
}
_SURROGATE = {
    "--surrogate.k": WIDTH,
    "--surrogate.sigma": SHARES,
    "--surrogate.alpha": SHARES,
    "--surrogate.seed": NUMBERS,
    "--surrogate.rounds": WORK,
    "--surrogate.rescale": SHARES,
    "--surrogate.pooling": Values(("sum", "mean", "max", "root")),
    "--surrogate.directions": Values(("both", "forward", "backward")),
    "--surrogate.activation": Values(("relu", "tanh")),
    "--surrogate.op_activations": Values(("{conv: tanh}",), ("{x: tanh}", "{conv: x}", *ODD)),
}
_PRETRAIN = {
    "--pretrain.weights": Values(("{flow: 2}",), ("{flow: -1}", "{flow: .nan}", "{x: 1}", *ODD)),
    "--pretrain.epochs": WORK,
    "--pretrain.batch_size": BATCH,
    "--pretrain.lr": SHARES,
    "--pretrain.weight_decay": SHARES,
    "--pretrain.schedule": Values(("one-cycle", "constant")),
    "--pretrain.decoder_width": WIDTH,
    "--pretrain.decoder_layers": WORK,
}
_FIT = {
    "--fit.epochs": WORK,
    "--fit.batch_size": BATCH,
    "--fit.lr": SHARES,
    "--fit.clip": SHARES,
    "--fit.margin": SHARES,
    "--fit.proxies": _COLUMNS,
    "--fit.average": NUMBERS,
    "--fit.epoch_pairs": Values(("validation", "labelled")),
}
_PROTOCOL = {
    "--ratio": SHARES,
    "--n_validation": Values(("2", "0", "4"), (*ODD_NUMBERS, *HUGE)),
    "--splits": SEEDS,
    "--seeds": SEEDS,
    "--group": Values(("none", "isomorphism")),
    "--pretrain_on": Values(("all", "training-half")),
    "--pretrain_share": SHARES,
    "--test_metric": METRIC,
}
# options that keep a command quick
_SMALL_ENCODER = ("--encoder.width=4", "--encoder.n_layers=1")
_SMALL_PRETRAIN = ("--pretrain.epochs=1", "--surrogate.k=2")
_SMALL_FIT = ("--metric=accuracy", "--fit.epochs=1")


@dataclass(frozen=True)
class Grammar:
    """What a command takes."""

    name: str
    weight: float
    """How often it is drawn."""
    positional: Sequence[Values] = ()
    options: Mapping[str, Values] = field(default_factory=dict)
    first: Sequence[str] = ()
    """Options that all of them have; those that are drawn stand behind, and so override them."""


GRAMMARS = (
    Grammar("", 0.5, [Values(("--version", "--help"), ("data", "dta info", "serch", "-h", *ODD))]),
    Grammar("demo", 0.2, [], {"--jobs": Values(("0",), ("-1", "x", ""))}, ["--jobs=0"]),
    Grammar("data list", 0.2),
    Grammar("data info", 2, [TABLE]),
    Grammar("data import", 1, [Values(("csv",), ("jsonl", "parquet", "nats", "pyg")), TABLE]),
    Grammar(
        "data import",
        2,
        [Values(("jsonl",), ("csv", "parquet", "nb201-pth", "nb301-json", "csvv", *ODD)), TABLE],
        {"--out": OUT_NPZ},
    ),
    Grammar(
        "surrogate",
        3,
        [TABLE],
        {
            **_SURROGATE,
            "--out": OUT_NPZ,
            "--metric": METRIC,
            "--picture": Values(("x.png",), ODD_OUTS),
            "--config": CONFIG,
        },
        ["--surrogate.k=2", "--metric=accuracy"],
    ),
    Grammar(
        "proxies",
        0.5,
        [Values(("nb201",), (*TABLES, *ODD_TABLES, "darts", *ODD))],
        {
            "--measures": Values(("params", "params,flops"), ("all,", "prams", *ODD)),
            "--sample": WORK,
            "--seed": NUMBERS,
            "--width": Values(("2", "4"), ODD_NUMBERS),
            "--cells": WORK,
            "--n_classes": Values(("2", "10"), ODD_NUMBERS),
            "--images": Values(("noise", "digits"), (*ODD_TABLES, *ODD)),
            "--image_size": Values(("8",), ODD_NUMBERS),
            "--batch_size": Values(("2",), ODD_NUMBERS),
            "--metric": METRIC,
            "--out": OUT_NPZ,
            "--config": CONFIG,
        },
        words("--sample=2 --measures=params --width=2 --batch_size=2 --image_size=8 --jobs=1"),
    ),
    Grammar(
        "pretrain",
        4,
        [TABLE],
        {
            **_ENCODER,
            **_SURROGATE,
            **_PRETRAIN,
            "--pretrain.pretext": Values(PRETEXTS, ODD_PRETEXTS),
            "--pretrain.proxies": _COLUMNS,
            "--pretrain.seed": NUMBERS,
            "--out": OUT_MODEL,
            "--device": DEVICE,
            "--config": CONFIG,
        },
        [*_SMALL_ENCODER, *_SMALL_PRETRAIN],
    ),
    Grammar(
        "fit",
        4,
        [TABLE],
        {
            **_FIT,
            "--fit.seed": NUMBERS,
            "--model": MODEL,
            "--metric": METRIC,
            "--validation": SHARES,
            "--out": OUT_MODEL,
            "--device": DEVICE,
            "--config": CONFIG,
        },
        _SMALL_FIT,
    ),
    Grammar(
        "fit",
        2,
        [TABLE],
        {**_ENCODER, **_FIT, "--metric": METRIC, "--validation": SHARES, "--out": OUT_MODEL},
        [*_SMALL_ENCODER, *_SMALL_FIT],
    ),
    Grammar(
        "predict",
        4,
        [],
        {
            "--model": MODEL,
            "--archs": TABLE,
            "--out": Values(("x.csv",), ODD_OUTS),
            "--top": NUMBERS,
            "--encoder": Values(("gin",), ("encoder.py:Own", *ODD_ENCODERS)),
            "--device": DEVICE,
        },
        ["--model=fitted.safetensors", "--archs=own.jsonl"],
    ),
    Grammar(
        "search",
        4,
        [Values(("space.yaml",), ("good.yaml", "list.yaml", "nb201", "own.jsonl", *ODD))],
        {
            "--strategy": Values(STRATEGIES, ("rnadom", "train.py:worth", *ODD)),
            "--train": Values(TRAINS, ODD_TRAINS),
            "--study": Values(("study.db", "study.db", "new.db"), (*ODD_STUDIES, *ODD)),
            "--budget": Values(("3", "2", "4"), ("0", "-1", "x", "", "1.5", "nan", "[]")),
            "--parallel": Values(("1",), ("0", "-1", "x", "", "nan")),
            "--limit": Values(("5",), (*ODD_NUMBERS, *HUGE)),
            "--window": NUMBERS,
            "--second": Values(("train.py:worth",), ("size", "train.py:missing", *ODD)),
            "--constraints": Values(
                ("train.py:worth < 9",), ("size", "size < x", "size << 3", "x < 1", "<", *ODD)
            ),
            "--data": Values(("own.npz",), (*ODD_TABLES, *ODD)),
            "--result": Values((r"regex:(\d+)",), ("regex:(", "regex:x", "json:", "json:a", *ODD)),
            "--out": Values(("found",), ODD_OUTS),
            "--seed": NUMBERS,
            "--n_initial": NUMBERS,
            "--config": CONFIG,
        },
        # all of its trainings are done: a search that trains starts a process, which takes seconds
        ["--train=echo {number}", "--study=study.db", "--budget=3", "--strategy=random"],
    ),
    Grammar(
        "evaluate",
        4,
        [TABLE],
        {
            **_PROTOCOL,
            **_ENCODER,
            **_SURROGATE,
            **_PRETRAIN,
            **_FIT,
            "--metric": METRIC,
            "--methods": Values(("none", "none,flow", "gmae"), ("none,none", *ODD_PRETEXTS)),
            "--proxy": Values(("size",), ("missing", "accuracy", *ODD)),
            "--per_method": Values(
                ("{flow: {fit.lr: 0.1}}",),
                ("{flow: {fit.x: 1}}", "{x: {}}", "{flow: 3}", "{flow: {fit.lr: x}}", *ODD),
            ),
            "--out": Values(("x", "evaluated"), ODD_OUTS),
            "--config": CONFIG,
        },
        [
            *words("--splits=[1] --seeds=[1] --ratio=0.5 --n_validation=2 --jobs=1"),
            *_SMALL_ENCODER,
            *_SMALL_PRETRAIN,
            *_SMALL_FIT,
        ],
    ),
    Grammar(
        "tune",
        0.5,
        [Values(("nb201", "nb101"), ("own.jsonl", "nb202", "transnas", *ODD))],
        {
            "--methods": Values(("none", "flow"), ODD_PRETEXTS),
            "--trials": WORK,
            "--seed": NUMBERS,
            "--share": SHARES,
            "--only": Values(("fit.", "fit.lr"), ("x", *ODD)),
            "--out": Values(("x",), ODD_OUTS),
            "--config": CONFIG,
        },
        ["--trials=1", "--jobs=1"],
    ),
    Grammar(
        "report", 2, [Values(RESULTS, (*ODD_RESULTS, *ODD))], {"--out": Values(("x",), ODD_OUTS)}
    ),
    Grammar(
        "report",
        1,
        [Values(("pages",), (*RESULTS, *ODD_RESULTS))],
        {"--out": Values(("x.html",), ODD_OUTS), "--page": Values(PAGES, ODD_PAGES)},
    ),
    Grammar(
        "reproduce",
        0.5,
        [Values(("list", "table1", "pooling"), ("table2", "tabel1", *ODD))],
        {
            "--out": Values(("x",), ODD_OUTS),
            "--spaces": Values(("nb201", "nb101"), ("nb202", "own.jsonl", *ODD)),
            "--only": Values(("ResGatedGCN",), ("none", "fgp", *ODD)),
            "--splits": SEEDS,
            "--seeds": SEEDS,
            "--config": CONFIG,
        },
        ["--quick", "--jobs=1"],
    ),
)


def draw_command(rng: Rng) -> tuple[str, list[str]]:
    """The name of the command that was drawn, and the words behind `nasflow`."""
    weights = [grammar.weight for grammar in GRAMMARS]
    shares = [weight / sum(weights) for weight in weights]
    grammar = GRAMMARS[int(rng.choice(len(GRAMMARS), p=shares))]
    names = list(grammar.options)
    n_options = min(len(names), int(rng.geometric(0.3)))
    chosen = [names[int(i)] for i in rng.choice(len(names), n_options, replace=False)]
    arguments = [*grammar.positional, *(grammar.options[name] for name in chosen)]
    # a third has nothing odd, and so gets far; of two odd things the second is rarely reached
    n_odd = int(rng.choice(3, p=[0.35, 0.5, 0.15]))
    odd = rng.permutation(len(arguments))[:n_odd]
    values = [_value(argument, i in odd, rng) for i, argument in enumerate(arguments)]
    n_positional = len(grammar.positional)
    command = [*grammar.name.split(), *values[:n_positional], *grammar.first]
    for name, value in zip(chosen, values[n_positional:], strict=True):
        command += [f"{name}={value}"] if rng.random() < 0.5 else [name, value]
    if rng.random() < 0.03:
        command.append("--help")
    if rng.random() < 0.1:
        command = _slipped(command, rng)
    return grammar.name or "none", command


def _value(values: Values, odd: bool, rng: Rng) -> str:
    choices = values.odd if odd else values.legal
    return choices[int(rng.integers(len(choices)))]


def _slipped(command: list[str], rng: Rng) -> list[str]:
    """The words after a slip of the hand: one lost, doubled, added, cut, or moved to the front."""
    place = int(rng.integers(len(command)))
    before, word, after = command[:place], command[place], command[place + 1 :]
    odd = ODD[int(rng.integers(len(ODD)))]
    slips = (
        [*before, *after],
        [*before, word, word, *after],
        [*before, odd, word, *after],
        [*before, word[:-1], *after],
        [word, *before, *after],
    )
    return slips[int(rng.integers(len(slips)))]
