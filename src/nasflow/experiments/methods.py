"""What a method of a grid is: a name, and what it stands for.

    none                the encoder without pre-training
    flow, flow+proxy    the encoder after pretext tasks, joined by +
    none@all, flow@all  the same, trained on the validation rows too: a fixed number of epochs, and
                        a running mean of the weights in place of a chosen epoch
    features            a Gaussian process on hand-made features of the graph, the floor in every
                        table
    features+proxy      the same with the ranks of zero-cost columns
    trees               extremely randomised trees on these features
    blend-fast          Gaussian processes and trees, weighted by how they predict unseen labels
    blend               the same with the encoder, newly drawn and pre-trained
    gp                  the floor of earlier versions: counts of the graph as it is written

All but the encoder, which chooses its epoch on them, train on the validation rows as well. Nothing
here imports torch or scikit-learn: the command line asks for names before they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nasflow.errors import unknown_name
from nasflow.prediction.members.registry import FAST
from nasflow.pretext.registry import PRETEXTS, pretext_names

FLOOR = "features"
"""Without a network or a pre-training: what every other method has to beat."""

ALL = "@all"
"""What stands behind a method that trains on the validation rows too."""

Columns = Literal["none", "fit", "any"]


@dataclass(frozen=True)
class Method:
    """What is trained, and on what."""

    tasks: tuple[str, ...] = ()
    """The pretext tasks before it."""
    members: tuple[str, ...] = ()
    """The members of a blend; none where the encoder alone is fine-tuned."""
    validation_trains: bool = False
    """Whether the validation rows are trained on like the others."""
    draws: bool = True
    """Whether anything is drawn: if not, one seed says all."""
    columns: Columns = "fit"
    """The zero-cost columns beside the graph: none, those of `fit.proxies`, or, where these are
    none, those that the pretext task proxy ranks by."""

    @property
    def encodes(self) -> bool:
        """Whether the encoder takes part."""
        return not self.members or "encoder" in self.members


_NAMED = {
    "none": Method(),
    FLOOR: Method((), ("graph-gp",), True, False, "none"),
    "features+proxy": Method((), ("gp",), True, False, "any"),
    "trees": Method((), ("trees",), True),
    "blend-fast": Method((), FAST, True),
    # pre-trained on graphs as they compute, where their wiring varies at all
    "blend": Method(("flow",), (*FAST, "encoder", "pretrained-encoder"), True),
    # no member of a blend, but not an encoder either
    "gp": Method((), ("counts",), False, False, "none"),
}
NAMED_METHODS = tuple(_NAMED)
"""All methods but pretext tasks."""

WITHOUT_ENCODER = tuple(name for name, method in _NAMED.items() if not method.encodes)
"""The methods that have no encoder, and so no pre-training."""


def method_of(name: str) -> Method:
    """What a name stands for.

    Raises:
        UnknownNameError: it is no method; the message names the nearest.
    """
    if name in _NAMED:
        return _NAMED[name]
    # what trains, and what on, are told apart: any tasks may stand before @all
    base = name.removesuffix(ALL)
    tasks = () if base == "none" else tuple(base.split("+"))
    for task in tasks:
        if task not in PRETEXTS:
            raise unknown_name("method", task, method_names())
    return Method(tasks, validation_trains=name.endswith(ALL))


def draws(name: str) -> bool:
    """Whether a method draws anything; so does a row of a page that is no method by its name."""
    return _NAMED[name].draws if name in _NAMED else True


def validation_trains(name: str) -> bool:
    """Whether a method trains on the validation rows; a name that is no method's does not."""
    return _NAMED[name].validation_trains if name in _NAMED else name.endswith(ALL)


def method_names() -> list[str]:
    """All names, those of pretext tasks as they stand alone."""
    return [*NAMED_METHODS, *pretext_names()]


def check_methods(methods: Iterable[str]) -> None:
    """Return if all are names of methods.

    Raises:
        UnknownNameError: one is not; the message names the nearest.
    """
    for method in methods:
        method_of(method)


def tasks_of(methods: Iterable[str]) -> list[str]:
    """The pretext tasks of some methods, those that do not exist among them."""
    tasks: set[str] = set()
    for method in methods:
        if method not in _NAMED:
            # an empty one is the user's slip of a comma or a plus, which others report
            tasks |= set(method.removesuffix(ALL).split("+")) - {"none", ""}
    return sorted(tasks)
