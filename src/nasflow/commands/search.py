"""`nasflow search`: its arguments, and what it does with them."""

from __future__ import annotations

import dataclasses
import re
import time
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
from nasflow.commands.told import add_told, bring_along, read
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.experiments.defaults import default_options, encoder_options
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.running.yaml_text import check_keys
from nasflow.search.strategies.registry import SearchConfig
from nasflow.spaces.registry import space_names

if TYPE_CHECKING:
    from nasflow.search.known import Known
    from nasflow.search.problem import Problem
    from nasflow.search.study import Study

STAGES = ("encoder", "surrogate", "pretrain", "fit")


_DEFAULTS_OF = {"darts": "nb301"}  # options are kept under the name of the data


def add_arguments(parser: Parser, words: list[str]) -> None:
    """The arguments; defaults of the stages depend on the space that `words` name."""
    for word in words:
        # a space of one's own; the parser is made before it is known which word names it
        if not word.startswith("-") and word.endswith((".yaml", ".yml")):
            check_keys(word)
    parser.add_argument(
        "space", type=str, help="a space (nasflow data list), or one of your own in a .yaml"
    )
    _add_trainings(parser)
    _add_goals(parser)
    _add_sharing(parser)
    add_told(parser)
    parser.add_argument(
        "--out",
        type=str | None,
        default=None,
        help=(
            "folder for table.txt, trials.csv, best.json and search.png (default: beside the study)"
        ),
    )
    add_config_file(parser)
    _add_strategy(parser, words)


def _add_trainings(parser: Parser) -> None:
    """What a training is, how many there are, and where their results are kept."""
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
        help=(
            "train what failed in earlier runs once more; where only the form of the result was"
            " not known, --result reads it from what the training had printed"
        ),
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
    parser.add_argument(
        "--timeout",
        type=float | None,
        default=None,
        help=(
            "seconds for the whole search, its preparation included; trainings under way are then"
            " stopped, and begin anew when the same command goes on"
        ),
    )
    parser.add_argument(
        "--patience",
        type=int | None,
        default=None,
        help=(
            "stop once so many trainings gave no better result, in all runs together (failures"
            " count, the random ones at the start do not; with --second: once the Pareto front has"
            " not grown for so many); may be another one each time"
        ),
    )


