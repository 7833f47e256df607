"""The rows of a table: a `Variant` is a method and what it changes of the options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nasflow.datasets import Dataset
from nasflow.errors import unknown_name
from nasflow.experiments.settings import SETTINGS
from nasflow.experiments.stages import Stages
from nasflow_paper.reproductions.base import ReproduceOptions

FLOOR = "gp"
"""The floor that the pages were made with; `nasflow evaluate` has a better one since."""
QUICK_SHARE = 0.1
"""Share of the architectures that --quick pre-trains on."""
QUICK: Mapping[str, Any] = {"encoder.width": 32, "pretrain.epochs": 4, "fit.epochs": 30}
QUICK_LAYERS = 3
_OF_LABELS = ("ratio", "n_validation", "group", "test_metric")
"""Options that say which rows are labelled and tested: the floor shares them with its group."""


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
NONE = Variant("none", "none")
GRAPHCL = Variant("GraphCL", "graphcl")
ARCH2VEC = Variant("Arch2vec", "arch2vec")
GMAE = Variant("GMAE", "gmae")
ZC_PROXY = Variant("ZC-Proxy", "proxy")
FLOW = Variant("FGP w/o proxy", "flow")
FGP = Variant("FGP", "flow+proxy")
METHODS = (NONE, GRAPHCL, ARCH2VEC, GMAE, ZC_PROXY, FLOW, FGP)


def with_options(
    variants: Sequence[Variant], group: str, options: Mapping[str, Any]
) -> list[Variant]:
    """The variants as another group that changes some more options."""
    return [replace(v, group=group, options={**v.options, **options}) for v in variants]


def with_encoder(variants: Sequence[Variant], group: str, encoder: str) -> list[Variant]:
    """The variants as a group with another encoder."""
    return [replace(v, group=group, encoder=encoder) for v in variants]


def spaces_of(spaces: Sequence[str], options: ReproduceOptions) -> tuple[str, ...]:
    """The spaces that are measured: with --quick a single one, unless some are named."""
    names = options.choose(spaces)
    if options.quick and options.spaces is None:
        return ("nb201",) if "nb201" in names else names[:1]
    return names


def floors(variants: Sequence[Variant]) -> list[Variant]:
    """The Gaussian process for each group, on the labels that its first variant has."""
    first: dict[str, Variant] = {}
    for variant in variants:
        first.setdefault(variant.group, variant)
    rows = []
    for group, variant in first.items():
        options = {name: variant.options[name] for name in _OF_LABELS if name in variant.options}
        rows.append(Variant(FLOOR, FLOOR, options, group=group))
    return rows


def stages_of(variant: Variant, space: str, quick: bool) -> Stages:
    """The options of a variant on a space."""
    stages = SETTINGS[space].stages(variant.method, variant.encoder)
    if quick:
        n_layers = min(QUICK_LAYERS, stages.encoder.n_layers)
        stages = stages.changed({**QUICK, "encoder.n_layers": n_layers})
    # the row's own come last, so that --quick shows them too
    stages = stages.changed({**variant.options, **variant.by_space.get(space, {})})
    if quick:
        # a share of the row's share; and a row about more epochs must not take more of them
        share = QUICK_SHARE * stages.protocol.pretrain_share
        epochs = min(QUICK["fit.epochs"], stages.fit.epochs)
        stages = stages.changed({"pretrain_share": share, "fit.epochs": epochs})
    return stages


def pretraining_epochs(variant: Variant, space: str, quick: bool) -> int:
    """The epochs of its pre-training."""
    epochs = stages_of(variant, space, quick).pretrain.epochs
    assert epochs is not None  # the options of every space say how many
    return epochs


def asked_for(variants: Sequence[Variant], options: ReproduceOptions) -> list[Variant]:
    """The variants that `options.only` names by group and label; the floor is always among them."""
    if options.only is None:
        return list(variants)
    groups = dict.fromkeys(variant.group for variant in variants)
    labels = dict.fromkeys(variant.label for variant in variants)
    for word in options.only:
        if word not in groups and word not in labels:
            raise unknown_name("row of this table", word, dict.fromkeys([*groups, *labels]))
    # where no group is named all are meant, and so with labels
    chosen_groups = [word for word in options.only if word in groups] or list(groups)
    chosen_labels = [word for word in options.only if word in labels] or list(labels)
    chosen_labels.append(FLOOR)
    return [v for v in variants if v.group in chosen_groups and v.label in chosen_labels]


def has_proxy(variant: Variant, space: str, dataset: Dataset) -> bool:
    """Whether the data set has the proxies of a variant; true for one that needs none."""
    if "proxy" not in variant.tasks:
        return True
    names = stages_of(variant, space, quick=False).pretrain.proxies
    free = [metric.name for metric in dataset.metrics.values() if not metric.trained]
    return bool(names) and all(name in free for name in names)
