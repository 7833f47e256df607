"""`measure`: the runs of a table's rows on some spaces, through one grid and one journal.

All variants of all spaces are one grid, so that workers are never idle between them, and variants
that turn out equal share their runs, also across reproductions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nasflow.datasets import Dataset
from nasflow.experiments.grid import run_grid
from nasflow.experiments.kept import kept_key, keys_with_pretraining
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.runs import Run, plan
from nasflow.experiments.settings import SETTINGS
from nasflow.experiments.stages import Stages
from nasflow.experiments.tables import Entry
from nasflow.options.protocol import ProtocolConfig
from nasflow.running.journal import Journal
from nasflow_paper.reproductions.base import ReproduceOptions
from nasflow_paper.reproductions.variants import (
    FLOOR,
    Variant,
    asked_for,
    floors,
    has_proxy,
    spaces_of,
    stages_of,
)


@dataclass(frozen=True)
class MeasuredRuns:
    """What `measure` found."""

    entries: list[Entry]
    """Of the journal, with `space` and `group` beside, and the variant's label as `method`."""
    seconds: dict[tuple[str, str, str], float]
    """Mean seconds of pre-training by group, space and label; of those that pre-train."""
    left_out: list[str]
    """Sentences on variants that could not be measured, and why."""
    datasets: dict[str, Dataset]
    """The data sets by space."""
    manifest: dict[str, Any]
    """Data sets, options of every variant, keys of all runs: for the page's manifest."""

    def of(self, group: str, space: str) -> list[Entry]:
        """The entries of one table."""
        place = group, space
        return [entry for entry in self.entries if (entry["group"], entry["space"]) == place]


@dataclass(frozen=True)
class _Planned:
    """A run that counts for a row, whether it is made now or not."""

    run: Run
    variant: Variant
    space: str


def measure(
    variants: Sequence[Variant],
    spaces: Sequence[str],
    options: ReproduceOptions,
    *,
    floor: bool = True,
) -> MeasuredRuns:
    """Make the runs that are not in the journal yet, and return all that are.

    Each variant runs on the splits and with the seeds of `options`, by default three of each. Runs
    on other splits and seeds of the protocol that an earlier call left in the journal count too:
    the table has all there are.

    Args:
        variants: the rows, of one or more groups.
        spaces: the reproduction's own; those of `options` among them are measured.
        options: splits, seeds, spaces and variants to measure, jobs, folder.
        floor: whether each group has the Gaussian process (`gp`) too.

    Raises:
        ConfigError, UnknownNameError: a space or variant was asked for that is not there.
    """
    # the floor is a row like the others: it shares their grid, splits and journal
    if floor:
        variants = [*variants, *floors(variants)]
    names = spaces_of(spaces, options)
    chosen = asked_for(variants, options)
    datasets = {name: SETTINGS[name].dataset() for name in names}
    planned: list[_Planned] = []
    wanted: list[Run] = []
    left_out: dict[str, list[str]] = {}
    options_of_rows: dict[str, Any] = {}
    for space in names:
        for variant in variants:
            # left out with a sentence: one row that cannot be measured is no reason to measure none
            if not has_proxy(variant, space, datasets[space]):
                left_out.setdefault(space, []).append(variant.label)
                continue
            stages = stages_of(variant, space, options.quick)
            row = f"{variant.group}, {space}, {variant.label}"
            options_of_rows[row] = {"method": variant.method, **stages.to_dict()}
            if variant.source is not None:
                options_of_rows[row]["source"] = variant.source.label
            for run in _plan(variant, space, datasets[space], stages, options):
                # all that may count is planned, and only what is asked for is run
                planned.append(_Planned(run, variant, space))
                if variant in chosen and _is_asked_for(run, options):
                    wanted.append(run)
    run_grid(wanted, options.folder, options.jobs, ray=options.ray, progress=options.progress)
    # read anew: also what earlier calls left there counts
    journal = Journal(options.folder / "runs.jsonl").entries()
    made = [one for one in planned if kept_key(journal, one.run) in journal]
    # by this one sees whether two pages rest on the same data, options and runs
    manifest = {
        "spaces": {
            space: about_dataset(dataset, SETTINGS[space].metric)
            for space, dataset in datasets.items()
        },
        "options": options_of_rows,
        "runs": keys_with_pretraining(journal, [one.run for one in made]),
    }
    return MeasuredRuns(
        [_entry(one, journal[kept_key(journal, one.run)]) for one in made],
        _seconds(made, journal),
        [_not_measured(space, labels) for space, labels in left_out.items()],
        datasets,
        manifest,
    )


