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
from nasflow.experiments.tables import Difference, Entry, paired, same_runs
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.collisions import WHOLE, Distinct, distinct
from nasflow_paper.questions.explained import beyond_by_draw
from nasflow_paper.questions.rows import some_rows
from nasflow_paper.questions.spaces import CURE, SPACES
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, page_of
from nasflow_paper.reproductions.measured import MeasuredRuns, measure
from nasflow_paper.reproductions.variants import NONE, Variant

FloatArray = npt.NDArray[np.float64]

SEPARABILITY = "separability"
_PER_OPERATION = "relu for convolutions, else tanh"
_CHANGES: Mapping[str, Mapping[str, Any]] = {
    "relu": {},
    "gelu": {"activation": "gelu"},
    "swish": {"activation": "swish"},
    "tanh": {"activation": "tanh"},
    _PER_OPERATION: {},  # depends on the vocabulary
    "gelu, rescale 1/2": CURE,
}

_DONE = (
    "The conversion of the surrogate with other activations, for all operations or for some;"
    " float64 where graphs are counted. The share of the label's variance that is explained beyond"
    " counts of operations (see the question `correlation`) is the mean over {n_draws} draws, least"
    " to largest in brackets."
)
_ABOUT_SPACE = (
    "## What surrogates of {space} tell apart\n\n"
    "k = {k}, sigma = {sigma:g} (with rescale 1/2: 0.1); {n_cells:,} cells."
)
_WITHOUT_TRAINING = (
    "* {space}: relu tells {n_relu:,} graphs apart, {most} {n_most:,}; constant components:"
    " {constant}; of the label's variance relu explains {relu:.1f} % beyond counts of operations,"
    " {best} the most, {best_share:.1f} % (more than relu in {n_above} of {n_draws} draws)."
)
_AFTER_TRAINING = (
    "* {space}, after pre-training: {best} gains most on relu, {gain:+.1f} points of tau; clear"
    " (interval over splits without 0) are {n_clear} of {n} differences to relu{clear}."
)


def changes(name: str, vocabulary: Sequence[str]) -> dict[str, Any]:
    """The options of the surrogate that a row changes, on a space with the given operations."""
    if name != _PER_OPERATION:
        return dict(_CHANGES[name])
    return {"op_activations": {op: "tanh" for op in vocabulary if not op.startswith("conv")}}


@dataclass(frozen=True)
class Separability:
    """What surrogates of one configuration keep of a table."""

    different: Distinct
    n_constant: int
    """Components with one value throughout."""
    effective: float
    """How many directions carry the variance of the standardised surrogates."""
    beyond: list[float]
    """Share of the label's variance explained beyond counts of operations, draw after draw."""

    @property
    def n_graphs(self) -> int:
        """How many graphs are told apart."""
        return self.different.n_distinct[1]

    @property
    def mean_beyond(self) -> float:
        """The mean share over the draws."""
        return float(np.mean(self.beyond))


