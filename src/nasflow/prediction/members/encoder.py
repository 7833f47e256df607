"""encoder, pretrained-encoder: the graph network, fine-tuned on all labels.

No label is held back to choose an epoch: the number of epochs is fixed, and what counts is a
running mean of the weights (`nasflow.prediction.finetune`). What the network would have said
without a row's label comes from networks that are trained on folds and then thrown away, for each
has seen a fifth less.

It sees graphs as they compute: what hangs dead has no part in the label, and only draws the eye.

Pre-training helps on some spaces and harms on others, and nothing but labels tells which: a blend
has the network with and without it, which also err differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nasflow.encoders.make import config_for, make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.training import ALL_LABELS, FitConfig
from nasflow.prediction.finetune import fine_tune
from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows, folds
from nasflow.prediction.scale import rising_line
from nasflow.prediction.scorer import Scorer, scores
from nasflow.running.seeding import seeded

Which = npt.NDArray[np.int64]

N_FOLDS = 5


class EncoderMember(Member):
    """A fine-tuned graph network.

    Args:
        seed: of heads, batches and folds.
        encoder: options of the graph network.
        start: its weights, such as pre-trained ones; by default newly drawn.
        fit: how it is fine-tuned.
        device: where to compute.
        as_computed: whether it sees graphs as they compute, or as they are written.
        units: the numbers that it reads, such as those that `start` was pre-trained with; by
            default those of the labelled rows.
    """

    groups: ClassVar[tuple[str, ...]] = ("proxies",)
    reads_graph = True
    is_network = True

    def __init__(
        self,
        seed: int = 0,
        encoder: EncoderConfig | None = None,
        start: Mapping[str, Tensor] | None = None,
        fit: FitConfig = ALL_LABELS,
        device: str = "cpu",
        as_computed: bool = True,
        units: NumberUnits | None = None,
    ) -> None:
        super().__init__(seed)
        self.encoder = encoder or EncoderConfig()
        self.start = start
        self.fit_config = fit
        self.device = device
        self.as_computed = as_computed
        self.units = units

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        table, extra = self._inputs(rows)
        # weights that were pre-trained have units that belong to them; new ones take the rows' own
        if self.units is None:
            self.units = NumberUnits.of(table)
        self.encoder = config_for(self.encoder, table)
        self._network: _Network | None = None
        n_rows = len(scores)
        unseen = np.full(n_rows, scores.mean())
        # labels that are all the same hold no pair to rank: the mean is all there is to say
        self._line, self._deviation = np.array([scores.mean(), 0.0]), float(scores.std()) or 1.0
        self._unseen = unseen
        if np.ptp(scores) == 0:
            return self
        self._network = self._trained(table, extra, scores, np.arange(n_rows))
        fold = folds(n_rows, N_FOLDS, self.seed)
        for number in range(fold.max() + 1):
            trained, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            # of two labels each fold leaves one, which ranks nothing
            if np.ptp(scores[trained]) == 0:
                continue
            network = self._trained(table, extra, scores, trained)
            unseen[held_out] = network(table[held_out], _at(extra, held_out))
        # a network orders rows that it was trained on too well, so that what it says of others is
        # spread too wide: this line brings it back
        self._line = np.array(rising_line(unseen, scores))
        self._unseen = self._line[0] + self._line[1] * unseen
        self._deviation = float(np.sqrt(((self._unseen - scores) ** 2).mean()))
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        table, extra = self._inputs(rows)
        said = np.zeros(len(table)) if self._network is None else self._network(table, extra)
        return self._with_deviation(self._line[0] + self._line[1] * said)

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        return self._with_deviation(self._unseen)

    def state(self) -> dict[str, FloatArray]:
        """See `Member.state`: the network, and the lines that bring what it says to scores."""
        state = {"line": self._line, "deviation": np.array([self._deviation])}
        # there is none where all labels are equal
        if self._network is not None:
            state["network_line"] = self._network.line
            for name, tensor in self._network.scorer.state_dict().items():
                state[f"weights.{name}"] = tensor.cpu().numpy()
        return state

    def restore(self, rows: Rows, scores: FloatArray, state: Mapping[str, FloatArray]) -> Self:
        """See `Member.restore`."""
        del scores  # they are in the network
        table, extra = self._inputs(rows)
        if self.units is None:
            self.units = NumberUnits.of(table)
        self._line, self._deviation = state["line"], float(state["deviation"][0])
        self._network = None
        if "network_line" in state:
            weights = {}
            for name, value in state.items():
                if name.startswith("weights."):
                    weights[name.removeprefix("weights.")] = torch.from_numpy(value)
            scorer = self._new_scorer(table, extra)
            scorer.load_state_dict(weights)
            self._network = _Network(scorer, state["network_line"])
        return self

    def _with_deviation(self, mean: FloatArray) -> Prediction:
        return Prediction(mean, np.full(len(mean), self._deviation))

    def _inputs(self, rows: Rows) -> tuple[ArchTable, Tensor | None]:
        """The graphs as the networks see them, and (N, n_proxies) what the head reads beside."""
        prunes = self.as_computed and len(rows)
        table = rows.table.pruned() if prunes else rows.table
        parts = rows.columns(self.groups)
        return table, torch.from_numpy(np.hstack(parts).astype(np.float32)) if parts else None

    def _trained(
        self, table: ArchTable, extra: Tensor | None, labels: FloatArray, which: Which
    ) -> _Network:
        """A network fine-tuned on some of the rows."""
        scorer = self._new_scorer(table, extra)
        graphs, beside, aims = table[which], _at(extra, which), labels[which]
        fine_tune(scorer, graphs, aims, self.fit_config, extra=beside)
        # of all networks alike: each one's own scores have a unit of their own
        return _Network(scorer, np.array(rising_line(scores(scorer, graphs, beside), aims)))

    def _new_scorer(self, table: ArchTable, extra: Tensor | None) -> Scorer:
        """A network before it is fine-tuned; all start alike."""
        with seeded(self.seed, "encoder"):
            encoder = make_encoder(len(table.vocabulary), self.encoder, self.units)
        if self.start is not None:
            encoder.load_state_dict(dict(self.start))
        with seeded(self.seed, "head"):
            scorer = Scorer(encoder, 0 if extra is None else extra.shape[1])
        return scorer.to(self.device).eval()


class PretrainedEncoder(EncoderMember):
    """The same with weights that were pre-trained: a member of its own beside the other."""


class _Network:
    """A fine-tuned network, and the line from its scores to labels."""

    def __init__(self, scorer: Scorer, line: FloatArray) -> None:
        self.scorer, self.line = scorer, line

    def __call__(self, table: ArchTable, extra: Tensor | None) -> FloatArray:
        """(N,): scores of rows."""
        predicted: FloatArray = self.line[0] + self.line[1] * scores(self.scorer, table, extra)
        return predicted


def _at(extra: Tensor | None, which: Which) -> Tensor | None:
    """The inputs of some rows."""
    return None if extra is None else extra[torch.from_numpy(which)]
