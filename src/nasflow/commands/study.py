"""`nasflow study`: look at a study, and mend it, without training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nasflow.commands.shared import Namespace, Parser, names_in
from nasflow.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nasflow.search.results import Results
    from nasflow.search.trial import Trial

_TAIL_LINES = 5  # of the output of a training that failed
_FAILURES = 10


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("study", type=str, help="the file that --study of nasflow search named")
    parser.add_argument(
        "--space",
        type=str | None,
        default=None,
        help="the .yaml of a space of your own, for its notation (default: JSON)",
    )
    parser.add_argument("--top", type=int, default=10, help="how many of the best to show")
    parser.add_argument(
        "--second_maximise",
        "--second-maximise",
        action="store_true",
        help="of the second objective more is better, if no data set says so",
    )
    parser.add_argument(
        "--csv", type=str | None, default=None, help="write all trials to this file"
    )
    parser.add_argument(
        "--table",
        type=str | None,
        default=None,
        help="write the results as a table of architectures and values (.jsonl), for nasflow fit",
    )
    parser.add_argument(
        "--out",
        type=str | None,
        default=None,
        help="write table.txt, trials.csv, best.json and search.png to this folder",
    )
    parser.add_argument(
        "--forget",
        type=str | None,
        default=None,
        help="take back the results of these trials, such as 3 or 3,5; the file keeps them as such",
    )
    parser.add_argument(
        "--correct",
        type=str,
        nargs=2,
        metavar=("TRIAL", "VALUE"),
        help="another value for a trial; the file keeps the former one",
    )
    parser.add_argument(
        "--retry",
        action="store_true",
        help="let the next search train once more what failed",
    )


def run(options: Namespace) -> None:
    """Mend the study as asked, and show it."""
    from nasflow.running.files import check_writable
    from nasflow.search.outputs import NAMES, write_results
    from nasflow.search.report import better, final_table, write_table, write_trials
    from nasflow.search.study_record import StudyRecord

    if options.top < 1:
        raise ConfigError(f"--top is {options.top}; legal: a whole number of at least 1")
    # all options are read before the first change
    forgotten = [_trial(text, "--forget") for text in names_in(options.forget)]
    corrected = _correction(options.correct)
    if options.table and not options.table.endswith(".jsonl"):
        raise ConfigError(f"--table {options.table} is no .jsonl, which is what is written")
    for path in filter(None, (options.csv, options.table)):
        check_writable(path)
    record = StudyRecord(options.study)
    # first what changes the study, so that it is shown as it now is
    for number in forgotten:
        record.forget(number)
        print(f"trial {number} is forgotten")
    if corrected is not None:
        record.correct(*corrected)
        print(f"trial {corrected[0]} is corrected to {corrected[1]:g}")
    if options.retry:
        print(f"{record.retry()} failed trainings will begin anew with the next search")
    results = record.results(options.space, options.second_maximise)
    print(f"{options.study}: {results.title}, {better(results.maximise)}; {_counts(results)}\n")
    print(final_table(results, options.top))
    print(_failures(results.failed), end="")
    # all of them, where the table has the best alone
    if options.csv:
        write_trials(Path(options.csv), results)
        print(options.csv)
    # without failures and trials under way: a row of this one has a label
    if options.table:
        write_table(Path(options.table), results)
        print(f"{options.table}: {len(results.done)} results, for nasflow fit")
    if options.out:
        write_results(Path(options.out), results)
        print(f"{options.out}: {', '.join(NAMES)}")


def _trial(text: str, option: str) -> int:
    """The number of a trial."""
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(f"{option} {text!r} is no number of a trial; legal: 0, 1, 2, ...")
    return int(text)


def _correction(words: Sequence[str] | None) -> tuple[int, float] | None:
    """The trial and the value that --correct names."""
    from nasflow.running.numbers import number_in

    if not words:
        return None
    value = number_in(words[1])
    if value is None:
        raise ConfigError(f"--correct {words[0]} {words[1]!r}: the value is no number")
    return _trial(words[0], "--correct"), value


def _counts(results: Results) -> str:
    """How many trials are in which state."""
    from nasflow.search.report import summary

    words = {"asked": "under way", "planned": "planned", "forgotten": "forgotten"}
    counts = [summary(results.trials)]
    for state, word in words.items():
        n = sum(trial.state == state for trial in results.trials)
        # the usual is that there are none, and needs no word
        if n:
            counts.append(f"{n} {word}")
    return ", ".join(counts)


def _failures(failed: Sequence[Trial]) -> str:
    """The tails of what the last trainings that failed had printed."""
    from nasflow.search.failures import OUTPUT
    from nasflow.text import in_one_line

    lines = []
    # the newest: of a script that was mended meanwhile the older ones tell nothing
    for trial in failed[-_FAILURES:]:
        _, _, tail = (trial.reason or "").partition(OUTPUT)
        # the reason alone is in the table
        if tail:
            lines.append(f"trial {trial.number} printed at its end:")
            lines += [f"  {in_one_line(line)}" for line in tail.splitlines()[-_TAIL_LINES:]]
    return "\n".join(lines) + "\n\n" if lines else ""
