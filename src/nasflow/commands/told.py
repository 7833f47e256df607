"""`--told` of `nasflow search`: results that a user has from before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nasflow.commands.shared import Namespace, Parser
from nasflow.errors import ConfigError

if TYPE_CHECKING:
    from nasflow.search.problem import Problem
    from nasflow.search.study import Study
    from nasflow.search.told_table import ToldTable


def add_told(parser: Parser) -> None:
    """--told and --told_columns."""
    parser.add_argument(
        "--told",
        type=str | None,
        default=None,
        help=(
            "results from before, which take nothing of the budget: the trials.csv of a search, or"
            " any table (.csv, .jsonl, .parquet) with --told_columns. What the study has already is"
            " not told again"
        ),
    )
    parser.add_argument(
        "--told_columns",
        "--told-columns",
        type=dict[str, Any] | str | None,
        default=None,
        help=(
            "which columns of --told are meant, ours first: '{value: accuracy, architecture:"
            " cell}', or of a space in a .yaml a column for each choice: '{value: accuracy, node*:"
            " params_op*, node*.width: params_width*, ops: {conv: Conv3x3}}'"
        ),
    )


def read(options: Namespace, problem: Problem) -> ToldTable | None:
    """What --told names; None where it is not given."""
    from nasflow.search.told_table import read_told

    if options.told is None:
        if options.told_columns:
            raise ConfigError("--told_columns goes with --told, which names the table")
        return None
    if isinstance(options.told_columns, str):
        raise ConfigError(
            f"--told_columns is {options.told_columns!r}; legal: a mapping in YAML, ours first,"
            " such as '{value: accuracy, architecture: cell}'"
        )
    return read_told(options.told, problem, options.told_columns or {})


def bring_along(path: str, table: ToldTable, study: Study) -> str:
    """Tell a study what a table has, and say in a line what came of each row."""
    from nasflow.search.told_results import tell_results

    outcome = tell_results(study, table.results)
    parts = [f"{outcome.n_told} results told"]
    if outcome.n_known:
        parts.append(f"{outcome.n_known} there already")
    if outcome.n_forgotten:
        parts.append(f"{outcome.n_forgotten} forgotten in this study, which stay so")
    if outcome.different:
        parts.append(
            f"{len(outcome.different)} left as the study has them ({outcome.different[0]}; nasflow"
            " study --correct puts another value)"
        )
    left_out = [f"{n} {reason}" for reason, n in table.left_out.items()]
    if left_out:
        parts.append(f"rows left out: {', '.join(left_out)}")
    return f"{path}: {'; '.join(parts)}"
