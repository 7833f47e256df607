"""The paper's numbers as data, for the tables that set ours beside them.

Source: "Learning to Flow from Generative Pretext Tasks for Neural Architecture Encoding"
(NeurIPS 2025, arXiv 2510.18360), numbered as there. All are x100, mean and standard deviation over
9 runs. They stand in `published.csv`, one a line, as printed; a number that the paper contradicts
elsewhere, or that cannot be right, has a `slip`.

    table1     performance prediction from 1 % of the training half
    table3     ResGatedGCN, 5 % and 10 % of the training half
    table5     pre-training on the training half alone
    table6     other domains; the appendix does not state the encoder
    table7     transfer of 100 NAS-Bench-101 networks from TinyImageNet to two other data sets
    figure7    the ablation
    table8     another directed encoder
    table9     where the surrogate comes from; the paper's other source is a trained TA-GATES
    table10    surrogates of several rounds
    table11    how messages are pooled in the surrogate
    table12    accuracy of an MLP that is asked whether an operation occurs
    table13    encoders that are no message passing
    table14    weights of reconstruction and proxy
    table15    FGP on a share of the whole data set
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("published.csv")


@dataclass(frozen=True)
class Number:
    """A number of the paper."""

    mean: float
    std: float | None = None
    slip: str = ""
    """What is wrong with it; empty for most."""

    def __str__(self) -> str:
        text = f"{self.mean:.1f}" if self.std is None else f"{self.mean:.1f} ({self.std:.1f})"
        return text + (" [sic]" if self.slip else "")


@dataclass(frozen=True)
class Place:
    """Where a number stands."""

    group: str
    """The part of the table: an encoder, a share of the labels."""
    method: str
    """The row, under the name that our tables have for it."""
    space: str
    """nb101, nb201, nb301, nbgraph ..."""
    metric: str
    """tau, p1, p5 ..."""


def published(table: str) -> dict[Place, Number]:
    """The numbers of a table, such as `table1`, by place; empty for a name that is none of them."""
    return dict(_tables().get(table, {}))


@functools.cache
def _tables() -> dict[str, dict[Place, Number]]:
    """The numbers of all tables, in the order of the file."""
    tables: dict[str, dict[Place, Number]] = {}
    with FILE.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            place = Place(row["group"], row["method"], row["space"], row["metric"])
            std = float(row["std"]) if row["std"] else None
            number = Number(float(row["mean"]), std, row["slip"])
            tables.setdefault(row["table"], {})[place] = number
    return tables


ENCODING_SECONDS = {
    ("ResGatedGCN", "nb101"): 0.0021,
    ("ResGatedGCN", "nb201"): 0.0022,
    ("GIN", "nb101"): 0.0013,
    ("GIN", "nb201"): 0.0014,
    ("FlowerFormer", "nb101"): 0.1242,
    ("FlowerFormer", "nb201"): 0.0849,
}
"""Table 4: mean seconds to encode one architecture.

The figure's labels say 57 and 43 times as fast, the table 59 and 39; the text's 94 times is against
GIN.
"""

SURROGATE_SECONDS = {"nb101": 0.002, "nb201": 0.002, "nb301": 0.005}
"""Seconds to make one surrogate."""

TOTAL_SPEED_UP = 4.3
"""Of ResGatedGCN with FGP, pre-training included, over FlowerFormer's encoding alone.

On NAS-Bench-201.
"""
