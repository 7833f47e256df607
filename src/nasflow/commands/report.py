"""`nasflow report`: results as one HTML page."""

from __future__ import annotations

from nasflow.commands.shared import Namespace, Parser


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument(
        "results",
        type=str,
        help=(
            "a folder that nasflow evaluate wrote: manifest.json and runs.jsonl give the tables,"
            " predictions/ the curves, the data set itself the map with its cells. What is missing"
            " leaves its section out and says so; a grid that is still running can be looked at. Or"
            " a folder of nasflow reproduce: the tables of all its pages, or of one (--page) with"
            " curves"
        ),
    )
    parser.add_argument(
        "--out",
        type=str,
        default="report.html",
        help="the HTML file to write; it is complete in itself and opens without network",
    )
    parser.add_argument(
        "--page",
        type=str | None,
        default=None,
        help=(
            "of a folder of nasflow reproduce, the page to show, such as table1, or one part of it"
            " with all there is, such as 'table1: GIN, nb201'"
        ),
    )


def run(options: Namespace) -> None:
    """Write the page, and print where it is and what it lacks."""
    from nasflow.report.build import write_report

    print(write_report(options.results, options.out, options.page))
