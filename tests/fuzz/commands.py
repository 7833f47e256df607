"""Commands drawn at random: grammatical ones, on the files of `command_files`, with odd values now
and then.

A command is its name, its positional arguments, and some of its options. Each value is drawn from
those that make sense there, or from the odd ones of its kind; at last a word may be lost, doubled,
added or cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fuzz.command_options import (
    COLUMNS,
    ENCODER,
    FIT,
    PRETRAIN,
    PROTOCOL,
    SMALL_ENCODER,
    SMALL_FIT,
    SMALL_PRETRAIN,
    SURROGATE,
)
from fuzz.command_words import (
    CONFIG,
    DEVICE,
    FLAG,
    GROUPS,
    HUGE,
    METHOD,
    METRIC,
    MODEL,
    NO_NUMBER,
    NUMBERS,
    ODD,
    ODD_CONFIGS,
    ODD_ENCODERS,
    ODD_NUMBERS,
    ODD_OUTS,
    ODD_PAGES,
    ODD_PRETEXTS,
    ODD_RESULTS,
    ODD_STUDIES,
    ODD_TABLES,
    ODD_TRAINS,
    ONE_JOB,
    OUT,
    OUT_MODEL,
    OUT_NPZ,
    PAGES,
    PRETEXTS,
    RESULTS,
    ROW_FILES,
    SEEDS,
    SHARES,
    STRATEGIES,
    TABLE,
    TABLES,
    TRAINS,
    TRIALS,
    WORK,
    Values,
    words,
)
from fuzz.mutations import Rng


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
    # without a number of processes that is none it takes minutes
    Grammar("demo", 0.2, [], {"--jobs": NO_NUMBER, "--out": OUT}, ["--jobs=0"]),
    Grammar("data list", 0.2),
    Grammar("data info", 2, [TABLE]),
    Grammar(
        "data sample",
        1,
        [Values(("space.yaml", "nb201"), ("good.yaml", "list.yaml", "own.jsonl", *ODD))],
        {"--n": NUMBERS, "--seed": NUMBERS, "--out": OUT_NPZ},
        ["--n=3"],
    ),
    Grammar("data import", 1, [Values(("csv",), ("jsonl", "parquet", "nats", "pyg")), TABLE]),
    Grammar(
        "data import",
        2,
        [Values(("jsonl",), ("csv", "parquet", "nb201-pth", "nb301-json", "csvv", *ODD)), TABLE],
        {"--out": OUT_NPZ},
    ),
    Grammar(
        "choose",
        2,
        [TABLE],
        {
            "--n": NUMBERS,
            "--labelled": Values(("one.jsonl",), (*TABLES, *ODD_TABLES, *ODD)),
            "--for": Values(("ranking", "top"), ("best", *ODD)),
            "--proxies": METRIC,
            "--seed": NUMBERS,
            "--out": Values(("x.jsonl", "own.jsonl"), ODD_OUTS),
            "--config": Values(("seed.yaml",), ODD_CONFIGS),
        },
        ["--n=2"],
    ),
    Grammar(
        "features",
        2,
        [TABLE],
        {
            **SURROGATE,
            "--groups": GROUPS,
            "--proxies": METRIC,
            "--model": Values(("fitted.safetensors",), ODD),
            "--encoder": Values(("gin",), ("encoder.py:Own", *ODD_ENCODERS)),
            "--out": ROW_FILES,
            "--jobs": ONE_JOB,
            "--config": Values(("stage.yaml",), ODD_CONFIGS),
        },
        ["--surrogate.k=2"],
    ),
    Grammar(
        "surrogate",
        3,
        [TABLE],
        {
            **SURROGATE,
            "--out": ROW_FILES,
            "--metric": METRIC,
            "--jobs": ONE_JOB,
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
            **ENCODER,
            **SURROGATE,
            **PRETRAIN,
            "--pretrain.pretext": Values(PRETEXTS, ODD_PRETEXTS),
            "--pretrain.proxies": COLUMNS,
            "--pretrain.seed": NUMBERS,
            "--method": METHOD,
            "--out": OUT_MODEL,
            "--device": DEVICE,
            "--config": CONFIG,
        },
        [*SMALL_ENCODER, *SMALL_PRETRAIN],
    ),
    Grammar(
        "fit",
        4,
        [TABLE],
        {
            **FIT,
            "--fit.seed": NUMBERS,
            "--method": METHOD,
            "--effort": Values(("fast",), ("full", "none", *ODD)),
            "--model": MODEL,
            "--metric": METRIC,
            "--validation": SHARES,
            "--out": OUT_MODEL,
            "--device": DEVICE,
            "--config": CONFIG,
        },
        SMALL_FIT,
    ),
    Grammar(
        "fit",
        2,
        [TABLE],
        {**ENCODER, **FIT, "--metric": METRIC, "--validation": SHARES, "--out": OUT_MODEL},
        [*SMALL_ENCODER, *SMALL_FIT],
    ),
    Grammar(
        "import-models",
        2,
        [Values(("net.onnx", "folder"), ("own.jsonl", "nothing.onnx", *ODD))],
        {
            "--inputs": Values(("1,3,8,8", "3,8,8"), ("x", "1,,3", "0,3,8,8", "1,3,8,8;1", *ODD)),
            "--dim": Values(("batch=1",), ("batch", "=1", "batch=x", "batch=-1", *ODD)),
            "--out": Values(("x.jsonl",), ODD_OUTS),
            "--labels": Values(("own.csv",), (*TABLES, *ODD_TABLES, *ODD)),
            "--mapping": Values(("seed.yaml",), ODD_CONFIGS),
            "--fold": FLAG,
            "--no_numbers": FLAG,
        },
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
            "--std": FLAG,
            "--interval": SHARES,
            "--explain": NUMBERS,
            "--jobs": ONE_JOB,
            "--encoder": Values(("gin",), ("encoder.py:Own", *ODD_ENCODERS)),
            "--device": DEVICE,
        },
        ["--model=fitted.safetensors", "--archs=own.jsonl"],
    ),
    Grammar(
        "embed",
        2,
        [],
        {
            "--model": MODEL,
            "--archs": TABLE,
            "--out": ROW_FILES,
            "--jobs": ONE_JOB,
            "--encoder": Values(("gin",), ("encoder.py:Own", *ODD_ENCODERS)),
            "--device": DEVICE,
        },
        ["--model=pretrained.safetensors", "--archs=own.jsonl"],
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
            "--give_up": NUMBERS,
            "--patience": NUMBERS,
            "--retry_failed": FLAG,
            "--minimise": FLAG,
            "--second_maximise": FLAG,
            "--timeout": Values(("9",), (*ODD_NUMBERS, *HUGE)),
            "--told": Values(("own.csv",), (*TABLES, *ODD_TABLES, *ODD)),
            "--told_columns": Values(("{value: accuracy}",), ("{value: x}", "[]", "x", *ODD)),
            "--config": CONFIG,
        },
        # all of its trainings are done: a search that trains starts a process, which takes seconds
        ["--train=echo {number}", "--study=study.db", "--budget=3", "--strategy=random"],
    ),
    # one that trains, and so tries what a strategy does
    Grammar(
        "search",
        0.5,
        [Values(("space.yaml",), ("nb201", "good.yaml"))],
        {
            **ENCODER,
            **SURROGATE,
            **PRETRAIN,
            "--pretrain.pretext": Values(PRETEXTS, ODD_PRETEXTS),
            "--pretrain.proxies": COLUMNS,
            "--pretrain_rows": WORK,
            "--n_parents": WORK,
            "--n_pool": WORK,
            "--features": Values(("[counts]", "[embedding]"), ("counts", "[flwo]", "[]", *ODD)),
            "--proxies": COLUMNS,
            "--data": Values(("own.npz",), (*ODD_TABLES, *ODD)),
            "--study": Values(("new.db",), (*ODD_STUDIES, *ODD)),
            "--out": OUT,
        },
        [
            *words("--train=train.py:worth --study=new.db --budget=3 --n_initial=2 --strategy=fgp"),
            *SMALL_ENCODER,
            *SMALL_PRETRAIN,
        ],
    ),
    Grammar(
        "search",
        0.5,
        [Values(("space.yaml",), ("nb201", "good.yaml"))],
        {
            "--members": Values(("[gp]", "[flow-gp, gp]"), ("gp", "[trees]", "[]", *ODD)),
            "--ridge": Values(("3", "0"), (*ODD_NUMBERS, *HUGE)),
            "--n_rows": WORK,
            "--start": Values(("random", "chosen"), ("best", *ODD)),
            "--n_parents": WORK,
            "--n_pool": WORK,
            "--proxies": COLUMNS,
            "--data": Values(("own.npz",), (*ODD_TABLES, *ODD)),
            "--out": OUT,
        },
        words("--train=train.py:worth --study=new.db --budget=3 --n_initial=2"),
    ),
    Grammar(
        "study",
        3,
        [Values(("study.db", "v1-study-random.db"), (*ODD_STUDIES, *ODD))],
        {
            "--space": Values(("space.yaml", "nb201"), ("good.yaml", "list.yaml", *ODD)),
            "--top": NUMBERS,
            "--second_maximise": FLAG,
            "--csv": Values(("x.csv",), ODD_OUTS),
            "--out": OUT,
            "--table": Values(("x.jsonl",), ODD_OUTS),
            "--forget": TRIALS,
            "--correct": Values(("1", "2"), (*ODD_NUMBERS, *HUGE, "--top"), n_words=2),
            "--retry": FLAG,
        },
    ),
    Grammar(
        "evaluate",
        4,
        [TABLE],
        {
            **PROTOCOL,
            **ENCODER,
            **SURROGATE,
            **PRETRAIN,
            **FIT,
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
            *SMALL_ENCODER,
            *SMALL_PRETRAIN,
            *SMALL_FIT,
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
    command = grammar.name.split()
    for value in values[:n_positional]:
        command += value
    command += grammar.first
    for name, value in zip(chosen, values[n_positional:], strict=True):
        n_words = grammar.options[name].n_words
        in_one_word = n_words == 1 and rng.random() < 0.5
        command += [f"{name}={value[0]}"] if in_one_word else [name, *value]
    if rng.random() < 0.03:
        command.append("--help")
    if rng.random() < 0.1:
        command = _slipped(command, rng)
    return grammar.name or "none", command


def _value(values: Values, odd: bool, rng: Rng) -> list[str]:
    choices = values.odd if odd else values.legal
    return [choices[int(i)] for i in rng.integers(len(choices), size=values.n_words)]


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
