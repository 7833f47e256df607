"""`PairCellModule`: a cell of four feature maps with an operation between each pair, as a module.

Every operation has its module, whether it runs or not, since the published networks have all of
their parameters. Only those run that the cell's output depends on: those on a path from map 0 to
map 3 that no `none` interrupts. In the published code the others run too. One that leads nowhere
changes nothing there either. One that starts from a map of zeros adds the offset of its batch
normalisation, which is 0 until trained. `dead=True` runs them as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from nasflow.graphs.names import NONE_OP
from nasflow.spaces.pair_cell import PAIRS

LAST = PAIRS[-1][1]
"""The feature map that is the cell's output."""


class PairCellModule(nn.Module):
    """(B, n_in, H, W) to (B, n_out, h, w).

    A cell whose output nothing reaches gives zeros. They hang on the input by a product with zero,
    so that all gradients exist, and are zero.

    Args:
        ops: the operation of each pair of maps, in the order of `PAIRS`.
        make: the module of an operation (never `none`), given its name and the map it starts from.
        n_out: number of channels of the output.
        stride: the size of map 0 over that of the others.
        dead: whether operations run that the output does not depend on.
    """

    def __init__(
        self,
        ops: Sequence[str],
        make: Callable[[str, int], nn.Module],
        n_out: int,
        stride: int = 1,
        dead: bool = False,
    ) -> None:
        super().__init__()
        self.n_out, self.stride = n_out, stride
        present = [(pair, op) for pair, op in zip(PAIRS, ops, strict=True) if op != NONE_OP]
        self.operations = nn.ModuleDict({f"{s}>{t}": make(op, s) for (s, t), op in present})
        self.running = [pair for pair, _ in present]
        if not dead:
            self.running = live_pairs(self.running)

    def forward(self, x: Tensor) -> Tensor:
        """The sum of what reaches the last map, computed map by map."""
        maps: list[Tensor | None] = [x, None, None, None]
        # by target, as `PAIRS` is: a map is complete before it is read
        for source, target in self.running:
            start = maps[source]
            operation = self.operations[f"{source}>{target}"]
            arriving = operation(self._zeros(x) if start is None else start)
            partial_sum = maps[target]
            maps[target] = arriving if partial_sum is None else partial_sum + arriving
        last = maps[LAST]
        return self._zeros(x) if last is None else last

    def _zeros(self, x: Tensor) -> Tensor:
        return (0 * x[:, :1, :: self.stride, :: self.stride]).expand(-1, self.n_out, -1, -1)


def live_pairs(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of the pairs of maps that an operation joins, those on a path from the first to the last."""
    reached, used = {0}, {LAST}
    # by source: whatever leads to a map comes before what leads on from it
    for source, target in sorted(pairs):
        if source in reached:
            reached.add(target)
    for source, target in sorted(pairs, reverse=True):
        if target in used:
            used.add(source)
    return [(source, target) for source, target in pairs if source in reached and target in used]
