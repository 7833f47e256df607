"""table1: three encoders, six pre-trainings, three spaces, 1 % of labels (the paper's table 1)."""

from __future__ import annotations

from nasflow.experiments.settings import PAPER_SPACES, SETTINGS
from nasflow.experiments.tables import Entry
from nasflow_paper.published import Number
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compared, page_of, papers_numbers
from nasflow_paper.reproductions.measured import MeasuredRuns, measure
from nasflow_paper.reproductions.variants import METHODS, with_encoder

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
"""The paper's claim: a simple encoder with FGP needs no architecture that follows the flow."""


def table1(options: ReproduceOptions) -> Page:
    """The page on three encoders, each after every pre-training."""
    done = (
        "Each encoder without pre-training (`none`) and after each pre-training on all"
        " architectures, fine-tuned on 1 % of the training half. FGP is flow and proxy together;"
        " the paper has FGP w/o proxy in its ablation alone. What it costs to choose the epoch,"
        " P@1% on NAS-Bench-201 above all, is measured by `nasflow reproduce epoch`."
    )
    variants = []
    for group, encoder in ENCODERS.items():
        variants.extend(with_encoder(METHODS, group, encoder))
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


def across_encoders(measured: MeasuredRuns) -> list[Block]:
    """Differences between methods of two encoders, by space; nothing where none share runs."""
    table: list[list[str]] = []
    for space in measured.datasets:
        entries, paper = _of_all_encoders(measured, space)
        if differences := compared(entries, ACROSS, paper):
            header, *rows = differences
            if not table:  # the first space that has any brings the header
                table.append(["space", *header])
            table.extend([SETTINGS[space].title, *row] for row in rows)
    if not table:
        return []
    text = (
        "## Does a simple encoder with FGP need no architecture that follows the flow?\n\nThat"
        " is the paper's claim. FlowerFormer passes messages along the flow itself; the others"
        " see an undirected graph."
    )
    return [text, PageTable(table)]


def _of_all_encoders(
    measured: MeasuredRuns, space: str
) -> tuple[list[Entry], dict[str, dict[str, Number]]]:
    """Our runs and the paper's numbers of a space, each named by its encoder and its method."""
    # labels alone would not do: `none` and `FGP` are rows of every encoder
    entries: list[Entry] = []
    paper: dict[str, dict[str, Number]] = {}
    for group in ENCODERS:
        for entry in measured.of(group, space):
            entries.append({**entry, "method": f"{group}, {entry['method']}"})
        for metric, numbers in papers_numbers(["table1"], group, space).items():
            for label, number in numbers.items():
                paper.setdefault(metric, {})[f"{group}, {label}"] = number
    return entries, paper
