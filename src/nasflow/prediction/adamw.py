"""`AdamW`: the optimizer of pre-training and fine-tuning (Loshchilov and Hutter, ICLR 2019).

torch's own computation, one pass over all parameters, without its class: to make one of those
imports torch's compiler, two to three seconds that are longer than many a fine-tuning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.optim.adamw import adamw

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class AdamW:
    """Decoupled weight decay, moments of torch's usual decay, bias-corrected.

    Args:
        parameters: what is trained; a parameter without a gradient stays as it is.
        lr: learning rate, which may be set anew before a step.
        weight_decay: by how much of itself times `lr` a weight shrinks in a step.

    Attributes:
        state: by the parameter's number `step` (), `exp_avg` and `exp_avg_sq` (of its shape): all
            that the next step depends on, as torch names it.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        self.parameters = list(parameters)
        self.lr = lr
        self.weight_decay = weight_decay
        self.state: dict[int, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by their gradients."""
        numbers = [i for i, parameter in enumerate(self.parameters) if parameter.grad is not None]
        for i in numbers:
            # made with the first gradient: a decoder that is never asked has none
            if i not in self.state:
                self.state[i] = _at_rest(self.parameters[i])
        states = [self.state[i] for i in numbers]
        adamw(
            [self.parameters[i] for i in numbers],
            [gradient for i in numbers if (gradient := self.parameters[i].grad) is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.lr,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def load_state(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Go on from the `state` of another."""
        self.state = {}
        for i, of_parameter in state.items():
            device = self.parameters[i].device
            self.state[i] = {name: value.to(device) for name, value in of_parameter.items()}


def _at_rest(parameter: Tensor) -> dict[str, Tensor]:
    """The state before the first step."""
    return {
        "step": torch.zeros((), device=parameter.device),
        "exp_avg": torch.zeros_like(parameter, requires_grad=False),
        "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
    }
