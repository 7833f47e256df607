"""The options of the flow surrogate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from nasflow.options.base import Options

Pooling = Literal["sum", "mean", "max", "root"]
Activation = Literal["relu", "gelu", "swish", "tanh"]
Directions = Literal["both", "forward", "backward"]


@dataclass(frozen=True)
class SurrogateConfig(Options):
    """How random vectors flow through a graph (section 3 of the paper)."""

    k: int = 8
    """Width of the random vectors, and of the surrogate."""
    sigma: float = 0.1
    """Standard deviation of the random matrices P and W."""
    alpha: float = 0.5
    """Share of the message that passes a node unchanged."""
    seed: int = 0
    """Seed of the one draw that serves a whole space."""
    pooling: Pooling = "sum"
    """How messages meet in a node, and nodes in the surrogate; root: their sum over the square root
    of their number.
    """
    directions: Directions = "both"
    """Both passes (the method), or one of them alone."""
    rounds: int = 1
    """Forward-and-backward rounds; each starts where the last ended and adds k components."""
    standardise: bool = True
    """Give each component mean 0 and variance 1 over the pre-training table (constant components
    become 0).
    """
    rescale: float = 0.0
    """Multiply each message m by (|r| / |m|) to this power: 0 leaves it, 1 gives it the length of
    r; above 0, values neither vanish nor explode with depth."""
    activation: Activation = "relu"
    """What a node's conversion ends in (relu in the paper)."""
    op_activations: dict[str, Activation] = field(default_factory=dict)
    """Another activation for some operations, by their name; all others take `activation`."""

    def __post_init__(self) -> None:
        self._size("k")
        self._positive_int("rounds")
        self._number("sigma", 0, open_low=True)
        self._number("alpha", 0, 1)
        self._number("rescale", 0, 1)
        self._seed()
        self._choice("pooling")
        self._choice("directions")
        self._choice("activation")
        self._mappings("op_activations")
        for op, activation in self.op_activations.items():
            if activation not in get_args(Activation):
                raise self._wrong(
                    f"op_activations[{op!r}]", activation, ", ".join(get_args(Activation))
                )
        if self.rounds > 1 and self.directions != "both":
            raise self._wrong(
                "rounds",
                self.rounds,
                f"1 where directions is {self.directions!r}: a round "
                "starts from the backward pass of the last",
            )
