"""Activations of the flow surrogate: one for all operations, or another one for some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import gelu, silu

from nasflow.errors import ConfigError
from nasflow.options.surrogate import SurrogateConfig

# Each works in place where torch can: the conversion's argument is not used again.
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu_,
    "gelu": gelu,
    "swish": partial(silu, inplace=True),
    "tanh": torch.tanh_,
}


@dataclass(frozen=True)
class Activate:
    """The activation of every operation."""

    functions: list[Callable[[Tensor], Tensor]]
    """Those that occur."""
    choice: Tensor
    """(n_ops,) int64: which of them each operation takes."""

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
            torch.tensor([different.index(name) for name in names]),
        )

    def __call__(self, converted: Tensor, ops: Tensor, nodes_last: bool = False) -> Tensor:
        """(n, k'), or with `nodes_last` (k, n): the activation of each node's operation.

        `converted` may be overwritten.
        """
        if len(self.functions) == 1:
            return self.functions[0](converted)
        choice = self.choice.index_select(0, ops)  # (n,)
        choice = choice if nodes_last else choice.unsqueeze(1)
        result = torch.empty_like(converted)
        for i, function in enumerate(self.functions):
            torch.where(choice == i, function(converted.clone()), result, out=result)
        return result