def effective_directions(values: FloatArray) -> float:
    """How many directions carry the variance of rows (N, d): 1 to d; 0 without variance.

    (sum of eigenvalues)^2 / sum of their squares, of the covariance.
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
    surrogate = FlowSurrogate(dataset.table.n_ops, different.config)
    targets = surrogate.targets(dataset.table).double().numpy()  # (N, k)
    return Separability(
        different,
        int((np.ptp(targets, axis=0) == 0).sum()),
        effective_directions(targets),
        beyond_by_draw(dataset.table, dataset.labels(setting.metric), different.config, n_draws),
    )


def activation(options: ReproduceOptions) -> Page:
    """Activations compared: what surrogates tell apart, and what pre-training on them gains."""
    spaces = options.choose(tuple(WHOLE))
    separated: dict[str, dict[str, Separability]] = {}
    n_draws = 2 if options.quick else 5
    n_cells = {}
    with progress_bar(SEPARABILITY, len(spaces) * len(_CHANGES), show=options.progress) as advance:
        for space in spaces:
            source, config = WHOLE[space]
            whole = open_dataset(source).table
            if options.quick:
                whole = whole[some_rows(np.arange(len(whole)), 30_000)]
            separated[space], n_cells[space] = {}, len(whole)
            for name in _CHANGES:
                changed = changes(name, whole.vocabulary)
                separated[space][name] = separability(whole, space, config, changed, n_draws)
                advance(f"{space}, {name}")
    notes: list[Block] = []
    for space, by_name in separated.items():
        config = WHOLE[space][1]
        about = _ABOUT_SPACE.format(
            space=SPACES[space].title, k=config.k, sigma=config.sigma, n_cells=n_cells[space]
        )
        notes.extend([about, PageTable(_rows(by_name))])
    words = "graphs lost and label variance explained, by activation"
    notes.append(Picture("separability", words, partial(_draw, separated=separated)))
    title, done = "Other activations than relu", _DONE.format(n_draws=n_draws)
    verdict = _verdict(separated)
    if options.only == (SEPARABILITY,):
        return Page(title, done, [verdict, *notes], manifest={"spaces": list(separated)})
    relu, *others = [_variant(name, spaces) for name in _CHANGES]
    pairs = [(variant.label, relu.label) for variant in others]
    pairs.extend((variant.label, NONE.label) for variant in (relu, *others))
    variants = [NONE, relu, *others]
    measured = measure(variants, spaces, options)
    verdict = "\n".join([verdict, *after_pretraining(measured)])
    return page_of(
        Comparison(title, done, variants, spaces, pairs=pairs, notes=[verdict, *notes]),
        measured,
        options,
    )


def after_pretraining(measured: MeasuredRuns) -> list[str]:
    """A line for each space with runs in common: the best activation, and clear differences."""
    lines = []
    for space in measured.datasets:
        gains = _gains_on_relu(measured.of("ResGatedGCN", space))
        if gains:
            lines.append(_gains_in_words(SPACES[space].title, gains))
    return lines


def _gains_on_relu(entries: Sequence[Entry]) -> dict[str, Difference]:
    """By activation, for those that have a run in common with relu."""
    relu = _label("relu")
    others = [name for name in _CHANGES if name != "relu"]
    return {
        name: paired(entries, _label(name), relu)
        for name in others
        if same_runs(entries, _label(name), relu)
    }


def _gains_in_words(space: str, gains: Mapping[str, Difference]) -> str:
    best = max(gains, key=lambda name: gains[name].mean)
    clear = [f"{name} {100 * gain.mean:+.1f}" for name, gain in gains.items() if gain.clear]
    return _AFTER_TRAINING.format(
        space=space,
        best=best,
        gain=100 * gains[best].mean,
        n_clear=len(clear),
        n=len(gains),
        clear=f": {', '.join(clear)}" if clear else "",
    )


def _label(name: str) -> str:
    return f"flow, {name}"


def _variant(name: str, spaces: Sequence[str]) -> Variant:
    by_space = {}
    for space in spaces:
        vocabulary = open_dataset(WHOLE[space][0]).table.vocabulary
        changed = changes(name, vocabulary)
        by_space[space] = {f"surrogate.{option}": value for option, value in changed.items()}
    return Variant(_label(name), "flow", by_space=by_space)


def _verdict(separated: Mapping[str, Mapping[str, Separability]]) -> str:
    lines = ["## Verdict", ""]
    for space, by_name in separated.items():
        relu = by_name["relu"]
        most = max(by_name, key=lambda name: by_name[name].n_graphs)
        best = max(by_name, key=lambda name: by_name[name].mean_beyond)
        constant = [name for name, row in by_name.items() if row.n_constant]
        # draw by draw: the spread over draws is larger than the difference
        n_above = sum(a > b for a, b in zip(by_name[best].beyond, relu.beyond, strict=True))
        lines.append(
            _WITHOUT_TRAINING.format(
                space=SPACES[space].title,
                n_relu=relu.n_graphs,
                most=most,
                n_most=by_name[most].n_graphs,
                constant=", ".join(constant) or "none",
                relu=100 * relu.mean_beyond,
                best=best,
                best_share=100 * by_name[best].mean_beyond,
                n_above=n_above,
                n_draws=len(relu.beyond),
            )
        )
    return "\n".join(lines)


def _rows(by_name: Mapping[str, Separability]) -> list[list[str]]:
    rows = [
        [
            "activation",
            "different",
            "at 1e-6",
            "constant components",
            "effective components",
            "beyond counts",
        ]
    ]
    for name, row in by_name.items():
        rows.append(
            [
                name,
                f"{row.n_graphs:,}",
                f"{row.different.n_distinct[2]:,}",
                f"{row.n_constant} of {row.different.config.k}",
                f"{row.effective:.1f}",
                f"{row.mean_beyond:.3f} ({min(row.beyond):.3f} to {max(row.beyond):.3f})",
            ]
        )
    return rows


def _draw(path: Path, separated: Mapping[str, Mapping[str, Separability]]) -> None:
    with drawing(path, (len(separated), 2), (10, 2.6 * len(separated)), dpi=85) as (_, axes):
        for line, (space, by_name) in enumerate(separated.items()):
            left, right = axes[2 * line : 2 * line + 2]
            names, rows = list(by_name), list(by_name.values())
            most = max(row.n_graphs for row in rows)
            left.barh(names, [most - row.n_graphs for row in rows])
            left.set_title(f"{SPACES[space].title}: graphs lost to the best of these", fontsize=9)
            right.barh(names, [100 * row.mean_beyond for row in rows], color="tab:green")
            right.set_title("% of the label's variance beyond counts", fontsize=9)
            right.set_yticklabels([])
            for panel in (left, right):
                panel.tick_params(labelsize=8)
                panel.invert_yaxis()
