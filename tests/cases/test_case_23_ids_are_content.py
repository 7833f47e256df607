from __future__ import annotations

import os
import subprocess
import sys

from nasflow.spaces.nb201 import NB201


def test_an_id_belongs_to_the_network_and_an_index_to_the_table() -> None:
    """Is index 235 the same network everywhere?"""
    table = NB201().enumerate()
    turned = table[::-1]
    assert table.canonical_ids[235] == turned.canonical_ids[15625 - 1 - 235]
    assert table.canonical_ids[235] == table[235].canonical_id


def test_another_process_with_another_hash_seed_gives_the_same_id() -> None:
    code = "from nasflow.spaces.nb201 import NB201; print(NB201().enumerate()[235].canonical_id)"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert outputs == {NB201().enumerate()[235].canonical_id}
