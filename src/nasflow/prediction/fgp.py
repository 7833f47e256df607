"""`FGP`: the method of the paper: an encoder, pre-trained on graphs and fine-tuned to rank labels.

`nasflow.Predictor` is this and, unless told otherwise, a blend of it with other models. So what
imports torch is imported where the encoder is used (`nasflow.prediction.graph_encoder`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from nasflow.errors import CheckpointError, MissingDataError, not_fitted
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.prediction.graph_encoder import GraphEncoder
from nasflow.prediction.inputs import (
    Architectures,
    Labelled,
    as_labels,
    check_labels,
)
from nasflow.prediction.label import Label
from nasflow.prediction.model_file import read_model, stored_encoder, write_model
from nasflow.prediction.pretrain_history import PretrainHistory
from nasflow.prediction.proxy_ranks import Columns, ProxyRanks, extra_inputs
from nasflow.prediction.scale import rising_line
from nasflow.running.devices import check_device
from nasflow.running.files import PathLike
from nasflow.statistics.metrics import kendall_tau

if TYPE_CHECKING:
    from torch import Tensor

    from nasflow.encoders.base import Encoder
    from nasflow.prediction.scorer import Labels


class FGP(GraphEncoder):
    """Predicts a performance number from a graph by a fine-tuned encoder.

    `pretrain` learns from graphs alone and is worth its minutes wherever many unlabelled
    architectures are at hand (a whole space, or a sample of it). `fit` always starts from the
    pre-trained weights, so that fitting again with more labels forgets nothing. Both are optional
    in the sense that `fit` works without `pretrain`.

    Args:
        encoder: the graph network: options (`EncoderConfig("gin", width=64)`), a name, a class, or
            an encoder, whose weights are then the start.
        surrogate: how the flow surrogate is made.
        pretrain: the options of `pretrain`.
        fit: the options of `fit`.
        space: a space, or its name: whose notation texts are in.
        vocabulary: the operations that may occur; by default those of the space, or of the first
            table that is given.
        device: where to compute, such as "cpu" or "cuda".
        as_computed: whether the encoder sees graphs as they compute, without what has no part in
            the output; the published method sees them as they are written.

    Attributes:
        surrogate_config, pretrain_config, fit_config: the options in use, the defaults where none
            were given.
        vocabulary_: the operations that it knows, once it has seen a table.
        encoder_: the encoder, a torch module.
        history_: what happened in pre-training (`PretrainHistory`), once pre-trained.
        fitted_: what happened in fine-tuning (`FineTuned`), once fitted.
        label_: what it predicts, and which way is better (`Label`), once fitted.
        proxies_: the columns that `predict` needs: those that it was fitted with.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()[::100]
        >>> few, labels = table[:20], np.arange(20.0)
        >>> predictor = FGP(fit=FitConfig(epochs=2)).fit(few, labels)
        >>> predictor.predict(table).shape
        (157,)
    """

    _ranks = ProxyRanks({})  # what the fitted head reads beside the embedding
    _line = (0.0, 1.0)  # label = line[0] + line[1] * score
    # the smallest and the largest label that was trained on
    _seen: tuple[float, ...] | None = None
    # the rows that give the line: table, inputs beside the embedding, labels
    _calibration: tuple[ArchTable, Tensor | None, Labels] | None = None

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `predict` can be called."""
        return hasattr(self, "fitted_")

    @property
    def proxies_(self) -> tuple[str, ...]:
        """The columns that `predict` needs."""
        return self._ranks.names

    def fit(
        self,
        table: Architectures,
        labels: npt.ArrayLike,
        *,
        validation: Labelled | None = None,
        proxies: Columns | None = None,
        reference: Columns | None = None,
        label: Label | None = None,
        progress: bool = False,
    ) -> Self:
        """Learn to rank the labelled architectures, from the pre-trained weights on.

        Args:
            table: the architectures, in any form that `nasflow.prediction.inputs` knows.
            labels: (N,) finite numbers, in any unit; more may mean better or worse.
            validation: other labelled architectures, and their columns where `fit.proxies` names
                some. They choose the epoch and calibrate the scale; without them the last epoch is
                kept, and the training rows give the scale.
            proxies: (N,) columns that need no training, by name: those of `fit.proxies`, if it
                names any.
            reference: the same columns over all architectures at hand, such as the pre-training
                table: what values are ranked against (`nasflow.prediction.proxy_ranks`). By default
                `proxies`, whose few values rank coarsely.
            label: what the labels are. Which way is better decides what `top` gives; a unit with
                bounds (%) keeps predictions within them.
            progress: whether to draw a progress bar.

        Raises:
            ConfigError: a column of `fit.proxies` that is missing, of another length, or constant.
            DataError: labels that are not finite, fewer than two, or all equal.
            GraphError: an operation that the vocabulary does not have.
        """
        from nasflow.prediction.finetune import fine_tune
        from nasflow.running.seeding import seeded

        graphs = self._graphs(table)
        values = as_labels(labels)
        check_labels(graphs, values, "label")  # before the weights are touched
        # weights that were pre-trained or fitted stay, and with them the vocabulary
        if self._scorer is None and self._units is None:
            self._build(self._known_vocabulary() or graphs.vocabulary, graphs)
        graphs = graphs.with_vocabulary(self.vocabulary_)
        held_out, held_out_columns = self._labelled(validation)
        if held_out is not None:
            held_out = (self._graphs(held_out[0]), held_out[1])
            check_labels(*held_out, "validation label")
        ranks = ProxyRanks.of(self.fit_config.proxies, reference or proxies or {})
        extra = extra_inputs(ranks, proxies, len(graphs))
        held_out_extra = None
        if held_out is not None:
            held_out_extra = extra_inputs(ranks, held_out_columns, len(held_out[0]))
        scorer = self._require()
        scorer.encoder.load_state_dict(self._start)
        with seeded(self.fit_config.seed, "head"):
            scorer.new_head(len(ranks.names))
        self.fitted_ = fine_tune(
            scorer,
            graphs,
            values,
            self.fit_config,
            held_out,
            extra=extra,
            validation_extra=held_out_extra,
            progress=progress,
        )
        self._ranks = ranks
        self.label_ = label or Label()
        self._seen = (float(values.min()), float(values.max()))
        # validation rows tell the scale better: the scorer has not seen them
        if held_out is None:
            self._calibration = (graphs, extra, values)
        else:
            self._calibration = (held_out[0], held_out_extra, held_out[1])
        self._calibrate()
        return self

    def use_epoch(self, which: Literal["best", "last"]) -> Self:
        """Switch between the best epoch on the validation rows (what `fit` leaves) and the last."""
        if not hasattr(self, "fitted_") or self._calibration is None:
            raise not_fitted(
                "there are no epochs to choose from: call fit first (a saved model has one alone)"
            )
        weights = self.fitted_.best if which == "best" else self.fitted_.last
        self._require().load_state_dict(weights)
        self._calibrate()
        return self

    def predict(self, table: Architectures, proxies: Columns | None = None) -> Labels:
        """(N,) float64: predictions in the label's unit, a straight line in the score that ranks.

        Args:
            table: the architectures, in any form that `nasflow.prediction.inputs` knows.
            proxies: (N,) columns by name, where the model was fitted with some.

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: a column that the model was fitted with is missing, or of another length.
            GraphError: an operation that the vocabulary does not have; names the row.
        """
        from nasflow.prediction.scorer import scores

        if not hasattr(self, "fitted_"):
            raise not_fitted("predict needs labels first: call fit (or load a fitted model)")
        graphs = self._graphs(table).with_vocabulary(self.vocabulary_)
        extra = extra_inputs(self._ranks, proxies, len(graphs))
        intercept, slope = self._line
        predicted: Labels = intercept + slope * scores(self._require(), graphs, extra)
        return self.label_.within_bounds(predicted, self._seen)

    def top(
        self, table: Architectures, n: int, proxies: Columns | None = None
    ) -> npt.NDArray[np.int64]:
        """(n,) int64: the rows that are predicted to be best, the best first.

        Which way is better the label says that `fit` was given; more, unless it says otherwise.

        Raises:
            NotFittedError, ConfigError, GraphError: as `predict`.
        """
        return self.label_.best_first(self.predict(table, proxies))[:n]

    def score(
        self, table: Architectures, labels: npt.ArrayLike, proxies: Columns | None = None
    ) -> float:
        """Kendall's tau between predictions and labels, -1 to 1: what scikit-learn maximises.

        Raises:
            DataError: labels that are no finite numbers, or not as many as rows.
        """
        return kendall_tau(self.predict(table, proxies), as_labels(labels))

    def save(self, path: PathLike) -> None:
        """Write one .safetensors file with weights, vocabulary and options, atomically."""
        scorer = self._require()
        about = self._about()
        weights = scorer.state_dict() if hasattr(self, "fitted_") else {}
        write_model(path, self._start, weights, self._ranks.reference, about)

    def _about(self) -> dict[str, Any]:
        """The header of its file."""
        fitted = hasattr(self, "fitted_")
        fit = self.fit_config
        if fitted:
            fit = replace(fit, proxies=self._ranks.names)  # those that the head was made for
        units = self._units if self._scorer is None else self._scorer.encoder.units
        # a file of a model that knows no numbers is what it was before there were any
        numbers = {"units": units.to_dict()} if units else {}
        return numbers | {
            "vocabulary": list(self.vocabulary_),
            "encoder": self._encoder_options().to_dict(),
            "surrogate": self.surrogate_config.to_dict(),
            "pretraining": self.pretrain_config.to_dict(),
            "fitting": fit.to_dict(),
            "line": list(self._line),
            "as_computed": self._prunes,
            "label": vars(self.label_) if hasattr(self, "label_") else None,
            "seen": self._seen,
            "history": vars(self.history_) if hasattr(self, "history_") else None,
            "best_epoch": self.fitted_.best_epoch if fitted else None,
        }

    @classmethod
    def load(
        cls,
        path: PathLike,
        device: str = "cpu",
        *,
        encoder: str | type[Encoder] | None = None,
        fit: FitConfig | None = None,
    ) -> Self:
        """The predictor that `save` wrote; it predicts the same bits and can be fitted anew.

        Args:
            path: the file.
            device: where to compute.
            encoder: the class of the encoder, or its name, for a file whose encoder is neither of
                this package nor of an installed one. Nothing that only the file names is imported.
            fit: other options for the next `fit`.

        Raises:
            MissingDataError, CheckpointError: no such file; truncated, foreign, or of a newer
                version; of an encoder that is not at hand.
            ConfigError: a device that is not there.
        """
        check_device(device)  # one that is not there is no fault of the file
        try:
            parts, about = read_model(path)
            parameters: dict[str, Any] = {
                "encoder": stored_encoder(about["encoder"], encoder, path),
                "surrogate": SurrogateConfig.from_dict(about["surrogate"]),
                "pretrain": PretrainConfig.from_dict(about["pretraining"]),
                "fit": FitConfig.from_dict(about["fitting"]),
                "vocabulary": tuple(about["vocabulary"]),
                "device": device,
            }
            predictor = cls(**parameters | cls._parameters_in(about))
            predictor._restore(parts, about, path)
        except (CheckpointError, MissingDataError):
            raise
        except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{path} does not describe a predictor ({error!r})") from None
        return predictor if fit is None else predictor.set_params(fit=fit)

    @classmethod
    def _parameters_in(cls, about: Mapping[str, Any]) -> dict[str, Any]:
        """Further parameters from the header of a file; earlier versions wrote none of them."""
        return {"as_computed": bool(about.get("as_computed", False))}

    def _restore(
        self,
        parts: dict[str, dict[str, Any]],
        about: dict[str, Any],
        path: PathLike,  # noqa: ARG002  # a class with more in its files names it in errors
    ) -> None:
        """Bring back what a file holds."""
        assert self.vocabulary is not None
        # earlier versions knew no numbers
        self._units = NumberUnits.from_dict(about.get("units") or NumberUnits().to_dict())
        self._vocabulary = self.vocabulary
        # weights that no training has touched are drawn when they are asked for
        if parts["start"] or parts["fitted"]:
            self._restore_weights(parts, about)
        if about["history"] is not None:
            self.history_ = PretrainHistory(**about["history"])
        self.label_ = Label(**(about["label"] or {}))
        self._seen = None if about["seen"] is None else tuple(map(float, about["seen"]))
        intercept, slope = about["line"]
        self._line = (float(intercept), float(slope))

    def _restore_weights(self, parts: dict[str, dict[str, Any]], about: dict[str, Any]) -> None:
        """Bring back the encoder of a file, and the head on it."""
        from nasflow.prediction.finetune import FineTuned
        from nasflow.prediction.scorer import weights_of

        scorer = self._require()
        start = {}
        for name, tensor in parts["start"].items():
            if name.startswith("encoder."):  # the first files kept a head here as well
                start[name.removeprefix("encoder.")] = tensor
        if start:
            scorer.encoder.load_state_dict(start)
        self._start = weights_of(scorer.encoder)
        if parts["fitted"]:
            self._ranks = ProxyRanks({n: parts["reference"][n] for n in self.fit_config.proxies})
            scorer.new_head(len(self._ranks.names))
            scorer.load_state_dict(parts["fitted"])
            weights = weights_of(scorer)
            self.fitted_ = FineTuned(weights, weights, int(about["best_epoch"]), ())

    # -- inside -----------------------------------------------------------------------------------

    def _build(
        self,
        vocabulary: tuple[str, ...],
        table: ArchTable | None = None,
        units: NumberUnits | None = None,
    ) -> None:
        super()._build(vocabulary, table, units)
        self._ranks = ProxyRanks({})
        if hasattr(self, "fitted_"):
            del self.fitted_

    def _calibrate(self) -> None:
        """Put scores on the labels' scale, by the rows that are kept for it."""
        from nasflow.prediction.scorer import scores

        assert self._calibration is not None
        table, extra, labels = self._calibration
        self._line = rising_line(scores(self._require(), table, extra), labels)
