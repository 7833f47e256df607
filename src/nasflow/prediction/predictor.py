"""`Predictor`: pre-train, fit, predict, in scikit-learn's manner. The one class most users need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nasflow.encoders.registry import make_encoder, with_max_nodes
from nasflow.errors import CheckpointError, ConfigError, NotFittedError
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import EncoderConfig, FitConfig, PretrainConfig
from nasflow.prediction.finetune import (
    FineTuned,
    Labels,
    Scorer,
    check_labels,
    fine_tune,
    in_chunks,
    scores,
    weights_of,
)
from nasflow.prediction.pretrain import PretrainHistory, pretrain
from nasflow.prediction.proxy_ranks import Columns, ProxyRanks
from nasflow.running.checkpoints import load_checkpoint, save_checkpoint
from nasflow.running.files import PathLike
from nasflow.running.seeding import seeded

KIND = "predictor"


class Predictor:
    """Predicts a performance number from an architecture's graph after a few dozen labelled
    examples.

    `pretrain` learns from graphs alone and is worth its minutes wherever many unlabelled
    architectures are at hand (a whole space, or a sample of it). `fit` always starts from the
    pre-trained weights, so that fitting again with more labels forgets nothing. Both are optional
    in the sense that `fit` works without `pretrain`.

    Args:
        encoder, surrogate, pretraining, fitting: the options of each stage.
        vocabulary: the operations that may occur; by default those of the first table that is
            given.
        device: where to compute, such as "cpu" or "cuda".

    Attributes:
        history: what happened in pre-training (`PretrainHistory`), once pre-trained.
        fitted: what happened in fine-tuning (`FineTuned`), once fitted.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()[::100]
        >>> few, labels = table[:20], np.arange(20.0)
        >>> predictor = Predictor(fitting=FitConfig(epochs=2)).fit(few, labels)
        >>> predictor.predict(table).shape
        (157,)
    """

    def __init__(
        self,
        *,
        encoder: EncoderConfig | None = None,
        surrogate: SurrogateConfig | None = None,
        pretraining: PretrainConfig | None = None,
        fitting: FitConfig | None = None,
        vocabulary: tuple[str, ...] | None = None,
        device: str = "cpu",
    ) -> None:
        self.encoder_config = encoder or EncoderConfig()
        self.surrogate_config = surrogate or SurrogateConfig()
        self.pretrain_config = pretraining or PretrainConfig()
        self.fit_config = fitting or FitConfig()
        self.device = _device(device)
        self.history: PretrainHistory | None = None
        self.fitted: FineTuned | None = None
        self._vocabulary: tuple[str, ...] | None = None
        self._scorer: Scorer | None = None
        self._start: dict[str, Tensor] = {}  # weights of the encoder that fit starts from
        self._ranks = ProxyRanks({})  # what the fitted head reads beside the embedding
        self._line = (0.0, 1.0)  # label = line[0] + line[1] * score
        self._calibration: tuple[ArchTable, Tensor | None, Labels] | None = (
            None  # the rows that give the line
        )
        if vocabulary is not None:
            self._build(vocabulary)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The operations this predictor knows.

        Raises:
            NotFittedError: no table was seen yet, and no vocabulary given.
        """
        if self._vocabulary is None:
            raise NotFittedError(
                "the predictor has seen no architecture yet: call pretrain or fit first"
            )
        return self._vocabulary

    @property
    def proxies(self) -> tuple[str, ...]:
        """The columns that `predict` needs: those the model was fitted with."""
        return self._ranks.names

    def pretrain(
        self,
        table: ArchTable,
        proxies: Mapping[str, npt.NDArray[np.float64]] | None = None,
        *,
        checkpoint: PathLike | None = None,
        progress: bool = False,
    ) -> Self:
        """Learn from the graphs of `table` alone; see `nasflow.prediction.pretrain.pretrain` for
        arguments and errors.

        Starts from newly drawn weights: pre-training twice gives what pre-training once gives.
        """
        self._build(self._vocabulary or table.vocabulary, table)
        scorer = self._require()
        self.history = pretrain(
            scorer.encoder,
            table.with_vocabulary(self.vocabulary),
            self.pretrain_config,
            self.surrogate_config,
            proxies,
            checkpoint=checkpoint,
            progress=progress,
        )
        self._start = weights_of(scorer.encoder)
        return self

    def fit(
        self,
        table: ArchTable,
        labels: npt.ArrayLike,
        *,
        validation: tuple[ArchTable, npt.ArrayLike]
        | tuple[ArchTable, npt.ArrayLike, Columns]
        | None = None,
        proxies: Columns | None = None,
        reference: Columns | None = None,
        progress: bool = False,
    ) -> Self:
        """Learn to rank the labelled architectures, from the pre-trained weights on.

        Args:
            table: the architectures.
            labels: (N,) finite numbers, in any unit; more may mean better or worse.
            validation: other labelled architectures, and their columns where `fitting.proxies`
                names some. They choose the epoch and calibrate the scale; without them the last
                epoch is kept, and the training rows give the scale.
            proxies: (N,) columns that need no training, by name: those of `fitting.proxies`, if it
                names any.
            reference: the same columns over all architectures at hand, such as the pre-training
                table: what values are ranked against (`nasflow.prediction.proxy_ranks`). By default
                    `proxies`, whose few values rank coarsely.
            progress: whether to draw a progress bar.

        Raises:
            ConfigError: a column of `fitting.proxies` that is missing, of another length, or
            constant. DataError: labels that are not finite, fewer than two, or all equal.
            GraphError: an operation that the vocabulary does not have.
        """
        if self._scorer is None:
            self._build(table.vocabulary, table)
        known, values = table.with_vocabulary(self.vocabulary), np.asarray(labels, np.float64)
        held_out, held_columns = _held_out(validation, self.vocabulary)
        check_labels(known, values, "label")  # before the weights are touched
        if held_out is not None:
            check_labels(*held_out, "validation label")
        ranks = ProxyRanks.of(self.fit_config.proxies, reference or proxies or {})
        extra = _extra(ranks, proxies, len(known))
        held_extra = None if held_out is None else _extra(ranks, held_columns, len(held_out[0]))
        scorer = self._require()
        scorer.encoder.load_state_dict(self._start)
        with seeded(self.fit_config.seed, "head"):
            scorer.new_head(len(ranks.names))
        self.fitted = fine_tune(
            scorer,
            known,
            values,
            self.fit_config,
            held_out,
            extra=extra,
            validation_extra=held_extra,
            progress=progress,
        )
        self._ranks = ranks
        self._calibration = (
            (known, extra, values) if held_out is None else (held_out[0], held_extra, held_out[1])
        )
        self._calibrate()
        return self

    def use_epoch(self, which: Literal["best", "last"]) -> Self:
        """Switch between the best epoch on the validation rows (what `fit` leaves) and the last
        one.
        """
        if self.fitted is None or self._calibration is None:
            raise NotFittedError(
                "there are no epochs to choose from: call fit first (a saved model has one alone)"
            )
        scorer = self._require()
        scorer.load_state_dict(self.fitted.best if which == "best" else self.fitted.last)
        self._calibrate()
        return self

    def predict(self, table: ArchTable, proxies: Columns | None = None) -> Labels:
        """(N,) float64: predictions in the label's unit, a straight line in the score that ranks.

        Args:
            table: the architectures.
            proxies: (N,) columns by name, where the model was fitted with some.

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: a column that the model was fitted with is missing, or of another length.
            GraphError: an operation that the vocabulary does not have; names the row.
        """
        if self.fitted is None:
            raise NotFittedError("predict needs labels first: call fit (or load a fitted model)")
        intercept, slope = self._line
        extra = _extra(self._ranks, proxies, len(table))
        return intercept + slope * scores(
            self._require(), table.with_vocabulary(self.vocabulary), extra
        )

    def embed(self, table: ArchTable) -> npt.NDArray[np.float32]:
        """(N, width) float32: the encoder's vector for each architecture (of the fitted encoder,
        once fitted).
        """
        encoder = self._require().encoder
        parts = in_chunks(encoder, table.with_vocabulary(self.vocabulary))
        return torch.cat(parts).numpy() if parts else np.zeros((0, encoder.width), np.float32)

    def save(self, path: PathLike) -> None:
        """Write one .safetensors file with weights, vocabulary and options, atomically."""
        scorer = self._require()
        tensors = {f"start.encoder.{name}": tensor for name, tensor in self._start.items()}
        fitting = self.fit_config
        if self.fitted is not None:
            fitting = replace(
                fitting, proxies=self._ranks.names
            )  # those that the head was made for
            tensors |= {f"fitted.{name}": tensor for name, tensor in scorer.state_dict().items()}
            tensors |= {
                f"reference.{name}": torch.from_numpy(values)
                for name, values in self._ranks.reference.items()
            }
        save_checkpoint(
            path,
            KIND,
            tensors,
            {
                "vocabulary": list(self.vocabulary),
                "encoder": scorer.encoder.config.to_dict(),
                "surrogate": self.surrogate_config.to_dict(),
                "pretraining": self.pretrain_config.to_dict(),
                "fitting": fitting.to_dict(),
                "line": list(self._line),
                "history": None if self.history is None else vars(self.history),
                "best_epoch": None if self.fitted is None else self.fitted.best_epoch,
            },
        )

    @classmethod
    def load(cls, path: PathLike, device: str = "cpu") -> Predictor:
        """The predictor that `save` wrote; it predicts the same bits and can be fitted anew.

        Raises:
            MissingDataError, CheckpointError: no such file; truncated, foreign, or of a newer
            version. ConfigError: a device that is not there.
        """
        _device(device)  # one that is not there is no fault of the file
        tensors, about = load_checkpoint(path, KIND)
        try:
            predictor = cls(
                encoder=EncoderConfig.from_dict(about["encoder"]),
                surrogate=SurrogateConfig.from_dict(about["surrogate"]),
                pretraining=PretrainConfig.from_dict(about["pretraining"]),
                fitting=FitConfig.from_dict(about["fitting"]),
                vocabulary=tuple(about["vocabulary"]),
                device=device,
            )
            predictor._restore(tensors, about)
        except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{path} does not describe a predictor ({error!r})") from None
        return predictor

    def _restore(self, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
        scorer = self._require()

        def part(prefix: str) -> dict[str, Tensor]:
            return {
                name.removeprefix(prefix): tensor
                for name, tensor in tensors.items()
                if name.startswith(prefix)
            }

        scorer.encoder.load_state_dict(part("start.encoder."))
        self._start = weights_of(scorer.encoder)
        if fitted := part("fitted."):
            reference = part("reference.")
            self._ranks = ProxyRanks(
                {name: reference[name].numpy() for name in self.fit_config.proxies}
            )
            scorer.new_head(len(self._ranks.names))
            scorer.load_state_dict(fitted)
            kept = weights_of(scorer)
            self.fitted = FineTuned(kept, kept, int(about["best_epoch"]), ())
        if about["history"] is not None:
            self.history = PretrainHistory(**about["history"])
        intercept, slope = about["line"]
        self._line = (float(intercept), float(slope))

    def _build(self, vocabulary: tuple[str, ...], table: ArchTable | None = None) -> None:
        """New weights, drawn from the seed of pre-training, whatever was before."""
        config = (
            self.encoder_config if table is None else with_max_nodes(self.encoder_config, table)
        )
        with seeded(self.pretrain_config.seed, "encoder"):
            self._scorer = Scorer(make_encoder(len(vocabulary), config)).to(self.device).eval()
        self._vocabulary = vocabulary
        self._start = weights_of(self._scorer.encoder)
        self.fitted, self._ranks = None, ProxyRanks({})

    def _calibrate(self) -> None:
        """Put scores on the labels' scale, by the rows that are kept for it."""
        assert self._calibration is not None
        table, extra, labels = self._calibration
        self._line = _line(scores(self._require(), table, extra), labels)

    def _require(self) -> Scorer:
        if self._scorer is None:
            raise NotFittedError(
                "the predictor has seen no architecture yet: call pretrain or fit first"
            )
        return self._scorer


def _extra(ranks: ProxyRanks, proxies: Columns | None, n: int) -> Tensor | None:
    """(n, n_proxies): what the head reads beside the embedding; None where that is nothing."""
    return ranks.inputs(proxies or {}, n) if ranks.names else None


def _held_out(
    validation: tuple[ArchTable, npt.ArrayLike] | tuple[ArchTable, npt.ArrayLike, Columns] | None,
    vocabulary: tuple[str, ...],
) -> tuple[tuple[ArchTable, Labels] | None, Columns]:
    """Validation rows over the vocabulary, and their columns."""
    if validation is None:
        return None, {}
    table, labels, *columns = validation
    return (table.with_vocabulary(vocabulary), np.asarray(labels, np.float64)), columns[
        0
    ] if columns else {}


def _line(score: Labels, label: Labels) -> tuple[float, float]:
    """Intercept and slope of the least-squares line; it never falls, so that it keeps the order of
    scores.
    """
    centred = score - score.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (label - label.mean())) / spread if spread > 0 else 0.0
    smallest = 1e-6 * float(label.std()) / max(float(score.std()), 1e-12)
    slope = max(slope, smallest)
    return float(label.mean() - slope * score.mean()), slope


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device {name!r} is not there ({str(error).splitlines()[0]}); legal here: cpu"
            f"{', cuda' if torch.cuda.is_available() else ''}"
        ) from None
    return device
