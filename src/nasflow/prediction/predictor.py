"""`Predictor`: pre-train, fit, predict. The one class most users need.

predictor = Predictor().fit(architectures, accuracies)
predictor.predict(others)                   in the labels' unit
predictor.predict(others, return_std=True)  and how sure it is
predictor.interval(others, 0.9)             where nine of ten will lie
predictor.top(others, 10)                   the ten to train next
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError, not_fitted
from nasflow.features.registry import FEATURES
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import ALL_LABELS, FitConfig, PretrainConfig
from nasflow.prediction.blend import Blend
from nasflow.prediction.explanation import Explanation
from nasflow.prediction.fgp import FGP
from nasflow.prediction.inputs import Architectures, Labelled, as_labels, check_labels
from nasflow.prediction.label import Label
from nasflow.prediction.members.base import Member
from nasflow.prediction.members.registry import FAST, MEMBERS, NETWORKS, suited
from nasflow.prediction.mixture import Mixture
from nasflow.prediction.model_file import checked_names, write_model
from nasflow.prediction.proxy_ranks import Columns, ProxyRanks, extra_inputs
from nasflow.running.files import PathLike
from nasflow.spaces.base import Space

if TYPE_CHECKING:
    from nasflow.encoders.base import Encoder
    from nasflow.prediction.members.encoder import EncoderMember
    from nasflow.prediction.scorer import Labels

Model = Literal["blend", "fgp"]
Effort = Literal["auto", "fast", "full"]


class Predictor(FGP):
    """Predicts a performance number from a graph, after a few dozen labelled architectures.

    By default a blend (`nasflow.Blend`): Gaussian processes and trees on features of the graph, in
    seconds, and with `effort="full"` the fine-tuned encoder as well, in a minute or two. Every
    label trains, and the blend says how sure it is. With `model="fgp"` it is the encoder alone, as
    the paper has it (`nasflow.prediction.fgp.FGP`), with an epoch that validation rows choose.

    `pretrain` learns from graphs alone, for the encoder; `fit` always starts from the pre-trained
    weights. Both are optional in the sense that `fit` works without `pretrain`.

    It is a scikit-learn estimator: `get_params`, `set_params`, `clone`, `score`, in
    `cross_val_score`, `GridSearchCV` and `Pipeline`. A clone is neither pre-trained nor fitted.

    Args:
        model: blend or fgp.
        effort: of the blend; fast has no graph network, full has. auto is full once `pretrain` was
            called, or where options of the encoder or of `fit` are given that only a network has,
            and else fast.
        encoder: the graph network: options (`EncoderConfig("gin", width=64)`), a name, a class, or
            an encoder, whose weights are then the start.
        surrogate: how the flow surrogate is made that the encoder is pre-trained on.
        pretrain: the options of `pretrain`.
        fit: the options of fine-tuning; in a blend 150 epochs at half the rate and a running mean
            of the weights, unless given. Its seed is that of all members of a blend and of their
            folds; where no options are given, 0.
        space: a space, or its name: whose notation texts are in.
        vocabulary: the operations that may occur; by default those of the space, or of the first
            table that is given.
        device: where to compute, such as "cpu" or "cuda".
        as_computed: whether the encoder sees graphs as they compute, without what has no part in
            the output: by default in a blend, and not in fgp.

    Attributes:
        blend_: the blend, once fitted.
        label_: what it predicts, and which way is better (`Label`), once fitted.
        proxies_: the columns that `predict` needs: those that it was fitted with.
        vocabulary_, encoder_, history_, fitted_: as in `FGP`.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()[::97]
        >>> labels = table.op_counts()[:, table.vocabulary.index("conv3x3")] * 1.0
        >>> predictor = Predictor().fit(table[::4], labels[::4])
        >>> round(predictor.score(table, labels), 1)
        0.8
    """

    _blend_columns: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        model: Model = "blend",
        effort: Effort = "auto",
        encoder: EncoderConfig | str | type[Encoder] | Encoder | None = None,
        surrogate: SurrogateConfig | None = None,
        pretrain: PretrainConfig | None = None,
        fit: FitConfig | None = None,
        space: Space | str | None = None,
        vocabulary: tuple[str, ...] | None = None,
        device: str = "cpu",
        as_computed: bool | None = None,
    ) -> None:
        super().__init__(
            encoder=encoder,
            surrogate=surrogate,
            pretrain=pretrain,
            fit=fit,
            space=space,
            vocabulary=vocabulary,
            device=device,
            as_computed=as_computed,
        )
        for name, value, legal in (("model", model, Model), ("effort", effort, Effort)):
            if value not in get_args(legal):
                raise ConfigError(f"{name} {value!r}; legal: {', '.join(get_args(legal))}")
        self.model = model
        self.effort = effort

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `predict` can be called."""
        return hasattr(self, "blend_") or super().__sklearn_is_fitted__()

    @property
    def proxies_(self) -> tuple[str, ...]:
        """The columns that `predict` needs."""
        return self._blend_columns if hasattr(self, "blend_") else super().proxies_

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
        """Learn from labelled architectures.

        Args:
            table: the architectures, in any form that `nasflow.prediction.inputs` knows.
            labels: (N,) finite numbers, in any unit; more may mean better or worse.
            validation: for fgp, other labelled architectures, which choose the epoch. A blend holds
                nothing back: give it all labels as `table` and `labels`.
            proxies: (N,) columns that need no training, by name; fgp takes those that
                `fit.proxies` names, a blend all, unless `fit.proxies` names some.
            reference: the same columns over all architectures at hand: what values are ranked
                among. By default `proxies`, whose few values rank coarsely.
            label: what the labels are. Which way is better decides what `top` gives; a unit with
                bounds (%) keeps predictions within them.
            progress: whether to draw a progress bar.

        Raises:
            ConfigError: a column that is missing, of another length, or constant; validation rows
                for a blend.
            DataError: labels that are not finite, fewer than two, or all equal.
            GraphError: an operation that the vocabulary does not have.
        """
        if self.model == "fgp":
            super().fit(
                table,
                labels,
                validation=validation,
                proxies=proxies,
                reference=reference,
                label=label,
                progress=progress,
            )
            # not before: labels that are refused leave what was fitted as it was
            self.__dict__.pop("blend_", None)
            return self
        if validation is not None:
            raise ConfigError(
                "a blend trains on all labels and chooses no epoch: give the validation rows with"
                ' the others, or fit Predictor(model="fgp")'
            )
        # unpruned: where a space has positions, a group of features reads what stands at each
        graphs = self._table(table)
        values = as_labels(labels)
        check_labels(graphs, values, "label")
        names = self.fit_config.proxies or tuple(proxies or {})
        ranks = ProxyRanks.of(names, reference or proxies or {})
        # columns that are missing, constant or too short: said before any work
        extra_inputs(ranks, proxies, len(graphs))
        among = {name: (reference or proxies or {})[name] for name in names}
        columns = {name: (proxies or {})[name] for name in names}
        vocabulary = self._known_vocabulary() or graphs.vocabulary
        blend = Blend(self._members(graphs), vocabulary=vocabulary, seed=self._seed)
        blend.fit(graphs, values, columns or None, reference=among or None, progress=progress)
        self.__dict__.pop("fitted_", None)
        self._vocabulary = blend.vocabulary_
        self.blend_, self._blend_columns = blend, tuple(columns)
        self.label_ = label or Label()
        self._seen = (float(values.min()), float(values.max()))
        return self

    def predict(
        self, table: Architectures, proxies: Columns | None = None, return_std: bool = False
    ) -> Any:
        """(N,) float64: predictions in the label's unit; with `return_std` deviations as well.

        Args:
            table: the architectures, in any form that `nasflow.prediction.inputs` knows.
            proxies: (N,) columns by name, where it was fitted with some.
            return_std: whether to give a pair with (N,) standard deviations; half of what holds
                68.3 % of labels.

        Raises:
            NotFittedError: `fit` was not called, or `return_std` of fgp, which knows none.
            ConfigError: a column that it was fitted with is missing, or of another length.
            GraphError: an operation that the vocabulary does not have; names the row.
        """
        if not hasattr(self, "blend_"):
            if return_std:
                self._require_blend()
            return super().predict(table, proxies)
        blend = self._require_blend()
        graphs, columns = self._table(table), self._chosen(proxies)
        predicted = blend.predict(graphs, columns, return_std)
        if isinstance(predicted, tuple):
            return self._bounded(predicted[0]), predicted[1]
        return self._bounded(predicted)

    def interval(
        self, table: Architectures, level: float = 0.9, proxies: Columns | None = None
    ) -> tuple[Labels, Labels]:
        """(N,) bounds below and above, between which a share `level` of labels is expected.

        See `Blend.interval` for what they rest on.

        Raises:
            NotFittedError: no blend was fitted. ConfigError: a level that is not between 0 and 1.
        """
        blend = self._require_blend()
        low, high = blend.interval(self._table(table), level, self._chosen(proxies))
        return self._bounded(low), self._bounded(high)

    def samples(
        self, table: Architectures, n: int, proxies: Columns | None = None, seed: int = 0
    ) -> Labels:
        """(n, N): labels that the rows may have, each row for itself.

        Raises:
            NotFittedError: no blend was fitted.
        """
        blend = self._require_blend()
        drawn = blend.samples(self._table(table), n, self._chosen(proxies), seed)
        return self._bounded(drawn.ravel()).reshape(drawn.shape)

    def prob_top(
        self,
        table: Architectures,
        k: int,
        proxies: Columns | None = None,
        n_samples: int = 256,
        seed: int = 0,
    ) -> Labels:
        """(N,): how probable it is that a row is among the best `k` of these rows.

        Raises:
            NotFittedError: no blend was fitted. ConfigError: a `k` that is not 1 to N.
        """
        drawn = self.samples(table, n_samples, proxies, seed)
        n_rows = drawn.shape[1]
        if not 1 <= k <= n_rows:
            raise ConfigError(f"the best {k} of {n_rows} rows; legal: 1 to {n_rows}")
        best = np.argpartition(-drawn if self.label_.maximise else drawn, k - 1, axis=1)[:, :k]
        share: Labels = np.bincount(best.ravel(), minlength=n_rows) / n_samples
        return share

    def explain(
        self, table: Architectures, row: int = 0, proxies: Columns | None = None
    ) -> Explanation:
        """Why it predicts what it does of one row (`nasflow.prediction.explanation`).

        Raises:
            NotFittedError: no blend was fitted. DataError: there is no such row.
        """
        return self._require_blend().explain(self._table(table), row, self._chosen(proxies))

    # -- files ------------------------------------------------------------------------------------

    def save(self, path: PathLike) -> None:
        """Write one .safetensors file with weights, vocabulary and options, atomically."""
        if not hasattr(self, "blend_"):
            return super().save(path)
        mixture = self.blend_.mixture_
        assert mixture is not None  # it was fitted
        # weights that no training has touched are drawn again from their seed
        given = self._has_weights or hasattr(self, "history_")
        if self._scorer is None:
            self._units = mixture.features.setting.units
            if given:
                self._require()
        arrays, about = mixture.state()
        header = self._about() | {"blend": about}
        start = self._start if given else {}
        write_model(path, start, {}, {}, header, arrays)
        return None

    def _about(self) -> dict[str, Any]:
        effort = self._effort if hasattr(self, "blend_") else self.effort
        fit_given = self._given("fit") is not None
        return super()._about() | {"model": self.model, "effort": effort, "fit_given": fit_given}

    @classmethod
    def _parameters_in(cls, about: Mapping[str, Any]) -> dict[str, Any]:
        # earlier versions knew no blend
        parameters = super()._parameters_in(about)
        parameters |= {"model": about.get("model", "fgp"), "effort": about.get("effort", "auto")}
        if not about.get("fit_given", True):
            parameters["fit"] = None
        return parameters

    def _restore(
        self, parts: dict[str, dict[str, Any]], about: dict[str, Any], path: PathLike
    ) -> None:
        super()._restore(parts, about, path)
        if about.get("blend") is None:
            return
        state = about["blend"]
        checked_names(state["seeds"], MEMBERS, path)
        checked_names(state["groups"], FEATURES, path)
        # who has no graph network need not make one
        members = {} if set(NETWORKS).isdisjoint(state["seeds"]) else self._encoder_members()
        self.blend_ = Blend.of(Mixture.restore(parts["blend"], state, members))
        self._blend_columns = self.blend_.columns_

    # -- inside -----------------------------------------------------------------------------------

    @property
    def _prunes(self) -> bool:
        return self.model == "blend" if self.as_computed is None else self.as_computed

    @property
    def _effort(self) -> Literal["fast", "full"]:
        """How much a fit does; auto has a graph network where somebody cared for one."""
        if self.effort != "auto":
            return self.effort
        fit = self._given("fit")
        cared_for = self._given("encoder") is not None or not (fit is None or fit.is_usual)
        return "full" if cared_for or hasattr(self, "history_") else "fast"

    @property
    def _seed(self) -> int:
        """Of a blend's members and their folds."""
        fit = self._given("fit")
        return 0 if fit is None else int(fit.seed)

    def _members(self, table: ArchTable) -> list[str | type[Member] | Member]:
        """What the blend is made of."""
        fast = suited(FAST, table)
        if self._effort == "fast":
            return list(fast)
        if self._scorer is None and self._units is None:
            self._build(self._known_vocabulary() or table.vocabulary, table)
        return [*fast, *self._encoder_members().values()]

    def _encoder_members(self) -> dict[str, EncoderMember]:
        """The encoder as it is newly drawn or was given, and as it was pre-trained, if it was."""
        from nasflow.prediction.members.encoder import EncoderMember, PretrainedEncoder

        options: dict[str, Any] = {
            "seed": self._seed,
            "encoder": self.encoder_.config,
            "fit": self._given("fit") or ALL_LABELS,
            "device": self.device,
            "as_computed": self._prunes,
            "units": self.encoder_.units,
        }
        if hasattr(self, "history_"):
            pretrained = PretrainedEncoder(start=self._start, **options)
            return {"encoder": EncoderMember(**options), "pretrained-encoder": pretrained}
        return {"encoder": EncoderMember(start=self._start, **options)}

    def _chosen(self, columns: Columns | None) -> Columns | None:
        """The columns that the blend reads, of those that are given."""
        names = self._blend_columns
        return {name: (columns or {})[name] for name in names if name in (columns or {})} or None

    def _bounded(self, labels: Labels) -> Labels:
        """Labels within the bounds of their unit; what is infinite ends there."""
        return self.label_.within_bounds(labels, self._seen)

    def _require_blend(self) -> Blend:
        if not hasattr(self, "blend_"):
            raise not_fitted(
                "how sure a prediction is, and why, only a fitted blend knows:"
                " Predictor().fit(...); fgp has one number for each row"
            )
        return self.blend_
