"""activation: another activation than relu in the conversion, for all operations or for some.

    f[v] = alpha m[v] + (1 - alpha) activation([h[v], m[v]] W)

with relu (the paper), gelu, swish, tanh, and per operation: relu for convolutions, which are
followed by one in the networks too, tanh for everything else. Beside them the cure that the
question `magnitude` found. First what the surrogates tell apart and how much of them is alive,
without training; then pre-training on each, through the protocol. `--only separability` leaves the
training out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets import open_dataset
from nasflow.experiments.pictures import drawing
from nasflow.experiments.tables import paired, same_runs
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.collisions import SPACES as WHOLE
from nasflow_paper.questions.collisions import Distinct, distinct
from nasflow_paper.questions.explained import beyond_by_draw
from nasflow_paper.questions.spaces import SPACES
from nasflow_paper.reproductions.base import Block, Page, Picture, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.variants import NONE, Measured, Variant, measure

FloatArray = npt.NDArray[np.float64]

SEPARABILITY = "separability"
_CHANGES: Mapping[str, Mapping[str, Any]] = {
    "relu": {},
    "gelu": {"activation": "gelu"},
    "swish": {"activation": "swish"},
    "tanh": {"activation": "tanh"},
    "relu for convolutions, else tanh": {},
    "gelu, rescale 1/2": {"activation": "gelu", "rescale": 0.5, "sigma": 0.1},
}


def changes(name: str, vocabulary: Sequence[str]) -> dict[str, Any]:
    """The options of the surrogate that a row changes, on a space with the given operations."""
    if name != "relu for convolutions, else tanh":
        return dict(_CHANGES[name])
    return {"op_activations": {op: "tanh" for op in vocabulary if not op.startswith("conv")}}


@dataclass(frozen=True)
class Separability:
    """What surrogates of one configuration keep of a table."""

    different: Distinct
    n_constant: int
    """Components with one value throughout."""
    effective: float
    """How many directions carry the variance of the standardised surrogates
    (`effective_directions`).
    """
    beyond: list[float]
    """Share of the label's variance explained beyond counts of operations, draw after draw."""


def effective_directions(values: FloatArray) -> float:
    """(sum of eigenvalues)^2 / sum of their squares, of the covariance of rows (N, d): 1 to d; 0
    without variance.
    """
    eigenvalues = np.linalg.eigvalsh(np.cov(values, rowvar=False).reshape(values.shape[1], -1))
    return float(eigenvalues.sum() ** 2 / max(float((eigenvalues**2).sum()), 1e-300))


def separability(
    whole: ArchTable, space: str, config: SurrogateConfig, changed: Mapping[str, Any], n_draws: int
) -> Separability:
    """What surrogates keep of all cells of a space, and say about the labels of its data set."""
    setting = SPACES[space]
    dataset = setting.dataset()
    different = distinct(whole, config, changed)
    targets = (
        FlowSurrogate(dataset.table.n_ops, different.config).targets(dataset.table).double().numpy()
    )
    return Separability(
        different,
        int((np.ptp(targets, axis=0) == 0).sum()),
        effective_directions(targets),
        beyond_by_draw(dataset.table, dataset.labels(setting.metric), different.config, n_draws),
    )


def activation(options: ReproduceOptions) -> Page:
    """The page."""
    spaces = options.choose(tuple(WHOLE))
    found: dict[str, dict[str, Separability]] = {}
    n_draws, n_cells = 2 if options.quick else 5, {}
    with progress_bar(SEPARABILITY, len(spaces) * len(_CHANGES), show=options.progress) as advance:
        for space in spaces:
            source, config = WHOLE[space]
            whole = open_dataset(source).table
            if options.quick:
                whole = whole[np.sort(np.random.default_rng(0).permutation(len(whole))[:30_000])]
            found[space], n_cells[space] = {}, len(whole)
            for name in _CHANGES:
                found[space][name] = separability(
                    whole, space, config, changes(name, whole.vocabulary), n_draws
                )
                advance(f"{space}, {name}")
    notes: list[Block] = []
    for space, rows in found.items():
        own = WHOLE[space][1]
        notes += [
            (
                f"## What surrogates of {SPACES[space].title} tell apart\n\nk = {own.k}, sigma ="
                f" {own.sigma:g} (with rescale 1/2: 0.1); {n_cells[space]:,} cells."
            ),
            Table(_rows(rows)),
        ]
    notes.append(
        Picture(
            "separability",
            "graphs lost and label variance explained, by activation",
            partial(_draw, found=found),
        )
    )
    title = "Other activations than relu"
    done = (
        "The conversion of the surrogate with other activations, for all operations or for some;"
        " float64 where graphs are counted. The share of the label's variance that is explained"
        f" beyond counts of operations (see the question `correlation`) is the mean over {n_draws}"
        " draws, least to largest in brackets."
    )
    if options.only == (SEPARABILITY,):
        return Page(title, done, [_verdict(found), *notes], manifest={"spaces": list(found)})
    variants = [NONE, *(_variant(name, spaces) for name in _CHANGES)]
    pairs = [(label, "flow, relu") for label in (v.label for v in variants[2:])]
    pairs += [(v.label, "none") for v in variants[1:]]
    measured = measure(variants, spaces, options)
    verdict = "\n".join([_verdict(found), *after_pretraining(measured)])
    return page_of(
        Comparison(title, done, variants, spaces, pairs=pairs, notes=[verdict, *notes]),
        measured,
        options,
    )


