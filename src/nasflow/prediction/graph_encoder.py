"""`GraphEncoder`: an encoder that is pre-trained on graphs, and turns them into vectors.

Torch takes two seconds to import, which a blend without a graph network need not wait for: what
imports it is imported here where the encoder is made or used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from nasflow.encoders.registry import ENCODERS, EncoderConfig
from nasflow.errors import DataError, not_fitted
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.prediction.inputs import (
    NOTHING_SEEN,
    Architectures,
    TakesArchitectures,
)
from nasflow.prediction.parameters import FGPParameters
from nasflow.running.files import PathLike

if TYPE_CHECKING:
    from torch import Tensor

    from nasflow.encoders.base import Encoder
    from nasflow.prediction.scorer import Scorer
    from nasflow.pretext.base import Pretext


class GraphEncoder(FGPParameters, TakesArchitectures):
    """Pre-trains and embeds; the parameters are those of `nasflow.prediction.fgp.FGP`."""

    _scorer: Scorer | None = None
    _start: Mapping[str, Tensor] = MappingProxyType({})  # encoder weights that fit starts from
    _units: NumberUnits | None = None  # what an encoder reads that is not made yet

    @property
    def encoder_(self) -> Encoder:
        """The encoder as it is now; see `vocabulary_` for what it raises."""
        return self._require().encoder

    @property
    def start_(self) -> Mapping[str, Tensor]:
        """The weights that the encoder starts from in `fit`."""
        if self._units is not None:
            self._require()  # of a file without weights they are drawn now
        return self._start

    def pretrain(
        self,
        table: Architectures,
        proxies: Mapping[str, npt.NDArray[np.float64]] | None = None,
        *,
        tasks: Sequence[str | type[Pretext]] | None = None,
        checkpoint: PathLike | None = None,
        progress: bool = False,
    ) -> Self:
        """Learn from the graphs of `table` alone; see `nasflow.prediction.pretrain` for errors.

        Starts from newly drawn weights: pre-training twice gives what pre-training once gives.

        Args:
            table: the architectures, in any form that `nasflow.prediction.inputs` knows.
            proxies: (N,) columns that need no training, by name.
            tasks: names or classes of tasks, instead of those of the parameter `pretrain`.
            checkpoint: file to go on from, if it is there, and to write after every epoch.
            progress: whether to draw a progress bar.
        """
        from nasflow.prediction.pretrain import pretrain
        from nasflow.prediction.scorer import weights_of
        from nasflow.pretext.make import with_tasks

        graphs = self._graphs(table)
        if not len(graphs):
            raise DataError("the table has no rows: there is nothing to pre-train on")
        self._build(self._known_vocabulary() or graphs.vocabulary, graphs)
        config = self.pretrain_config if tasks is None else with_tasks(self.pretrain_config, tasks)
        scorer = self._require()
        self.history_ = pretrain(
            scorer.encoder,
            graphs.with_vocabulary(self.vocabulary_),
            config,
            self.surrogate_config,
            proxies,
            checkpoint=checkpoint,
            progress=progress,
        )
        self._start = weights_of(scorer.encoder)
        return self

    def embed(self, table: Architectures) -> npt.NDArray[np.float32]:
        """(N, width) float32: the encoder's vector for each architecture (once fitted, the fitted
        encoder's).
        """
        import torch

        from nasflow.prediction.scorer import in_chunks

        encoder = self._require().encoder
        parts = in_chunks(encoder, self._graphs(table).with_vocabulary(self.vocabulary_))
        return torch.cat(parts).numpy() if parts else np.zeros((0, encoder.width), np.float32)

    # -- inside -----------------------------------------------------------------------------------

    @property
    def _prunes(self) -> bool:
        """Whether the encoder sees graphs as they compute."""
        return bool(self.as_computed)

    def _graphs(self, architectures: Architectures) -> ArchTable:
        """The architectures as the encoder sees them."""
        table = self._table(architectures)
        return table.pruned() if self._prunes and len(table) else table

    def _build(
        self,
        vocabulary: tuple[str, ...],
        table: ArchTable | None = None,
        units: NumberUnits | None = None,
    ) -> None:
        """New weights, drawn from the seed of pre-training, whatever was before.

        Args:
            vocabulary: the operations that may occur.
            table: the first table that it sees, which tells the units of its numbers.
            units: these, where a file tells them.
        """
        from nasflow.encoders.base import Encoder
        from nasflow.encoders.make import config_for, copied, encoder_config, make_encoder
        from nasflow.prediction.scorer import Scorer, weights_of
        from nasflow.running.devices import checked_device
        from nasflow.running.seeding import seeded

        if units is None:
            units = NumberUnits() if table is None else NumberUnits.of(table)
        device = checked_device(self.device)
        if isinstance(self.encoder, Encoder):
            encoder = copied(self.encoder, len(vocabulary))
        else:
            config = encoder_config(self._resolved("encoder"))
            if table is not None:
                config = config_for(config, table)
            with seeded(self.pretrain_config.seed, "encoder"):
                encoder = make_encoder(len(vocabulary), config, units)
        with seeded(self.pretrain_config.seed, "first head"):
            self._scorer = Scorer(encoder).to(device).eval()
        self._vocabulary = vocabulary
        self._start = weights_of(self._scorer.encoder)

    def _require(self) -> Scorer:
        # of what was fitted or loaded without it the vocabulary and the units are known
        vocabulary = self.vocabulary if self._units is None else self._known_vocabulary()
        if self._scorer is None and vocabulary is not None:
            self._build(vocabulary, units=self._units)
        if self._scorer is None:
            raise not_fitted(NOTHING_SEEN)
        return self._scorer

    def _encoder_options(self) -> EncoderConfig:
        """The options of the encoder, whether it is made already or not.

        Raises:
            UnknownNameError: there is no such encoder.
        """
        if self._scorer is not None:
            return self._scorer.encoder.config
        options = self._resolved("encoder")
        if isinstance(options, str):
            options = EncoderConfig(options)
        elif not isinstance(options, EncoderConfig):
            from nasflow.encoders.make import encoder_config

            options = encoder_config(options)
        ENCODERS.check(options.name)
        config: EncoderConfig = options
        return config

    @property
    def _has_weights(self) -> bool:
        """Whether the encoder was given as a module, and not by its options, name or class."""
        # none of these needs torch, and who gives a module has imported it
        if self.encoder is None or isinstance(self.encoder, (str, EncoderConfig)):
            return False
        from nasflow.encoders.base import Encoder

        return isinstance(self.encoder, Encoder)
