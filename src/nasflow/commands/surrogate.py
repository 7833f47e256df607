"""`nasflow surrogate`: flow surrogates of a whole table, and their map."""

from __future__ import annotations

from nasflow.commands.shared import SOURCE_HELP, Namespace, Parser, add_config_file, add_stage
from nasflow.options.surrogate import SurrogateConfig


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument(
        "--out", type=str, default="surrogates.npz", help="the .npz to write (array `surrogate`)"
    )
    parser.add_argument(
        "--picture", type=str | None, default=None, help="also draw their map to this PNG"
    )
    parser.add_argument(
        "--metric", type=str | None, default=None, help="metric that colours the map"
    )
    add_config_file(parser)
    add_stage(parser, SurrogateConfig, "surrogate")


def run(options: Namespace) -> None:
    """Compute, time, write, draw."""
    import time
    from pathlib import Path

    from nasflow.datasets import open_dataset
    from nasflow.running.files import save_npz
    from nasflow.surrogate import FlowSurrogate

    dataset = open_dataset(options.source)
    started = time.perf_counter()
    values = FlowSurrogate(dataset.table.n_ops, options.surrogate).targets(dataset.table).numpy()
    seconds = time.perf_counter() - started
    save_npz(options.out, {"surrogate": values})
    print(
        f"{options.out}: surrogates {values.shape} of {dataset.name} in {seconds:.2f} s "
        f"({len(values) / seconds:,.0f} architectures a second)"
    )
    if options.picture:
        from nasflow.experiments.pictures import surrogate_map

        metric = dataset.metric(options.metric)
        sign = 1 if metric.maximise else -1
        surrogate_map(
            Path(options.picture),
            values,
            sign * dataset.labels(metric.name),
            f"Flow surrogates of {dataset.name}",
            f"rank by {metric.name} (100 = best)",
        )
        print(options.picture)
