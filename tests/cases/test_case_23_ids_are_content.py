from __future__ import annotations

from nasflow.spaces.nb201 import NB201


def test_an_id_belongs_to_the_network_and_an_index_to_the_table() -> None:
    """Is index 235 the same network everywhere?"""
    table = NB201().enumerate()
    turned = table[::-1]
    assert table.canonical_ids[235] == turned.canonical_ids[15625 - 1 - 235]
    assert table.canonical_ids[235] == table[235].canonical_id
