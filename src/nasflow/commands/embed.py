"""`nasflow embed`: the vector that an encoder makes of each architecture of a table."""

from __future__ import annotations

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_device,
    add_encoder_class,
    add_parts,
    check_jobs,
)


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument(
        "--model",
        type=str,
        required=True,
        help="what nasflow pretrain wrote, or nasflow fit --method fgp",
    )
    parser.add_argument("--archs", type=str, required=True, help=SOURCE_HELP)
    parser.add_argument(
        "--out",
        type=str,
        default="embeddings.npz",
        help="the file to write: .npz has the array `embedding` (N, width), .npy that alone; .csv"
        " and .parquet have a column for each number and a row for each of the source",
    )
    add_parts(parser, "the model and the table")
    add_encoder_class(parser)
    add_device(parser)


def run(options: Namespace) -> None:
    """Embed and write."""
    from nasflow.commands.row_files import RowFile, write_rows
    from nasflow.datasets.long_table import LongTable
    from nasflow.prediction.embedded import EmbeddedRows, check_learnt
    from nasflow.prediction.model_once import ModelFile
    from nasflow.running.files import check_writable, sha256
    from nasflow.running.matrix_files import check_ending

    check_writable(options.out, options.archs, options.model)
    check_ending(options.out)
    check_jobs(options.jobs)
    model = ModelFile(options.model, options.device, options.encoder)
    check_learnt(model)
    order = RowFile(
        out=options.out,
        array="embedding",
        title="embeddings of",
        about={"model": sha256(model.path), "device": model.device, "encoder": model.encoder},
        jobs=options.jobs,
        ray=options.ray,
        code=(options.encoder,),
    )
    n_rows, n_columns = write_rows(order, LongTable(options.archs), EmbeddedRows(model)).shape
    print(f"{options.out}: embeddings of {n_rows} architectures, {n_columns} numbers each")
