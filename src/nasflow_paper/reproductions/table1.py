"""table1: three encoders, six pre-trainings, three spaces, 1 % of the labels (the paper's table
1).
"""

from __future__ import annotations

from nasflow.experiments.settings import PAPER_SPACES, SETTINGS
from nasflow_paper.published import Number
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import Comparison, compared, page_of, papers_numbers
from nasflow_paper.reproductions.variants import METHODS, Measured, measure, with_encoder

AGAINST_NONE = [(variant.label, "none") for variant in METHODS[1:]]
PAIRS = [
    *AGAINST_NONE,
    ("FGP", "ZC-Proxy"),
    ("FGP", "GMAE"),
    ("FGP", "FGP w/o proxy"),
    ("FGP w/o proxy", "GMAE"),
]
ENCODERS = {"ResGatedGCN": "resgatedgcn", "GIN": "gin", "FlowerFormer": "flowerformer"}
ACROSS = [
    ("ResGatedGCN, FGP", "FlowerFormer, none"),
    ("GIN, FGP", "FlowerFormer, none"),
    ("ResGatedGCN, FGP", "FlowerFormer, FGP"),
]
"""The paper's claim: a simple encoder that was pre-trained by FGP needs no architecture that
follows the flow.
"""


def table1(options: ReproduceOptions) -> Page:
    """The page."""
    done = (
        "Each encoder without pre-training (`none`) and after each pre-training on all"
        " architectures, fine-tuned on 1 % of the training half. FGP is flow and proxy together;"
        " the paper has FGP w/o proxy in its ablation alone. What it costs to choose the epoch,"
        " P@1% on NAS-Bench-201 above all, is measured by `nasflow reproduce epoch`."
    )
    variants = [
        variant
        for group, name in ENCODERS.items()
        for variant in with_encoder(METHODS, group, name)
    ]
    measured = measure(variants, PAPER_SPACES, options)
    return page_of(
        Comparison(
            "Table 1: performance prediction from 1 % of the labels",
            done,
            variants,
            PAPER_SPACES,
            ["table1"],
            PAIRS,
            notes=across_encoders(measured),
        ),
        measured,
        options,
    )


def across_encoders(measured: Measured) -> list[Block]:
    """Differences between methods of two encoders, space by space; nothing where no two have runs
    in common.
    """
    table: list[list[str]] = []
    for space in measured.datasets:
        entries = [
            {**entry, "method": f"{group}, {entry['method']}"}
            for group in ENCODERS
            for entry in measured.of(group, space)
        ]
        paper: dict[str, dict[str, Number]] = {}
        for group in ENCODERS:
            for metric, numbers in papers_numbers(["table1"], group, space).items():
                paper.setdefault(metric, {}).update(
                    {f"{group}, {label}": n for label, n in numbers.items()}
                )
        if differences := compared(entries, ACROSS, paper):
            header, *rows = differences
            table = table or [["space", *header]]
            table += [[SETTINGS[space].title, *row] for row in rows]
    if not table:
        return []
    return [
        (
            "## Does a simple encoder with FGP need no architecture that follows the flow?\n\nThat"
            " is the paper's claim. FlowerFormer passes messages along the flow itself; the others"
            " see an undirected graph."
        ),
        Table(table),
    ]