def _entry(planned: _Planned, entry: Entry) -> Entry:
    """The journal's entry of a run as one of a row: runs that are equal may serve several rows."""
    return {
        **entry,
        "space": planned.space,
        "group": planned.variant.group,
        "pretext": planned.variant.method,
        "method": planned.variant.label,
    }


def _not_measured(space: str, labels: Sequence[str]) -> str:
    """The sentence on rows that a space has no proxy for; a label may stand in several groups."""
    names = ", ".join(dict.fromkeys(labels))
    return f"Not measured on {SETTINGS[space].title}, for which no proxy is at hand: {names}."


def _plan(
    variant: Variant, space: str, dataset: Dataset, stages: Stages, options: ReproduceOptions
) -> list[Run]:
    """All runs that may count: splits and seeds are the protocol's and those of the options."""
    # those of the protocol are always among them: an earlier call may have left their runs
    default = ProtocolConfig()
    protocol = replace(
        stages.protocol,
        splits=tuple(dict.fromkeys((*default.splits, *_splits(options)))),
        seeds=tuple(dict.fromkeys((*default.seeds, *_seeds(options)))),
    )
    setting = SETTINGS[space]
    runs = plan(
        setting.source,
        dataset,
        setting.metric,
        (variant.method,),
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=stages.pretrain,
        fit=stages.fit,
        protocol=protocol,
    )
    if variant.source is None:
        return runs
    # the source's labels reach the pre-training: it must have the same split and seed
    source_stages = stages_of(variant.source, space, options.quick)
    source_runs = _plan(variant.source, space, dataset, source_stages, options)
    sources = {(run.split, run.seed): run for run in source_runs}
    return [replace(run, source=sources[run.split, run.seed]) for run in runs]


def _is_asked_for(run: Run, options: ReproduceOptions) -> bool:
    """Whether a run is on the splits and with the seeds that are measured now."""
    # the floor draws nothing: its one run on a split stands for all seeds
    return run.split in _splits(options) and (run.seed in _seeds(options) or run.method == FLOOR)


def _splits(options: ReproduceOptions) -> tuple[int, ...]:
    """The splits that are measured now."""
    default = ProtocolConfig().splits
    return options.splits or (default[:1] if options.quick else default)


def _seeds(options: ReproduceOptions) -> tuple[int, ...]:
    """The seeds of the model that are measured now."""
    default = ProtocolConfig().seeds
    return options.seeds or (default[:1] if options.quick else default)


def _seconds(
    made: Sequence[_Planned], journal: Mapping[str, Entry]
) -> dict[tuple[str, str, str], float]:
    """Mean seconds of pre-training by group, space and label."""
    by_row: dict[tuple[str, str, str], dict[str, float]] = {}
    for one in made:
        pretraining = one.run.pretraining
        key = None if pretraining is None else kept_key(journal, pretraining)
        if key is not None and key in journal:
            # by key, so that a pre-training that several runs share counts once
            row = (one.variant.group, one.space, one.variant.label)
            by_row.setdefault(row, {})[key] = float(journal[key]["seconds"])
    return {row: sum(seconds.values()) / len(seconds) for row, seconds in by_row.items()}
