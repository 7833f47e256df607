"""Activations of the flow surrogate: one for all operations, or another one for some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.special

from nasflow.errors import ConfigError
from nasflow.options.surrogate import SurrogateConfig

FloatArray = npt.NDArray[np.floating[Any]]


def _gelu(x: FloatArray) -> FloatArray:
    """x Phi(x), Phi the distribution function of the standard normal distribution."""
    share: FloatArray = scipy.special.erf(x * np.sqrt(0.5).item())
    share += 1
    share *= 0.5
    share *= x
    return share


def _swish(x: FloatArray) -> FloatArray:
    share: FloatArray = scipy.special.expit(x)
    share *= x
    return share


# Each may work in place: the conversion's argument is not used again.
ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "relu": lambda x: np.maximum(x, 0, out=x),
    "gelu": _gelu,
    "swish": _swish,
    "tanh": lambda x: np.tanh(x, out=x),
}


@dataclass(frozen=True)
class Activate:
    """The activation of every operation."""

    functions: list[Callable[[FloatArray], FloatArray]]
    """Those that occur."""
    choice: npt.NDArray[np.intp]
    """(n_ops,): which of them each operation takes."""

    @classmethod
    def of(cls, config: SurrogateConfig, vocabulary: Sequence[str]) -> Activate:
        """The activations that the options name for a vocabulary.

        Raises:
            ConfigError: they name an operation that is not in it.
        """
        for op in config.op_activations:
            if op not in vocabulary:
                raise ConfigError(
                    f"op_activations names {op!r}; the table's operations: {', '.join(vocabulary)}"
                )
        names = [config.op_activations.get(op, config.activation) for op in vocabulary]
        different = list(dict.fromkeys(names))
        return cls(
            [ACTIVATIONS[name] for name in different],
            np.array([different.index(name) for name in names], np.intp),
        )

    def __call__(
        self, converted: FloatArray, ops: npt.NDArray[np.intp], nodes_last: bool = False
    ) -> FloatArray:
        """(n, k'), or with `nodes_last` (k', n): the activation of each node's operation.

        `converted` may be overwritten.
        """
        if len(self.functions) == 1:
            return self.functions[0](converted)
        choice = self.choice[ops]  # (n,)
        choice = choice if nodes_last else choice[:, None]
        result = np.empty_like(converted)
        for i, function in enumerate(self.functions):
            np.copyto(result, function(converted.copy()), where=choice == i)
        return result
