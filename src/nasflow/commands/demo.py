"""`nasflow demo`: the main idea on real data, in a few minutes."""

from __future__ import annotations

from nasflow.commands.shared import Namespace, Parser, add_jobs


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("--out", type=str, default="demo", help="folder for results")
    add_jobs(parser)


def run(options: Namespace) -> None:
    """Evaluate NAS-Bench-Graph with and without the flow."""
    print(
        "NAS-Bench-Graph, Cora: 26,206 graph neural networks. An encoder learns their flow"
        " surrogates without\nany label, then 131 labels (1 % of the training half); beside it the"
        " same encoder without the first step.\n"
    )
    # what it shows is that command: the same words give the same tables
    from nasflow.commands.command_line import run_words

    words = ["evaluate", "nbgraph-cora", "--methods", "none,flow", "--seeds", "[21,2021]"]
    run_words([*words, "--out", options.out, "--jobs", str(options.jobs)])
