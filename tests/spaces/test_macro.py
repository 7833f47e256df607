from __future__ import annotations

import pytest

from nasflow.errors import GraphError
from nasflow.spaces.macro import Macro

SPACE = Macro()


def test_a_network_is_a_chain() -> None:
    network = SPACE.parse("02012100")
    assert network.ops == (
        "input",
        "identity",
        "mb6_k5",
        "identity",
        "mb3_k3",
        "mb6_k5",
        "mb3_k3",
        "identity",
        "identity",
        "output",
    )
    assert network.edges == tuple((v, v + 1) for v in range(9))


def test_every_network_is_another() -> None:
    assert len(set(SPACE.enumerate().canonical_ids.tolist())) == 3**8


@pytest.mark.parametrize("text", ["0201210", "020121000", "03012100", "0201210a"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match=r"legal: 8 digits 0\.\.2"):
        SPACE.parse(text)
