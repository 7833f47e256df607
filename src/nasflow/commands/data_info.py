"""`nasflow data info`: one benchmark or file, described."""

from __future__ import annotations

from nasflow.commands.shared import SOURCE_HELP, Namespace, Parser
from nasflow.text import aligned


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)


def run(options: Namespace) -> None:
    """Print what is known of the data set, whether its files are here or not."""
    from nasflow.datasets.registry import dataset_info, dataset_names, open_dataset
    from nasflow.errors import MissingDataError, MissingExtraError

    if options.source in dataset_names():
        info = dataset_info(options.source)
        print(f"{info.name}: {info.size:,} architectures. {info.summary}\nlicence: {info.licence}")
        if info.files:
            print(f"files: {', '.join(info.files)} in the folder NASFLOW_DATA")
        print(info.how_to_get())
    # what is known of a registered one was printed; of a file, its absence is the error
    try:
        dataset = open_dataset(options.source)
    except (MissingDataError, MissingExtraError) as error:
        if options.source not in dataset_names():
            raise
        print(f"not here yet: {error}")
        return
    table = dataset.table
    print(
        f"{len(table):,} architectures of {len(table.ops) / len(table):.1f} nodes and"
        f" {table.edges.shape[1] / len(table):.1f} edges on average; {table.nbytes / 1e6:.1f} MB in"
        f" memory\noperations: {', '.join(table.vocabulary)}\n"
    )
    rows = [["metric", "unit", "better", "measured", "lowest", "highest", "what"]]
    for metric in dataset.metrics.values():
        values = dataset.labels(metric.name)
        # only NaN, which is not measured, differs from itself
        measured = values[values == values]
        rows.append(
            [
                metric.name,
                metric.unit,
                "more" if metric.maximise else "less",
                f"{len(measured):,}",
                f"{measured.min():.6g}",
                f"{measured.max():.6g}",
                metric.description,
            ]
        )
    print(aligned(rows))
