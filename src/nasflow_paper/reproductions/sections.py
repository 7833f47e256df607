"""The words of a page around its tables: on the data, on the options, on all verdicts, on slips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nasflow.experiments.settings import SETTINGS
from nasflow.experiments.tables import Entry
from nasflow.experiments.tuned import tuned_options
from nasflow_paper.published import Number, Place, published
from nasflow_paper.reproductions.base import Block, PageTable
from nasflow_paper.reproductions.measured import MeasuredRuns
from nasflow_paper.reproductions.variants import FLOOR
from nasflow_paper.reproductions.verdict import Verdict


def about(space: str, measured: MeasuredRuns) -> str:
    """A heading with the label, what of it differs from the paper's, and the sizes of the split."""
    setting, dataset = SETTINGS[space], measured.datasets[space]
    entries = [entry for entry in measured.entries if entry["space"] == space]
    metric = dataset.metric(entries[0]["metric"] if entries else setting.metric)
    sentences = [
        f"Label: `{metric.name}`, {metric.description}.",
        f"Against the paper: {setting.differs}.",
    ]
    # several where the groups of a page have different shares of the labels
    sizes = [(entry["n_train"], entry["n_validation"], entry["n_test"]) for entry in entries]
    for n_train, n_validation, n_test in dict.fromkeys(sizes):
        sentences.append(
            f"{n_train} labels to train on, {n_validation} more to choose the epoch, {n_test:,} to"
            " test on."
        )
    if tuned_options(space):
        sentences.append(
            "Options of each method were chosen on the validation rows by `nasflow tune`."
        )
    else:
        sentences.append("Options are the package's defaults; they were not tuned.")
    n_runs = _runs_of_rows(entries)
    if n_runs:
        fewest, most = min(n_runs), max(n_runs)
        span = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        sentences.append(f"Runs of each row: {span}.")
    return f"## {setting.title}\n\n{' '.join(sentences)}"


def encoder_and_epochs(measured: MeasuredRuns, group: str, space: str) -> str:
    """The encoder and the epochs of a table's rows; all values that there are."""
    rows = []
    for row, options in measured.manifest.get("options", {}).items():
        # the floor has no encoder
        if row.startswith(f"{group}, {space}, ") and options["method"] != FLOOR:
            rows.append(options)
    pretrained = [options for options in rows if options["method"] != "none"]
    name = _values(rows, "encoder", "name")
    width = _values(rows, "encoder", "width")
    layers = _values(rows, "encoder", "n_layers")
    epochs = f"{_values(rows, 'fit', 'epochs')} epochs of fine-tuning"
    if pretrained:
        epochs += f", {_values(pretrained, 'pretrain', 'epochs')} of pre-training"
    return f"Encoder: {name}, width {width}, layers {layers}; {epochs}."


def _values(rows: Sequence[Mapping[str, Any]], stage: str, option: str) -> str:
    """The values of an option in the order in which rows have them."""
    values = [row[stage][option] for row in rows]
    return ", ".join(map(str, dict.fromkeys(values)))


def _runs_of_rows(entries: Sequence[Entry]) -> list[int]:
    """Number of runs of each row; of the floor, which has a run a split, none."""
    rows = [(entry["group"], entry["method"]) for entry in entries if entry["method"] != FLOOR]
    return list(Counter(rows).values())


def overview(verdicts: Mapping[tuple[str, str], Verdict]) -> list[Block]:
    """A table with a line for each verdict: whether the paper's order by tau was found."""
    if not verdicts:
        return []
    rows = [
        [
            "",
            "space",
            "best here",
            "best in the paper",
            "pairs as in the paper",
            "clear here, of these as in the paper",
            "means within the paper's std",
        ]
    ]
    against: list[str] = []
    for (group, space), v in verdicts.items():
        title = SETTINGS[space].title
        n_clear = len(v.clear_same) + len(v.clear_other)
        rows.append(
            [
                group,
                title,
                v.here[0],
                v.paper[0],
                f"{v.n_same}/{v.n_pairs}",
                f"{n_clear}, {len(v.clear_same)}" if v.has_intervals else "-",
                f"{v.n_within}/{len(v.here)}",
            ]
        )
        against.extend(f"{difference} ({group}, {title})" for difference in v.clear_other)
    n_best = sum(v.best_agrees for v in verdicts.values())
    n_same = sum(v.n_same for v in verdicts.values())
    n_pairs = sum(v.n_pairs for v in verdicts.values())
    if against:
        contradictions = f"Clear here and against the paper: {'; '.join(against)}."
    else:
        contradictions = "No difference that is clear here contradicts the paper's order."
    text = (
        f"## Does the order agree?\n\nBy tau, the paper's best method is the best here in {n_best}"
        f" of {len(verdicts)} comparisons, and {n_same} of {n_pairs} pairs of methods, each on the"
        f" runs that both have, stand as in the paper. {contradictions}"
    )
    return [text, PageTable(rows)]


def slips(tables: Sequence[str]) -> list[Block]:
    """What is wrong with numbers marked [sic]."""
    lines = []
    for table in tables:
        for place, number in published(table).items():
            if number.slip:
                lines.append(_slip(place, number))
    if not lines:
        return []
    return ["Numbers of the paper marked [sic] are kept as printed:\n\n" + "\n".join(lines)]


def _slip(place: Place, number: Number) -> str:
    """A line on one of them."""
    return f"* {place.group}, {place.method}, {place.metric} on {place.space}: {number.slip}."