def after_pretraining(measured: Measured) -> list[str]:
    """For each space with runs in common: which activation is furthest above relu, and which
    differences are clear.
    """
    lines = []
    for space in measured.datasets:
        entries = measured.of("ResGatedGCN", space)
        gains = {
            name: paired(entries, f"flow, {name}", "flow, relu")
            for name in _CHANGES
            if name != "relu" and same_runs(entries, f"flow, {name}", "flow, relu")
        }
        if not gains:
            continue
        best = max(gains, key=lambda name: gains[name].mean)
        clear = [f"{name} {100 * gain.mean:+.1f}" for name, gain in gains.items() if gain.clear]
        lines.append(
            f"* {SPACES[space].title}, after pre-training: {best} gains most on relu,"
            f" {100 * gains[best].mean:+.1f} points of tau; clear (interval over splits without 0)"
            f" are {len(clear)} of {len(gains)} differences to"
            f" relu{': ' if clear else ''}{', '.join(clear)}."
        )
    return lines


def _variant(name: str, spaces: Sequence[str]) -> Variant:
    by_space = {
        space: {
            f"surrogate.{option}": value
            for option, value in changes(
                name, open_dataset(WHOLE[space][0]).table.vocabulary
            ).items()
        }
        for space in spaces
    }
    return Variant(f"flow, {name}", "flow", by_space=by_space)


def _n_graphs(row: Separability) -> int:
    return row.different.n_distinct[1]


def _verdict(found: Mapping[str, Mapping[str, Separability]]) -> str:
    lines = ["## Verdict", ""]
    for space, rows in found.items():
        relu = rows["relu"]
        most = max(rows, key=lambda name: _n_graphs(rows[name]))
        best = max(rows, key=lambda name: float(np.mean(rows[name].beyond)))
        above = sum(a > b for a, b in zip(rows[best].beyond, relu.beyond, strict=True))
        dead = [name for name, row in rows.items() if row.n_constant]
        lines.append(
            f"* {SPACES[space].title}: relu tells {_n_graphs(relu):,} graphs apart, {most}"
            f" {_n_graphs(rows[most]):,}; constant components: {', '.join(dead) or 'none'}; of the"
            f" label's variance relu explains {100 * np.mean(relu.beyond):.1f} % beyond counts of"
            f" operations, {best} the most, {100 * np.mean(rows[best].beyond):.1f} % (more than"
            f" relu in {above} of {len(relu.beyond)} draws)."
        )
    return "\n".join(lines)


def _rows(rows: Mapping[str, Separability]) -> list[list[str]]:
    header = [
        "activation",
        "different",
        "at 1e-6",
        "constant components",
        "effective components",
        "beyond counts",
    ]
    return [
        header,
        *(
            [
                name,
                f"{_n_graphs(row):,}",
                f"{row.different.n_distinct[2]:,}",
                f"{row.n_constant} of {row.different.config.k}",
                f"{row.effective:.1f}",
                f"{np.mean(row.beyond):.3f} ({min(row.beyond):.3f} to {max(row.beyond):.3f})",
            ]
            for name, row in rows.items()
        ),
    ]


def _draw(path: Path, found: Mapping[str, Mapping[str, Separability]]) -> None:
    with drawing(path, (len(found), 2), (10, 2.6 * len(found)), dpi=85) as (_, axes):
        for line, (space, rows) in enumerate(found.items()):
            left, right = axes[2 * line : 2 * line + 2]
            names = list(rows)
            most = max(map(_n_graphs, rows.values()))
            left.barh(names, [most - _n_graphs(rows[name]) for name in names])
            left.set_title(f"{SPACES[space].title}: graphs lost to the best of these", fontsize=9)
            right.barh(
                names,
                [100 * float(np.mean(rows[name].beyond)) for name in names],
                color="tab:green",
            )
            right.set_title("% of the label's variance beyond counts", fontsize=9)
            right.set_yticklabels([])
            for panel in (left, right):
                panel.tick_params(labelsize=8)
                panel.invert_yaxis()
