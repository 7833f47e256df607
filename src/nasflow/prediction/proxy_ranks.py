"""`ProxyRanks`: zero-cost proxies as inputs of a predictor, on one scale whatever their units.

    rank(v)  = share of the reference below v + half the share equal to v        0 to 1
    input(v) = 2 rank(v) - 1                                                     -1 to 1

The reference is the column over all architectures at hand, such as the pre-training table. It needs
no label, and it is kept with the model, so that an architecture that comes later is ranked against
the same ones. Ranks, since a proxy may reach 1e61, and only its order is known to mean something.

A value that is not finite (a measure that failed) becomes 0, the middle rank: it speaks neither for
nor against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError
from nasflow.statistics.ranks import ranks_among

if TYPE_CHECKING:
    from torch import Tensor

Columns = Mapping[str, npt.ArrayLike]
"""(N,) numbers that need no training, by name."""


@dataclass(frozen=True, eq=False)
class ProxyRanks:
    """Turns columns into inputs.

    Args:
        reference: the finite values of each column, ascending, by name; their order is that of the
            inputs.

    Example:
        >>> ranks = ProxyRanks.of(["params"], {"params": [1.0, 2.0, 2.0, 5.0]})
        >>> ranks.inputs({"params": [0.0, 2.0, float("nan"), 9.0]}, 4).squeeze(1)
        tensor([-1.,  0.,  0.,  1.])
    """

    reference: Mapping[str, npt.NDArray[np.float64]]

    @classmethod
    def of(cls, names: Sequence[str], columns: Columns) -> ProxyRanks:
        """Ranks against `columns`.

        Raises:
            ConfigError: a column that is not there, or has no two different finite values.
        """
        reference = {}
        for name in names:
            values = _column(name, columns)
            ascending = np.sort(values[np.isfinite(values)])
            if not len(ascending) or ascending[0] == ascending[-1]:
                raise ConfigError(
                    f"proxy {name!r} has no two different finite values: it tells nothing apart"
                )
            reference[name] = ascending
        return cls(reference)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the inputs."""
        return tuple(self.reference)

    def inputs(self, columns: Columns, n: int) -> Tensor:
        """(n, n_columns) float32, -1 to 1: the inputs of `n` architectures.

        Raises:
            ConfigError: a column that is not there, or has another length.
        """
        import torch  # here: a blend that reads columns has no tensor

        result = np.zeros((n, len(self.reference)), np.float32)
        for i, (name, reference) in enumerate(self.reference.items()):
            values = _column(name, columns)
            if values.shape != (n,):
                raise ConfigError(
                    f"proxy {name!r} has shape {values.shape}; {n} architectures need ({n},)"
                )
            result[:, i] = 2 * ranks_among(values, reference) - 1
        return torch.from_numpy(result)


def take(
    columns: Columns, rows: npt.NDArray[np.integer[Any]]
) -> dict[str, npt.NDArray[np.float64]]:
    """The columns at some rows."""
    return {name: _column(name, columns)[rows] for name in columns}


def without_value(names: Sequence[str], columns: Columns) -> str:
    """What to tell the user of values that are not finite; empty where all are."""
    lacking = []
    for name in names:
        values = _column(name, columns)
        n_without = int((~np.isfinite(values)).sum())
        if n_without:
            lacking.append(f"{n_without} of {len(values)} rows have no value of {name}")
    return f"{'; '.join(lacking)}: they count as in the middle" if lacking else ""


def _column(name: str, columns: Columns) -> npt.NDArray[np.float64]:
    """(N,) float64: one of the columns, or a `ConfigError` where it is not given."""
    if name not in columns:
        raise ConfigError(
            f"the proxy {name!r} is among the inputs, but its column is not given; given: "
            f"{', '.join(columns) or 'none'}"
        )
    return np.asarray(columns[name], np.float64)


def extra_inputs(ranks: ProxyRanks, proxies: Columns | None, n: int) -> Tensor | None:
    """(n, n_proxies): what the head reads beside the embedding; None where that is nothing."""
    return ranks.inputs(proxies or {}, n) if ranks.names else None
