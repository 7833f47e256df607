"""`nasflow pretrain`: an encoder learns from architectures without labels."""

from __future__ import annotations

from typing import Literal

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_config_file,
    add_device,
    add_encoder,
    add_stage,
    add_tasks,
    named,
    task_options_in,
    tasks_in,
)
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig


def add_arguments(parser: Parser, words: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP + "; labels in it are not looked at")
    parser.add_argument(
        "--out", type=str, default="pretrained.safetensors", help="the model file to write"
    )
    parser.add_argument(
        "--method",
        type=Literal["blend", "fgp"],
        default="blend",
        help=(
            "what it is for: in a blend the encoder sees graphs as they compute, in fgp as they are"
            " written, as the paper has it"
        ),
    )
    add_device(parser)
    add_config_file(parser)
    add_encoder(parser, words)
    add_stage(parser, SurrogateConfig, "surrogate")
    add_stage(parser, PretrainConfig, "pretrain", skip={"task_options"})
    add_tasks(parser, tasks_in(named(words, "pretrain.pretext", PretrainConfig().pretext)))


def run(options: Namespace) -> None:
    """Pre-train, going on from a checkpoint beside the output if there is one."""
    from dataclasses import replace
    from pathlib import Path

    from nasflow.datasets import open_dataset
    from nasflow.prediction.predictor import Predictor
    from nasflow.running.files import check_writable

    check_writable(options.out, options.source)
    dataset = open_dataset(options.source)
    config = replace(
        options.pretrain, task_options=task_options_in(options, tasks_in(options.pretrain.pretext))
    )
    proxies = {name: dataset.proxy(name) for name in options.pretrain.proxies}
    predictor = Predictor(
        model=options.method,
        encoder=options.encoder,
        surrogate=options.surrogate,
        pretrain=config,
        device=options.device,
    )
    # beside the file, also where a slash stands behind its name
    checkpoint = Path(f"{Path(options.out)}.checkpoint")
    if checkpoint.exists():
        print(f"going on from {checkpoint}")
    predictor.pretrain(dataset.table, proxies, checkpoint=checkpoint, progress=True)
    predictor.save(options.out)
    checkpoint.unlink(missing_ok=True)
    history = predictor.history_
    loss = f"; loss {history.loss[0]:.4f} -> {history.loss[-1]:.4f}" if history.loss else ""
    print(
        f"{options.out}: {options.pretrain.pretext} on {len(dataset)} architectures in"
        f" {sum(history.seconds):.0f} s{loss}\nnext: nasflow fit DATA --model {options.out} --out"
        " fitted.safetensors"
    )
