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

from nasflow.errors import unknown_option
from nasflow.options.base import Options


class Estimator:
    """Gets, sets and shows the parameters of `__init__`, which are attributes."""

    _attribute_of: ClassVar[dict[str, str]] = {}
    """The attribute that holds a parameter, where a method has the parameter's name."""
    _options_of: ClassVar[dict[str, type[Options]]] = {}
    """The class of the options that a parameter is; its defaults stand for None."""

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """The default of each parameter of `__init__`, by name."""
        signature = inspect.signature(cls.__init__).parameters
        return {name: value.default for name, value in signature.items() if name != "self"}

    def _given(self, parameter: str) -> Any:
        """A parameter as it was given."""
        return getattr(self, self._attribute_of.get(parameter, parameter))

    def _resolved(self, parameter: str) -> Any:
        """A parameter, the default options in the place of None."""
        value = self._given(parameter)
        if value is None and parameter in self._options_of:
            return self._options_of[parameter]()
        return value

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep` also each option of those that are options.

        Example:
            >>> from nasflow import Predictor
            >>> Predictor().get_params()["fit__epochs"]
            300
        """
        params = {}
        for name in self._defaults():
            params[name] = self._given(name)
            options = self._resolved(name)
            if deep and isinstance(options, Options):
                for field in dataclasses.fields(options):
                    params[f"{name}__{field.name}"] = getattr(options, field.name)
        return params

    def set_params(self, **params: Any) -> Self:
        """Change parameters, or options of them: `fit=FitConfig(...)`, `fit__epochs=50`.

        Raises:
            ConfigError: a name that is no parameter (the message names the nearest), or an illegal
                value.
        """
        # first the parameters themselves, of which the others are options
        for name in sorted(params, key=lambda name: "__" in name or "." in name):
            parameter, _, option = name.replace(".", "__").partition("__")
            legal = self.get_params()
            if f"{parameter}__{option}" not in legal and (option or parameter not in legal):
                raise unknown_option(type(self).__name__, name, legal)
            value = params[name]
            if option:
                options = self._resolved(parameter)
                value = options.from_dict(vars(options) | {option: value})
            setattr(self, self._attribute_of.get(parameter, parameter), value)
        return self

    def __repr__(self) -> str:
        """The parameters that are not the defaults."""
        defaults = self._defaults()
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
