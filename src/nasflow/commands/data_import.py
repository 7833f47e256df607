"""`nasflow data import`: an official benchmark file or a table of one's own becomes an .npz."""

from __future__ import annotations

from nasflow.commands.shared import Namespace, Parser


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    from nasflow.datasets.readers.registry import format_summaries

    formats = "; ".join(f"{name}: {summary}" for name, summary in format_summaries().items())
    parser.add_argument("format", type=str, help=formats)
    parser.add_argument("path", type=str, help="the file or folder")
    parser.add_argument("--out", type=str, default="table.npz", help="the .npz to write")


def run(options: Namespace) -> None:
    """Read, check, write."""
    from nasflow.datasets.importing import run_import
    from nasflow.running.files import check_writable

    check_writable(options.out)
    run_import(options.format, options.path, options.out)
