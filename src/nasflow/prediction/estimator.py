"""`Estimator`: what scikit-learn asks of an estimator, without importing scikit-learn.

Parameters by name, some of them options (`nasflow.options`) whose own names are parameters too:

    predictor.set_params(fit__epochs=50)          as scikit-learn writes it, in a grid search
    predictor.set_params(**{"fit.epochs": 50})    as the command line writes it

`clone`, `cross_val_score`, `GridSearchCV` and `Pipeline` need no more than this, `fit`, `predict`
and `score`.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, ClassVar, Self

from nasflow.errors import ConfigError, unknown_option
from nasflow.options.base import Options


class Estimator:
    """Gets, sets and shows the parameters of `__init__`, which are attributes."""

    _attribute_of: ClassVar[dict[str, str]] = {}
    """The attribute that holds a parameter, where a method has the parameter's name."""

    @classmethod
    def _parameters(cls) -> dict[str, Any]:
        """The default of each parameter of `__init__`, by name."""
        signature = inspect.signature(cls.__init__).parameters
        return {name: value.default for name, value in signature.items() if name != "self"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep` also each option of those that are options.

        Example:
            >>> from nasflow import Predictor
            >>> Predictor().get_params()["fit__epochs"]
            300
        """
        params = {}
        for name in self._parameters():
            value = getattr(self, self._attribute_of.get(name, name))
            params[name] = value
            if deep and isinstance(value, Options):
                for field in dataclasses.fields(value):
                    params[f"{name}__{field.name}"] = getattr(value, field.name)
        return params

    def set_params(self, **params: Any) -> Self:
        """Change parameters, or options of them: `fit=FitConfig(...)`, `fit__epochs=50`.

        Raises:
            ConfigError: a name that is no parameter (the message names the nearest), or an illegal
                value.
        """
        legal = self.get_params()
        changes: dict[str, dict[str, Any]] = {}
        for name, value in params.items():
            key = name.replace(".", "__")
            if key not in legal:
                raise unknown_option(type(self).__name__, name, legal)
            parameter, _, option = key.partition("__")
            if option:
                changes.setdefault(parameter, {})[option] = value
            else:
                self._set(parameter, value)
        # after the parameters themselves, of which these are options
        for parameter, options in changes.items():
            before = getattr(self, self._attribute_of.get(parameter, parameter))
            if not isinstance(before, Options):
                first = f"{parameter}.{next(iter(options))}"
                raise ConfigError(f"{first} cannot be set: {parameter} is {before!r}, no options")
            self._set(parameter, before.from_dict(vars(before) | options))
        return self

    def _set(self, parameter: str, value: Any) -> None:
        setattr(self, self._attribute_of.get(parameter, parameter), value)

    def __repr__(self) -> str:
        """The parameters that are not the defaults."""
        defaults = self._parameters()
        changed = []
        for name, value in self.get_params(deep=False).items():
            if value is not defaults[name] and value != defaults[name]:
                changed.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks before it uses an estimator; only scikit-learn calls it."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        # X is architectures: no matrix, and no number in it is missing
        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(two_d_array=False, string=True, dict=True),
            requires_fit=True,
        )
