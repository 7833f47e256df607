"""NAS-Bench-Macro (Su et al., CVPR 2021): chains of eight layers, 6,561 networks.

A node is a layer, an edge leads to the next one. Each layer is one of three blocks; layers 1, 3 and
6 halve the resolution and double the channels. So `identity` is not called `skip`: there it is a
convolution with parameters, and even elsewhere the same blocks in other places make another
network. Canonical ids do not contract it.
"""

from __future__ import annotations

import re
from typing import ClassVar

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.template import TemplateSpace

N_LAYERS = 8

_TEXT = re.compile(r"[0-2]{8}", re.ASCII)


class Macro(TemplateSpace):
    """The 3^8 chains of NAS-Bench-Macro.

    `mb3_k3` and `mb6_k5` are MobileNetV2 blocks of expansion 3 and kernel 3, and of expansion 6 and
    kernel 5.

    Example:
        >>> Macro().parse("02012100").ops[:4]
        ('input', 'identity', 'mb6_k5', 'identity')
    """

    name: ClassVar[str] = "nasbench-macro"
    choices: tuple[str, ...] = ("identity", "mb3_k3", "mb6_k5")
    ops: tuple[str, ...] = ("input", *choices, "output")
    n_choices = N_LAYERS
    edges = tuple((v, v + 1) for v in range(N_LAYERS + 1))

    def parse(self, text: str) -> Architecture:
        """The network of eight digits, one for each layer: 0 identity, 1 mb3_k3, 2 mb6_k5."""
        if _TEXT.fullmatch(text.strip()) is None:
            raise GraphError(
                f"{text[:60]!r} is no network of {self.name}; legal: {N_LAYERS} digits 0..2, such"
                " as 02012100"
            )
        return self.from_choices([int(digit) for digit in text.strip()])

    def format(self, architecture: Architecture) -> str:
        """Eight digits, such as `02012100`."""
        return "".join(map(str, self.to_choices(architecture)))
