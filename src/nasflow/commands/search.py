"""`nasflow search`: its arguments, and what it does with them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from nasflow.commands.shared import (
    Namespace,
    Parser,
    add_config_file,
    add_ray,
    add_tasks,
    named,
    set_known_defaults,
    task_options_in,
    tasks_in,
)
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.experiments.defaults import default_options, encoder_options
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.search.strategies.registry import SearchConfig

if TYPE_CHECKING:
    from nasflow.search.known import Known
    from nasflow.search.problem import Problem
    from nasflow.search.study import Study

STAGES = {
    "encoder": EncoderConfig,
    "surrogate": SurrogateConfig,
    "pretrain": PretrainConfig,
    "fit": FitConfig,
}


def add_arguments(parser: Parser, words: list[str]) -> None:
    """The arguments; defaults of the stages depend on the space that `words` name."""
    parser.add_argument(
        "space", type=str, help="a space (nasflow data list), or one of your own in a .yaml"
    )
    parser.add_argument(
        "--train",
        type=str,
        required=True,
        help=(
            "what trains one architecture: a command that prints a number, the last such line"
            ' counting, with {arch_json} ({"ops": [...], "edges": [...]}), {arch} (the space\'s own'
            " notation) or {number}; or a Python function of an Architecture, file.py:function"
        ),
    )
    parser.add_argument(
        "--result",
        type=str | None,
        default=None,
        help=(
            "how the command says its result, if not by a line that is a number: json:KEY (a line"
            " that is a JSON object) or regex:PATTERN (the first group of it); the last one counts."
            " A command may also write it into the file that $NASFLOW_RESULT names"
        ),
    )
    parser.add_argument(
        "--give_up",
        "--give-up",
        type=int,
        default=3,
        help=(
            "stop when so many trainings failed in the same way before any gave a result; 0: go on"
        ),
    )
    parser.add_argument(
        "--retry_failed",
        "--retry-failed",
        action="store_true",
        help="train what failed in earlier runs once more",
    )
    parser.add_argument(
        "--budget", type=int, default=50, help="trainings in all, those of earlier runs included"
    )
    parser.add_argument("--parallel", type=int, default=1, help="trainings at once")
    parser.add_argument(
        "--study",
        type=str,
        default="study.db",
        help=(
            "the file that holds the search; the same command goes on with it, after any kill, and "
            "a second one beside it shares the work"
        ),
    )
    parser.add_argument("--limit", type=float, default=86400.0, help="seconds a training may take")
    parser.add_argument("--minimise", action="store_true", help="less is better (a loss, an error)")
    parser.add_argument(
        "--second",
        type=str | None,
        default=None,
        help="a known quantity to optimise as well; the table then shows the Pareto front",
    )
    parser.add_argument(
        "--constraints",
        type=str | None,
        default=None,
        help=(
            "conditions on known quantities, separated by commas: 'params < 1e6, latency.raspi4"
            " < 10'"
        ),
    )
    parser.add_argument(
        "--data",
        type=str | None,
        default=None,
        help=(
            "where known quantities are looked up: a registered name or an .npz (default: the data "
            "set of the space's name, if it is there). A quantity may also be a Python function, "
            "file.py:function"
        ),
    )
    parser.add_argument(
        "--window",
        type=int | None,
        default=None,
        help=(
            "trainings at once, over all processes that share the study (default: --parallel). Each"
            " proposal waits for the training WINDOW places before it and looks at none after that,"
            " so the study does not depend on which training ends first. 0: wait for none"
        ),
    )
    add_ray(
        parser,
        "the study stays on this machine, and what --train names must be found on all, in this"
        " folder",
    )
    parser.add_argument(
        "--out",
        type=str | None,
        default=None,
        help="folder for trials.csv, table.txt and search.png (default: beside the study)",
    )
    add_config_file(parser)
    config = SearchConfig.class_of(named(words, "strategy", SearchConfig().strategy))
    parser.add_class_arguments(config, skip=set(STAGES))
    stages = [field.name for field in dataclasses.fields(config) if field.name in STAGES]
    space = next((word for word in words if not word.startswith("-")), "")
    data = _DEFAULTS_OF.get(space, space)
    defaults = default_options(data)
    for key in stages:
        if key == "encoder":
            name = named(words, "encoder.name", EncoderConfig().name)
            parser.add_class_arguments(EncoderConfig.class_of(name), key)
            defaults |= encoder_options(name, data) | {"encoder.name": name}
        else:
            # one seed for all
            skip = {"seed", "task_options"} if key in ("pretrain", "fit") else set()
            parser.add_class_arguments(STAGES[key], key, skip=skip)
    if "pretrain" in stages:
        add_tasks(parser, tasks_in(named(words, "pretrain.pretext", PretrainConfig().pretext)))
    dotted = {name: value for name, value in defaults.items() if "." in name}
    set_known_defaults(parser, dotted)


_DEFAULTS_OF = {"darts": "nb301"}  # options are kept under the name of the data


def run(options: Namespace) -> None:
    """Search, and write what came of it."""
    from nasflow.search import runner
    from nasflow.search.executors import RayExecutor
    from nasflow.search.failures import retry_failed
    from nasflow.search.report import summary
    from nasflow.search.study import Study
    from nasflow.search.training import check_train
    from nasflow.search.view import View

    for name in ("budget", "parallel"):
        if getattr(options, name) < 1:
            raise ConfigError(
                f"--{name} is {getattr(options, name)}; legal: a whole number of at least 1"
            )
    if options.give_up < 0:
        raise ConfigError(f"--give_up is {options.give_up}; legal: 0 or more")
    check_train(options.train, options.result)
    problem = _problem(options)
    config = _search_config(options)
    window = options.parallel if options.window is None else options.window or None
    study = Study(options.study, problem, config, window=window, progress=True)
    earlier = study.trials()
    if earlier:
        print(f"going on with {options.study}: {summary(earlier)}")
    if options.retry_failed:
        print(f"{retry_failed(study)} failed trainings are begun anew")
    executor = None if options.ray is None else RayExecutor(options.ray, options.parallel, study)
    folder = Path(options.out) if options.out else Path(options.study).with_suffix("")
    try:
        with View(problem, options.budget, options.parallel) as view:
            runner.run(
                study,
                options.train,
                options.budget,
                parallel=options.parallel,
                limit=options.limit,
                result=options.result,
                give_up=options.give_up,
                executor=executor,
                watcher=view,
            )
    except runner.AllFailedError as error:
        _write(folder, study)
        raise runner.AllFailedError(
            f"{error}\nOnce that is mended, the same command with --retry_failed trains them again;"
            f" --give_up 0 goes on in any case. All reasons: {folder / 'trials.csv'}"
        ) from None
    table = _write(folder, study)
    print(f"{table}\n{summary(study.trials())}\n{folder}: table.txt, trials.csv, search.png")
    if not any(trial.state == "done" for trial in study.trials()):
        raise runner.AllFailedError(
            f"no training gave a result; the same command with --retry_failed begins those that"
            f" failed anew. All reasons: {folder / 'trials.csv'}"
        )


def _write(folder: Path, study: Study) -> str:
    """Write what came of a study into a folder; returns the table."""
    from nasflow.running.files import write_text
    from nasflow.search.report import draw, final_table, write_trials

    table = final_table(study)
    write_text(folder / "table.txt", table)
    write_trials(folder / "trials.csv", study)
    draw(folder / "search.png", study)
    return table


def _search_config(options: Namespace) -> SearchConfig:
    """The options of the strategy, one seed for all of its stages."""
    values = {}
    for field in dataclasses.fields(SearchConfig.class_of(options.strategy)):
        value = getattr(options, field.name)
        if field.name in ("pretrain", "fit"):
            value = dataclasses.replace(value, seed=options.seed)
        if field.name == "pretrain":
            value = dataclasses.replace(
                value, task_options=task_options_in(options, tasks_in(value.pretext))
            )
        values[field.name] = value
    return SearchConfig(**values)


def _problem(options: Namespace) -> Problem:
    from nasflow.search.known import Constraint
    from nasflow.search.problem import Problem
    from nasflow.spaces import load_space

    texts = [text for text in (options.constraints or "").split(",") if text.strip()]
    constraints = tuple(map(Constraint.parse, texts))
    wanted = [
        *(constraint.quantity for constraint in constraints),
        *([options.second] if options.second else []),
        *getattr(options, "proxies", ()),
    ]
    return Problem(
        load_space(options.space),
        not options.minimise,
        options.second,
        constraints,
        _known(options.space, options.data, wanted),
    )


def _known(space: str, source: str | None, wanted: list[str]) -> Known:
    """The quantities that are asked for: functions by their names, columns of a data set
    otherwise.
    """
    from nasflow.datasets import open_dataset
    from nasflow.datasets.registry import dataset_names
    from nasflow.search.known import Known
    from nasflow.search.training import is_function, load_function

    functions = {name: load_function(name) for name in wanted if is_function(name)}
    columns = [name for name in wanted if name not in functions]
    source = source or (space if space in dataset_names() else None)
    return Known(open_dataset(source) if source and columns else None, functions)