def _add_goals(parser: Parser) -> None:
    """What is sought: the direction, a second objective, conditions."""
    parser.add_argument("--minimise", action="store_true", help="less is better (a loss, an error)")
    parser.add_argument(
        "--second",
        type=str | None,
        default=None,
        help=(
            "a known quantity to optimise as well, in the direction that the data set says, and of"
            " a function less; the table then shows the Pareto front"
        ),
    )
    parser.add_argument(
        "--second_maximise",
        "--second-maximise",
        action="store_true",
        help="of --second more is better",
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


def _add_sharing(parser: Parser) -> None:
    """How trainings at once bear on the proposals, and which machines they may have."""
    parser.add_argument(
        "--window",
        type=int | None,
        default=None,
        help=(
            "trainings at once, over all processes that share the study (default: as it was made"
            " with, and of a new one as many as they have). With a window each proposal waits for"
            " the training WINDOW places before it and looks at none after that, so the study does"
            " not depend on which training ends first; 0: none"
        ),
    )
    add_ray(
        parser,
        "the study stays on this machine, and what --train names must be found on all, in this"
        " folder",
    )


def _add_strategy(parser: Parser, words: list[str]) -> None:
    """The options of the strategy and the encoder that the words name, and of its stages."""
    config = SearchConfig.class_of(named(words, "strategy", SearchConfig().strategy))
    parser.add_class_arguments(config, skip=set(STAGES))
    stages = [field.name for field in dataclasses.fields(config) if field.name in STAGES]
    # it may stand behind options: `--budget 5 nb201`
    space = next((word for word in words if word in space_names()), "")
    data = _DEFAULTS_OF.get(space, space)
    defaults = default_options(data)
    if "encoder" in stages:
        name = named(words, "encoder.name", EncoderConfig().name)
        parser.add_class_arguments(EncoderConfig.class_of(name), "encoder")
        defaults |= encoder_options(name, data) | {"encoder.name": name}
    if "surrogate" in stages:
        parser.add_class_arguments(SurrogateConfig, "surrogate")
    # one seed for all: that of the search, which `run` puts in
    if "pretrain" in stages:
        parser.add_class_arguments(PretrainConfig, "pretrain", skip={"seed", "task_options"})
    if "fit" in stages:
        parser.add_class_arguments(FitConfig, "fit", skip={"seed"})
    if "pretrain" in stages:
        add_tasks(parser, tasks_in(named(words, "pretrain.pretext", PretrainConfig().pretext)))
    # names without a dot are the protocol's: a search has none
    dotted = {name: value for name, value in defaults.items() if "." in name}
    set_known_defaults(parser, dotted)


def run(options: Namespace) -> None:
    """Search, and write what came of it."""
    from nasflow.search import runner
    from nasflow.search.executors import RayExecutor
    from nasflow.search.outputs import (
        NAMES,
        check_paths,
        folder_of,
        metric_name,
        window_of,
        write_results,
    )
    from nasflow.search.report import summary
    from nasflow.search.results import results_of
    from nasflow.search.second_reading import retry
    from nasflow.search.signals import handled_by, interrupt
    from nasflow.search.study import Study
    from nasflow.search.training import check_train
    from nasflow.search.view import View

    for name in ("budget", "parallel", "patience"):
        number = getattr(options, name)
        if number is not None and number < 1:
            raise ConfigError(f"--{name} is {number}; legal: a whole number of at least 1")
    if options.give_up < 0:
        raise ConfigError(f"--give_up is {options.give_up}; legal: 0 or more")
    check_train(options.train, options.result)
    folder = folder_of(options.study, options.out)
    check_paths(options.study, folder)
    problem = _problem(options)
    config = _search_config(options)
    # before there is a study: of a table that does not fit nothing is left behind
    told = read(options, problem)
    window = window_of(options.study) if options.window is None else options.window or None
    study = Study(options.study, problem, config, window=window, progress=True)
    earlier = study.trials()
    if earlier:
        print(f"going on with {options.study}: {summary(earlier)}")
    if told is not None:
        print(bring_along(options.told, told, study))
    # before the search, which counts what failed as done
    if options.retry_failed:
        print(retry(study.store, options.result))
    begun = time.monotonic()
    title = Path(options.space).name
    metric = metric_name(options.train, options.result)
    executor = None if options.ray is None else RayExecutor(options.ray, options.parallel, study)
    try:
        with handled_by(interrupt), View(problem, options.budget, options.parallel) as view:
            runner.run(
                study,
                options.train,
                options.budget,
                parallel=options.parallel,
                limit=options.limit,
                result=options.result,
                give_up=options.give_up,
                timeout=options.timeout,
                patience=options.patience,
                executor=executor,
                watcher=view,
            )
    except runner.AllFailedError as error:
        write_results(folder, results_of(study, title, metric))
        raise runner.AllFailedError(
            f"{error}\nOnce that is mended, the same command with --retry_failed trains them again,"
            " or reads what they printed where --result was what they lacked;"
            f" --give_up 0 goes on in any case. All reasons: {folder / 'trials.csv'}"
        ) from None
    results = results_of(study, title, metric)
    trials = results.trials
    table = write_results(folder, results)
    print(f"{table}\n{summary(trials)}\n{folder}: {', '.join(NAMES)}")
    n_trainings = sum(trial.finished and trial.origin != "told" for trial in trials)
    # fewer than were asked for: there is a reason
    why = _why_over(options, study, begun) if n_trainings < options.budget else ""
    if why:
        print(f"{n_trainings} trainings of a budget of {options.budget}: {why}")
    if not any(trial.state == "done" for trial in trials):
        raise runner.AllFailedError(_without_result(n_trainings, why, folder))


def _why_over(options: Namespace, study: Study, begun: float) -> str:
    """Why a search that began then is over before its budget is; empty where nothing tells."""
    from nasflow.search.exhaustion import explain_exhaustion
    from nasflow.search.patience import explain_patience

    no_better = explain_patience(study, options.patience)
    is_late = options.timeout is not None and time.monotonic() - begun >= options.timeout
    # both at once: the same command would not go on
    if is_late and not no_better:
        return f"--timeout {options.timeout} is over; the same command goes on"
    # the space, or what the conditions leave of it, may be used up: no patience helps then
    used_up = explain_exhaustion(study)
    if used_up or not no_better:
        return used_up
    return f"{no_better}; with a larger --patience, or without it, the same command goes on"


def _without_result(n_trainings: int, why: str, folder: Path) -> str:
    """What to say of a search that ended without any result."""
    if not n_trainings:
        return f"nothing was trained: {why or 'the study proposed nothing'}"
    return (
        f"none of {n_trainings} trainings gave a result; the same command with --retry_failed"
        f" begins those that failed anew. All reasons: {folder / 'trials.csv'}"
    )


def _search_config(options: Namespace) -> SearchConfig:
    """The options of the strategy, one seed for all of its stages."""
    fields = dataclasses.fields(SearchConfig.class_of(options.strategy))
    values = {field.name: getattr(options, field.name) for field in fields}
    if "pretrain" in values:
        pretrain = values["pretrain"]
        task_options = task_options_in(options, tasks_in(pretrain.pretext))
        values["pretrain"] = dataclasses.replace(
            pretrain, seed=options.seed, task_options=task_options
        )
    if "fit" in values:
        values["fit"] = dataclasses.replace(values["fit"], seed=options.seed)
    try:
        return SearchConfig(**values)
    except ConfigError as error:
        # the user gave an option, and knows of no class
        raise ConfigError(re.sub(r"^\w*Config\.", "--", str(error))) from None


def _problem(options: Namespace) -> Problem:
    """What is sought, with the quantities that it needs to know."""
    from nasflow.search.known import Constraint
    from nasflow.search.problem import Problem
    from nasflow.spaces import load_space

    texts = [text for text in (options.constraints or "").split(",") if text.strip()]
    constraints = tuple(map(Constraint.parse, texts))
    names = [constraint.quantity for constraint in constraints]
    if options.second:
        names.append(options.second)
    elif options.second_maximise:
        raise ConfigError("--second_maximise goes with --second, which names the quantity")
    names += getattr(options, "proxies", ())  # of a strategy that has such an option
    known = _quantities(options.space, options.data, names)
    # left out, the data set says it
    direction = {"second_maximise": True} if options.second_maximise else {}
    return Problem(
        load_space(options.space),
        not options.minimise,
        options.second,
        constraints,
        known,
        **direction,
    )


def _quantities(space: str, source: str | None, names: list[str]) -> Known:
    """The quantities of these names: functions, columns of a data set otherwise."""
    from nasflow.datasets import open_dataset
    from nasflow.datasets.registry import dataset_names
    from nasflow.search.known import Known
    from nasflow.search.training import is_function, load_function

    functions = {name: load_function(name) for name in names if is_function(name)}
    columns = [name for name in names if name not in functions]
    if not source and space in dataset_names():
        source = space
    # opened only where a column is asked for: some data sets take seconds
    dataset = open_dataset(source) if source and columns else None
    return Known(dataset, functions)
