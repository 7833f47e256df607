"""How an encoder reads the numbers that nodes and graphs carry, in units learnt from a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from nasflow.errors import GraphError
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.number_units import FARTHEST, NumberUnits


class NumberColumns(nn.Module):
    """Numbers of a batch in units: what `NumberUnits` gives of a table, on the batch's device.

    Args:
        units: of a table such as the one that is pre-trained on.
        kind: whose numbers, those of the nodes or of the graphs.
    """

    def __init__(self, units: NumberUnits, kind: Literal["attrs", "globals"]) -> None:
        super().__init__()
        self._kind = kind
        own = units.attrs if kind == "attrs" else units.globals
        self.names = tuple(unit.name for unit in own)
        # not among the weights: a file says the units once, beside the vocabulary
        for name, values in (
            # a float like the others: a running mean of weights takes in whatever a module holds
            ("logarithmic", torch.tensor([float(unit.logarithmic) for unit in own])),
            ("mean", torch.tensor([unit.mean for unit in own], dtype=torch.float32)),
            ("deviation", torch.tensor([unit.deviation for unit in own], dtype=torch.float32)),
        ):
            self.register_buffer(name, values, persistent=False)

    @property
    def width(self) -> int:
        """How many columns there are: two for each number."""
        return 2 * len(self.names)

    def forward(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, width), or (B, width) of graphs: values, then 1 where there is none.

        Raises:
            GraphError: a number that the units do not know; names it.
        """
        if self._kind == "attrs":
            values = self._aligned(batch.attr_names, batch.attrs, batch.n_nodes, batch.device)
        else:
            values = self._aligned(batch.global_names, batch.globals, len(batch), batch.device)
        assert isinstance(self.mean, Tensor)
        assert isinstance(self.deviation, Tensor)
        assert isinstance(self.logarithmic, Tensor)
        values = values.to(self.mean.dtype)
        curved = torch.where(self.logarithmic > 0, values.sign() * values.abs().log1p(), values)
        scaled = ((curved - self.mean) / self.deviation).clamp(-FARTHEST, FARTHEST)
        missing = scaled.isnan()
        return torch.cat([scaled.masked_fill(missing, 0.0), missing.to(scaled.dtype)], dim=1)

    def _aligned(
        self, names: Sequence[str], values: Tensor | None, n: int, device: torch.device
    ) -> Tensor:
        """(n, n_names): the values under the names of the units, NaN where there is none."""
        refuse_others(self._kind, names, values, self.names)
        if values is not None and tuple(names) == self.names:
            return values
        aligned = torch.full((n, len(self.names)), torch.nan, device=device)
        for i, name in enumerate(self.names):
            if values is not None and name in names:
                aligned[:, i] = values[:, names.index(name)]
        return aligned


def refuse_others(
    kind: str, names: Sequence[str], values: Tensor | None, legal: Sequence[str]
) -> None:
    """Return if all numbers of a batch are among those that an encoder knows.

    Raises:
        GraphError: one is not; names it.
    """
    for i, name in enumerate(names):
        # a name under which there is no number says nothing
        if name not in legal and values is not None and not values[:, i].isnan().all():
            raise GraphError(
                f"the encoder does not know the {kind} {name!r}; legal:"
                f" {', '.join(legal) or 'none'} (`without_numbers()` leaves all of them out;"
                " to have it read them, pre-train or fit it anew on a table that has them)"
            )
