"""What pre-training on the flow gained, tau x100 over no pre-training at 1 % of the labels.

`flow_gain.csv` beside this file has the mean paired difference by data set. It is made from the
runs that the repository keeps, in the root of a checkout, by

    python -m nasflow_paper.questions.flow_gain docs/results

and has the digits that the pages made from the same runs show.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nasflow.datasets.csv_table import read_csv
from nasflow.errors import DataError
from nasflow.experiments.tables import Entry, paired, same_runs, write_csv

FLOW_GAIN = Path(__file__).with_name("flow_gain.csv")
_ENCODER = "ResGatedGCN"


@dataclass(frozen=True)
class Source:
    """Where the runs of a data set are, below the folder of results."""

    file: str
    method: str = "flow"
    """What pre-training on the flow alone is called there."""
    by_encoder: bool = False
    """Whether the file has runs of several encoders; ours is ResGatedGCN."""


# Table 1 has options that were chosen on validation rows, and Table 6 (Cora) too: its FGP is the
# flow alone, for want of a proxy. On Cora alone of the graph data sets there are nine runs.
_TABLE_1 = Source("reproduce/table1.csv", "FGP w/o proxy", by_encoder=True)
_TABLE_6 = Source("reproduce/domains.csv", "FGP", by_encoder=True)
SOURCES: Mapping[str, Source] = {
    "nb101": _TABLE_1,
    "nb201": _TABLE_1,
    "nb301": _TABLE_1,
    "transnas-micro": Source("transnas-micro.csv"),
    "nasbench-macro": Source("nasbench-macro.csv"),
    "nbgraph-cora": _TABLE_6,
    "nbgraph-citeseer": Source("nbgraph-citeseer.csv"),
    "nbgraph-pubmed": Source("nbgraph-pubmed.csv"),
    "nbgraph-cs": Source("nbgraph-cs.csv"),
    "nbgraph-physics": Source("nbgraph-physics.csv"),
    "nbgraph-photo": Source("nbgraph-photo.csv"),
    "nbgraph-computers": Source("nbgraph-computers.csv"),
    "nbgraph-arxiv": Source("nbgraph-arxiv.csv"),
    "nbgraph-proteins": Source("nbgraph-proteins.csv"),
}


@dataclass(frozen=True)
class FlowGain:
    """What pre-training on the flow gained on a data set."""

    gain: float
    """In tau x100, to one digit, as the pages show it."""
    n_runs: int
    """Pairs of runs, each on one split with one seed: three have an interval of several points."""
    source: str
    """The file with the runs, below docs/results of the repository."""


def flow_gains(path: Path = FLOW_GAIN) -> dict[str, FlowGain]:
    """The gains by data set, in the order of the file.

    Raises:
        MissingDataError, DataError: no such file, or a column of it is missing.
    """
    columns = read_csv(path, ["dataset", "gain", "runs", "source"])
    rows = zip(*columns.values(), strict=True)
    return {name: FlowGain(float(gain), int(runs), source) for name, gain, runs, source in rows}


def write_flow_gains(results: Path, path: Path = FLOW_GAIN) -> None:
    """Write the gains that the runs below the folder `results` give, atomically."""
    rows = []
    for name, source in SOURCES.items():
        gain, n_runs = _mean_gain(results, name, source)
        row = {"dataset": name, "gain": f"{gain:.1f}", "runs": n_runs, "source": source.file}
        rows.append(row)
    write_csv(path, rows)


def _mean_gain(results: Path, dataset: str, source: Source) -> tuple[float, int]:
    """The mean paired difference in tau x100, and over how many runs it is.

    Raises:
        MissingDataError, DataError: no such file; no two runs in it that can be paired.
    """
    path = results / source.file
    runs = _runs(path, dataset, source.by_encoder)
    if not same_runs(runs, source.method, "none"):
        raise DataError(
            f"{path}: no run of {source.method!r} on {dataset} has one of 'none' on the same split"
            " with the same seed; the gain needs such pairs"
        )
    difference = paired(runs, source.method, "none")
    return 100 * difference.mean, difference.n_runs


def _runs(path: Path, dataset: str, by_encoder: bool) -> Sequence[Entry]:
    """The runs of a file on a data set with our encoder."""
    names = ["dataset", "method", "split", "seed", "tau", *(["group"] if by_encoder else [])]
    columns = read_csv(path, names)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [
        {
            "method": row["method"],
            "split": int(row["split"]),
            "seed": int(row["seed"]),
            "tau": float(row["tau"]),
        }
        for row in rows
        if row["dataset"] == dataset and row.get("group", _ENCODER) == _ENCODER
    ]


if __name__ == "__main__":
    write_flow_gains(Path(sys.argv[1]))
