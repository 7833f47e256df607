"""`measure`: the runs of a table's rows on some spaces, through one grid and one journal.

A row is a `Variant`: a method and what it changes of the options. All variants of all spaces are
one grid, so that workers are never idle between them, and variants that turn out equal share their
runs, also across reproductions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nasflow.datasets import Dataset
from nasflow.errors import unknown_name
from nasflow.experiments.grid import run_grid
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.runs import Run, plan
from nasflow.experiments.settings import SETTINGS
from nasflow.experiments.stages import Stages
from nasflow.experiments.tables import Entry
from nasflow.options.protocol import ProtocolConfig
from nasflow.running.journal import Journal
from nasflow_paper.reproductions.base import ReproduceOptions

FLOOR = "gp"
QUICK_SHARE = 0.1
"""Share of the architectures that --quick pre-trains on."""
QUICK: Mapping[str, Any] = {"encoder.width": 32, "pretrain.epochs": 4, "fit.epochs": 30}
QUICK_LAYERS = 3


@dataclass(frozen=True)
class Variant:
    """A row of a table."""

    label: str
    """Its name in the table."""
    method: str
    """none, gp, or pretext tasks joined by +."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What it changes, by dotted names."""
    by_space: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What it changes besides on some of the spaces."""
    group: str = "ResGatedGCN"
    """The table that it is a row of, where a page has several for each space."""
    encoder: str = "resgatedgcn"
    """Registered name of its encoder."""
    source: Variant | None = None
    """The variant whose fitted encoder gives the vectors that the task `vectors` reconstructs."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of its pretext tasks."""
        return tuple(self.method.split("+"))


# the rows of the paper's main table, under the names that it has for them
NONE, GRAPHCL, ARCH2VEC, GMAE = (
    Variant("none", "none"),
    Variant("GraphCL", "graphcl"),
    Variant("Arch2vec", "arch2vec"),
    Variant("GMAE", "gmae"),
)
ZC_PROXY, FLOW, FGP = (
    Variant("ZC-Proxy", "proxy"),
    Variant("FGP w/o proxy", "flow"),
    Variant("FGP", "flow+proxy"),
)
METHODS = (NONE, GRAPHCL, ARCH2VEC, GMAE, ZC_PROXY, FLOW, FGP)


def with_options(
    variants: Sequence[Variant], group: str, options: Mapping[str, Any]
) -> list[Variant]:
    """The variants as another group that changes some more options."""
    return [replace(v, group=group, options={**v.options, **options}) for v in variants]


def with_encoder(variants: Sequence[Variant], group: str, encoder: str) -> list[Variant]:
    """The variants as a group with another encoder."""
    return [replace(v, group=group, encoder=encoder) for v in variants]


@dataclass(frozen=True)
class Measured:
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
        return [
            entry for entry in self.entries if entry["group"] == group and entry["space"] == space
        ]


def measure(
    variants: Sequence[Variant],
    spaces: Sequence[str],
    options: ReproduceOptions,
    *,
    floor: bool = True,
) -> Measured:
    """Make the runs that are not in the journal yet, and return all that are.

    Each variant runs on the splits and with the seeds of `options`, by default three of each. Runs
    on other splits
    and seeds of the protocol that an earlier call left in the journal count too: the table has all
    there are.

    Args:
        variants: the rows, of one or more groups.
        spaces: the reproduction's own; those of `options` among them are measured.
        options: splits, seeds, spaces and variants to measure, jobs, folder.
        floor: whether each group has the Gaussian process (`gp`) too.

    Raises:
        ConfigError, UnknownNameError: a space or variant was asked for that is not there.
    """
    if floor:
        variants = [*variants, *_floors(variants)]
    names = spaces_of(spaces, options)
    chosen = _asked_for(variants, options)
    datasets = {name: SETTINGS[name].dataset() for name in names}
    planned: list[tuple[Run, Variant, str]] = []
    wanted: list[Run] = []
    left_out: dict[str, list[str]] = {}
    of_variant: dict[str, Any] = {}
    for space in names:
        for variant in variants:
            if not has_proxy(variant, space, datasets[space]):
                left_out.setdefault(space, []).append(variant.label)
                continue
            stages = stages_of(variant, space, options.quick)
            of_variant[f"{variant.group}, {space}, {variant.label}"] = {
                "method": variant.method,
                **stages.to_dict(),
                **({} if variant.source is None else {"source": variant.source.label}),
            }
            for run in _plan(variant, space, datasets[space], stages, options):
                planned.append((run, variant, space))
                now = run.split in _splits(options) and (
                    run.seed in _seeds(options) or variant.method == FLOOR
                )
                if variant in chosen and now:
                    wanted.append(run)
    run_grid(wanted, options.folder, options.jobs, ray=options.ray, progress=options.progress)
    known = Journal(options.folder / "runs.jsonl").entries()
    entries: list[Entry] = [
        {
            **known[run.key],
            "space": space,
            "group": variant.group,
            "pretext": variant.method,
            "method": variant.label,
        }
        for run, variant, space in planned
        if run.key in known
    ]
    manifest = {
        "spaces": {
            space: about_dataset(datasets[space], SETTINGS[space].metric) for space in names
        },
        "options": of_variant,
        "runs": {
            run.key: None if run.pretraining is None else run.pretraining.digest()
            for run, _, _ in planned
            if run.key in known
        },
    }
    sentences = [
        f"Not measured on {SETTINGS[space].title}, for which no proxy is at hand: "
        f"{', '.join(dict.fromkeys(labels))}."
        for space, labels in left_out.items()
    ]
    return Measured(entries, _seconds(planned, known), sentences, datasets, manifest)


