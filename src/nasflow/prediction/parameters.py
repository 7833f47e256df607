"""The parameters of FGP: what `FGP(...)` takes, and the options they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from nasflow.encoders.registry import EncoderConfig
from nasflow.options.base import Options
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.prediction.estimator import Estimator
from nasflow.running.devices import check_device
from nasflow.spaces.base import Space

if TYPE_CHECKING:
    from nasflow.encoders.base import Encoder


class FGPParameters(Estimator):
    """Holds the parameters as they were given; `FGP` says what each is."""

    _attribute_of: ClassVar[dict[str, str]] = {"pretrain": "_pretrain", "fit": "_fit"}
    _options_of: ClassVar[dict[str, type[Options]]] = {
        "encoder": EncoderConfig,
        "surrogate": SurrogateConfig,
        "pretrain": PretrainConfig,
        "fit": FitConfig,
    }

    def __init__(
        self,
        *,
        encoder: EncoderConfig | str | type[Encoder] | Encoder | None = None,
        surrogate: SurrogateConfig | None = None,
        pretrain: PretrainConfig | None = None,
        fit: FitConfig | None = None,
        space: Space | str | None = None,
        vocabulary: tuple[str, ...] | None = None,
        device: str = "cpu",
        as_computed: bool | None = False,
    ) -> None:
        self.encoder = encoder
        self.surrogate = surrogate
        self._pretrain = pretrain
        self._fit = fit
        self.space = space
        self.vocabulary = vocabulary
        self.device = device
        self.as_computed = as_computed
        check_device(device)  # told now rather than after the user has loaded a table

    @property
    def surrogate_config(self) -> SurrogateConfig:
        """The options of the flow surrogate."""
        options: SurrogateConfig = self._resolved("surrogate")
        return options

    @property
    def pretrain_config(self) -> PretrainConfig:
        """The options of `pretrain`."""
        options: PretrainConfig = self._resolved("pretrain")
        return options

    @property
    def fit_config(self) -> FitConfig:
        """The options of `fit`."""
        options: FitConfig = self._resolved("fit")
        return options
