"""blend: several Gaussian processes over graph features, which err differently.

Each sees other groups of features (`nasflow.features`), as the members of `nasflow.Blend` do, and
as there their weights come from what each says of results that it did not have. A proposal has the
largest expected improvement of the mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nasflow.features.make import Features, setting_of
from nasflow.features.registry import NUMBER_GROUPS
from nasflow.graphs.table import ArchTable
from nasflow.prediction.blend import GROUPS
from nasflow.prediction.members.registry import MEMBERS, PROCESSES
from nasflow.running.cached import cached_property
from nasflow.search.belief import AnyPosterior, MixedPosterior, View
from nasflow.search.candidates import Listed
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.search.strategies.bayesian import PRIOR, Bayesian, BayesianConfig
from nasflow.statistics.ranks import normal_scores

_N_SAMPLES = 256  # to see what the graphs of a space look like that is too large to list


@dataclass(frozen=True)
class BlendConfig(BayesianConfig):
    """The options of blend."""

    strategy: str = "blend"
    proxies: tuple[str, ...] = ()
    """Known quantities (columns or functions) whose ranks join the features."""
    members: tuple[str, ...] = PROCESSES
    """The Gaussian processes, by the names that the members of a blend have; where nodes or graphs
    carry numbers, two that read these join them."""
    ridge: float = 3.0
    """How strongly their weights are drawn to equal ones."""
    n_rows: int = 2_000
    """Random architectures to rank proxies among where a space is too large to list."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._names("proxies")
        self._names("members")
        if not self.members or not set(self.members) <= set(PROCESSES):
            raise self._wrong("members", self.members, f"one or more of {', '.join(PROCESSES)}")
        self._number("ridge", 0)
        self._positive_int("n_rows")


class BlendSearch(Bayesian):
    """Expected improvement of a mixture of Gaussian processes."""

    Config = BlendConfig
    config: BlendConfig

    def bind(self, problem: Problem, whole: Listed | None) -> Self:
        """Say what is searched; the proxies must be known there."""
        for name in self.config.proxies:
            problem.known.require(name)
        return super().bind(problem, whole)

    def features(self, elements: ArchTable) -> FloatArray:
        """(N, d): the groups that the members see, one after another."""
        # a listed space is looked at before every proposal
        if self.whole is not None and elements is self.whole.table:
            return self._features_of_whole
        return self._made(elements)

    def groups(self) -> Sequence[int]:
        """The sizes of the groups."""
        return list(self._features_maker.sizes.values())

    def _posterior(self, rows: FloatArray, utility: FloatArray, pool: FloatArray) -> AnyPosterior:
        parts = [(view, view.posterior(rows, utility, pool)) for view in self._views]
        return MixedPosterior(parts, rows, normal_scores(utility), self.config.ridge)

    def _made(self, elements: ArchTable) -> FloatArray:
        maker, known = self._features_maker, self.problem.known
        columns = {name: known.values(name, elements) for name in self.config.proxies}
        # columns of counts must mean the same operations in every table
        table = elements.with_vocabulary(maker.setting.vocabulary)
        features = maker(table, columns or None)
        if table.has_numbers:
            # in place: of a listed space this is much
            features -= self._units[0]
            features /= self._units[1]
        return features

    @cached_property
    def _units(self) -> tuple[FloatArray, FloatArray]:
        """(d,) twice: what columns of numbers are measured from and in; of others 0 and 1.

        A process takes its units from the results, and a column in which the first ones agree, such
        as one of sums in millions, has none: there any other element would be out of all reach.
        """
        sizes = self._features_maker.sizes
        maker = Features(self._features_maker.setting, NUMBER_GROUPS)
        samples = self._samples
        if len(samples) > _N_SAMPLES:
            # the first of a listed space are all alike
            samples = samples[np.random.RandomState(0).permutation(len(samples))[:_N_SAMPLES]]
        numbers = maker(samples.with_vocabulary(maker.setting.vocabulary))
        middle, deviation = numbers.mean(axis=0), numbers.std(axis=0)
        # by rounding alone equal values have a deviation as well; such a column is 0
        deviation[deviation <= 1e-9 * np.abs(middle)] = np.inf
        before = np.zeros(sum(sizes.values()) - len(middle))  # columns of other groups come first
        return np.concatenate([before, middle]), np.concatenate([before + 1, deviation])

    @cached_property
    def _features_of_whole(self) -> FloatArray:
        assert self.whole is not None
        return self._made(self.whole.table)

    @cached_property
    def _features_maker(self) -> Features:
        """The groups over the operations of the space, ranks among its elements."""
        elements, known = self._samples, self.problem.known
        vocabulary = tuple(dict.fromkeys([*self.problem.space.ops, *elements.vocabulary]))
        reference = {name: known.values(name, elements) for name in self.config.proxies}
        setting = setting_of(elements.with_vocabulary(vocabulary), reference or None)
        groups = [*GROUPS, *(["proxies"] if reference else [])]
        # of spaces of sizes most of what there is to know
        groups += NUMBER_GROUPS if elements.has_numbers else ()
        return Features(setting, groups)

    @cached_property
    def _samples(self) -> ArchTable:
        """What shows what the graphs look like; all of a listed space."""
        if self.whole is not None:
            return self.whole.table
        # the same whatever the search's seed, so that the features do not depend on it
        rng = np.random.default_rng(0)
        n_rows = self.config.n_rows if self.config.proxies else _N_SAMPLES
        return ArchTable.from_architectures([self.problem.space.sample(rng) for _ in range(n_rows)])

    @cached_property
    def _views(self) -> list[View]:
        """The members' columns."""
        sizes = self._features_maker.sizes
        starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
        views: list[View] = []
        members = self.config.members
        if self._samples.has_numbers:
            members += ("totals-gp", "sums-gp")
        for name in members:
            # a group may be there without a column: numbers of nodes, where only graphs have some
            seen = [group for group in MEMBERS.find(name).groups if sizes.get(group)]
            columns: list[int] = []
            for group in seen:
                columns += range(starts[group], starts[group] + sizes[group])
            # without proxies two members may see the same
            if not any(view.columns == columns for view in views):
                views.append(View(columns, [sizes[group] for group in seen], PRIOR))
        return views