def spaces_of(spaces: Sequence[str], options: ReproduceOptions) -> tuple[str, ...]:
    """Those of `spaces`, a reproduction's own, that are measured: with --quick a single one unless
    some are named.
    """
    names = options.choose(spaces)
    if options.quick and options.spaces is None:
        return ("nb201",) if "nb201" in names else names[:1]
    return names


def _floors(variants: Sequence[Variant]) -> list[Variant]:
    """The Gaussian process for each group, on the labels that its first variant has."""
    first = {variant.group: variant for variant in reversed(variants)}
    shared = ("ratio", "n_validation", "group", "test_metric")
    return [
        Variant(
            FLOOR,
            FLOOR,
            {name: first[group].options[name] for name in shared if name in first[group].options},
            group=group,
        )
        for group in dict.fromkeys(v.group for v in variants)
    ]


def stages_of(variant: Variant, space: str, quick: bool) -> Stages:
    """The options of a variant on a space."""
    stages = SETTINGS[space].stages(variant.method, variant.encoder)
    if quick:
        stages = stages.changed(
            {**QUICK, "encoder.n_layers": min(QUICK_LAYERS, stages.encoder.n_layers)}
        )
    stages = stages.changed({**variant.options, **variant.by_space.get(space, {})})
    if quick:
        stages = stages.changed(
            {
                "pretrain_share": QUICK_SHARE * stages.protocol.pretrain_share,
                "fit.epochs": min(QUICK["fit.epochs"], stages.fit.epochs),
            }
        )
    return stages


def _plan(
    variant: Variant, space: str, dataset: Dataset, stages: Stages, options: ReproduceOptions
) -> list[Run]:
    """All runs that may count: on the splits and with the seeds of the protocol and of the
    options.
    """
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
    of_source = _plan(
        variant.source, space, dataset, stages_of(variant.source, space, options.quick), options
    )
    sources = {(run.split, run.seed): run for run in of_source}
    return [replace(run, source=sources[run.split, run.seed]) for run in runs]


def _splits(options: ReproduceOptions) -> tuple[int, ...]:
    default = ProtocolConfig().splits
    return options.splits or (default[:1] if options.quick else default)


def _seeds(options: ReproduceOptions) -> tuple[int, ...]:
    default = ProtocolConfig().seeds
    return options.seeds or (default[:1] if options.quick else default)


def _asked_for(variants: Sequence[Variant], options: ReproduceOptions) -> list[Variant]:
    """The variants that `options.only` names by group and label; the floor is always among them."""
    if options.only is None:
        return list(variants)
    groups, labels = {v.group for v in variants}, {v.label for v in variants}
    for word in options.only:
        if word not in groups | labels:
            raise unknown_name(
                "row of this table",
                word,
                dict.fromkeys([*(v.group for v in variants), *(v.label for v in variants)]),
            )
    of_groups, of_labels = (
        groups & set(options.only) or groups,
        labels & set(options.only) or labels,
    )
    return [
        v for v in variants if v.group in of_groups and (v.label in of_labels or v.label == FLOOR)
    ]


def has_proxy(variant: Variant, space: str, dataset: Dataset) -> bool:
    """Whether the data set has the proxies of a variant; true for one that needs none."""
    if "proxy" not in variant.tasks:
        return True
    names = stages_of(variant, space, quick=False).pretrain.proxies
    free = [metric.name for metric in dataset.metrics.values() if not metric.trained]
    return bool(names) and all(name in free for name in names)


def _seconds(
    planned: Sequence[tuple[Run, Variant, str]], known: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, str, str], float]:
    by_variant: dict[tuple[str, str, str], dict[str, float]] = {}
    for run, variant, space in planned:
        digest = "" if run.pretraining is None else run.pretraining.digest()
        if run.key in known and digest in known:
            by_variant.setdefault((variant.group, space, variant.label), {})[digest] = float(
                known[digest]["seconds"]
            )
    return {place: sum(own.values()) / len(own) for place, own in by_variant.items()}
