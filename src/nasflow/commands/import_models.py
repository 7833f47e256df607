"""`nasflow import-models`: files of models become a table, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.commands.shared import Namespace, Parser

if TYPE_CHECKING:
    from nasflow.commands.labels_of_models import Labels
    from nasflow.importers.folders import Outcome, Reading


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument(
        "paths",
        type=str,
        nargs="+",
        help=(
            "files and folders with models: .onnx, and .pt2 as torch.export.save writes them;"
            " nothing in a file is run"
        ),
    )
    parser.add_argument(
        "--inputs",
        type=str | None,
        default=None,
        help="the shape of the input, such as 1,3,224,224; of several inputs 1,77;1,77",
    )
    parser.add_argument(
        "--dim",
        type=str | None,
        default=None,
        help="sizes of axes that an ONNX file leaves open, by their names: batch=1,height=224",
    )
    parser.add_argument("--out", type=str, default="models.jsonl", help="the .jsonl table to write")
    parser.add_argument(
        "--labels",
        type=str | None,
        default=None,
        help=(
            "a CSV with a column id, the name of each file with or without its suffix; its other"
            " columns become columns of the table"
        ),
    )
    parser.add_argument(
        "--mapping",
        type=str | None,
        default=None,
        help="a YAML file with names for operations, `name: operation` a line; ignore drops one",
    )
    parser.add_argument(
        "--fold", action="store_true", help="let blocks that repeat be one, with their number depth"
    )
    parser.add_argument(
        "--no-numbers",
        action="store_true",
        help="leave out widths, kernels, parameters and products",
    )


def run(options: Namespace) -> None:
    """Read, write, say what was refused.

    Raises:
        DataError: no file could be read.
    """
    from nasflow.commands.labels_of_models import Labels
    from nasflow.errors import ConfigError, DataError
    from nasflow.importers.folders import (
        Reading,
        dims_of_text,
        shapes_of_text,
    )
    from nasflow.importers.mapping import read_mapping
    from nasflow.running.files import check_writable

    if not options.out.endswith(".jsonl"):
        raise ConfigError(
            f"--out {options.out}: the table is written as .jsonl; give it that suffix"
        )
    check_writable(options.out)
    how = Reading(
        input_shapes=shapes_of_text(options.inputs),
        dims=dims_of_text(options.dim),
        # read before the models: a mistake in it is none of theirs
        mapping=read_mapping(options.mapping),
        numbers=not options.no_numbers,
        fold=options.fold,
    )
    labels = Labels.of_file(options.labels) if options.labels else Labels({})
    outcomes = _written(options.paths, how, labels, options.out)
    refused = [outcome for outcome in outcomes if outcome.architecture is None]
    for outcome in refused:
        print(f"refused {outcome.file.name}: {outcome.refusal}")
    if len(refused) == len(outcomes):
        raise DataError(
            f"none of {len(outcomes)} models could be read; {options.out} was not written. The"
            " reasons are above"
        )
    _summarise(outcomes, options.out)
    if options.labels:
        print(labels.summary([outcome.file.name for outcome in outcomes if outcome.architecture]))


def _written(paths: list[str], how: Reading, labels: Labels, out: str) -> list[Outcome]:
    """What became of the models; the table is there if one could be read."""
    import json

    from nasflow.importers.folders import model_files, read_models
    from nasflow.running.files import atomic_write
    from nasflow.running.progress import progress_bar

    files = model_files(paths)
    outcomes: list[Outcome] = []
    lines: list[str] = []
    with progress_bar("import models", len(files)) as advance:
        for outcome in read_models(files, how):
            outcomes.append(outcome)
            if outcome.architecture is not None:
                name = outcome.file.name
                row = {"id": name, **outcome.architecture.to_dict(), **labels.of(name)}
                lines.append(json.dumps(row) + "\n")
            advance(outcome.file.name)
    if lines:
        with atomic_write(out) as table:
            table.write("".join(lines).encode())
    return outcomes


def _summarise(outcomes: list[Outcome], out: str) -> None:
    """Print how many models there are, how large, and what is missing of some."""
    graphs = [outcome.architecture for outcome in outcomes if outcome.architecture is not None]
    n_different = len({graph.canonical_id for graph in graphs})
    n_nodes = [graph.n_nodes for graph in graphs]
    alike = "" if n_different == len(graphs) else f" ({n_different:,} of them different)"
    print(
        f"{out}: {len(graphs):,} of {len(outcomes):,} models{alike}, {min(n_nodes):,} to"
        f" {max(n_nodes):,} nodes"
    )
    for outcome in outcomes:
        for note in outcome.notes:
            print(f"note: {outcome.file.name}: {note}")
