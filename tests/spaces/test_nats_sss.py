from __future__ import annotations

import numpy as np
import pytest

from nasflow.errors import GraphError
from nasflow.networks.flops import count_flops
from nasflow.spaces import load_space
from nasflow.spaces.nats_sss import CELL, NatsSize

SPACE = NatsSize()


def test_the_widths_stand_on_the_layers() -> None:
    element = SPACE.parse("64:8:16:32:48")
    assert element.ops == (
        "input",
        "conv",
        "cell",
        "residual",
        "cell",
        "residual",
        "cell",
        "output",
    )
    assert element.attrs["width"] == (3, 64, 64, 8, 16, 32, 48, 10)
    assert element.attrs["stride"] == (None, 1, 1, 2, 1, 2, 1, None)
    assert SPACE.widths(element) == (64, 8, 16, 32, 48)
    assert SPACE.from_choices([64, 8, 16, 32, 48]) == element


def test_there_are_32768_in_the_order_of_their_widths() -> None:
    table = SPACE.enumerate()
    assert len(table) == SPACE.size == SPACE.n_elements == 32_768
    assert len(set(table.canonical_ids.tolist())) == 32_768
    for row in range(0, 32_768, 97):
        assert SPACE.rank(table[row]) == row
        assert SPACE.parse(SPACE.format(table[row])) == table[row]
    some = table[np.arange(0, 32_768, 97)]
    assert len({hash(element) for element in some}) == len(some)
    assert SPACE.format(table[1]) == "8:8:8:8:16"
    assert SPACE.unrank(32_767) == SPACE.parse("64:64:64:64:64")


@pytest.mark.parametrize("width", [8, 16])
def test_nasbench201_has_the_same_network_where_widths_double(width: int) -> None:
    nb201 = load_space("nb201")
    network = nb201.network(nb201.parse(CELL), width=width, cells=1)
    w = width
    element = SPACE.from_choices([w, 2 * w, 2 * w, 4 * w, 4 * w])
    assert element.globals["params"] == sum(p.numel() for p in network.parameters())
    assert element.globals["flops"] == count_flops(network, (3, 32, 32))


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("64:8:16:32", "five widths"),
        ("64:8:16:32:50", "8, 16, 24"),
        ("0:8:16:32:48", "width 1 is 0"),
    ],
)
def test_other_text_is_refused(text: str, legal: str) -> None:
    with pytest.raises(GraphError, match=legal):
        SPACE.parse(text)


def test_an_illegal_width_is_named_with_its_position() -> None:
    with pytest.raises(GraphError, match=r"widths\[1, 3\] is 63; legal: 8, 16"):
        SPACE.table_from_choices([[8] * 5, [8, 8, 8, 63, 8]])
    with pytest.raises(GraphError, match=r"shape \(1, 4\)"):
        SPACE.table_from_choices([[8] * 4])


def test_a_network_is_no_element_with_another_number_on_it() -> None:
    element = SPACE.parse("64:8:16:32:48")
    data = element.to_dict()
    data["attrs"]["params"][3] += 1
    with pytest.raises(GraphError, match="no element of nats-sss"):
        SPACE.format(type(element).from_dict(data))


def test_a_table_drawn_at_once_has_every_width_alike() -> None:
    table = SPACE.sample_table(4000, np.random.default_rng(0))
    widths = table.attrs[:, table.attr_names.index("width")].reshape(4000, 8)[:, 2:7]
    counts = np.array([(widths == w).mean(0) for w in range(8, 65, 8)])
    assert (abs(counts - 1 / 8) < 0.02).all()
