"""What version 2 wrote is read: blends whose trees are not in the file, and are grown again.

The files in tests/golden/v2 were written by that version; told.json is what it gave for them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nasflow import Architecture, ArchTable, Predictor
from nasflow.spaces.nb201 import NB201

GOLDEN = Path(__file__).parents[1] / "golden" / "v2"
TOLD = json.loads((GOLDEN / "told.json").read_text())


def chains() -> ArchTable:
    """Networks with widths."""
    rng, graphs = np.random.default_rng(0), []
    for _ in range(30):
        n = int(rng.integers(1, 5))
        middle = ["conv" if rng.random() < 0.6 else "pool" for _ in range(n)]
        width = [None, *(float(rng.choice([8, 16, 32, 256])) for _ in range(n)), None]
        edges = tuple((i, i + 1) for i in range(n + 1))
        graphs.append(Architecture(("input", *middle, "output"), edges, {"width": width}))
    return ArchTable.from_architectures(graphs, ("input", "conv", "pool", "output"))


UNSEEN = {"blend": NB201().enumerate()[::401][24:], "sizes": chains()[20:]}


@pytest.mark.parametrize("name", UNSEEN)
def test_blends_predict_what_they_did_and_are_written_anew(name: str, tmp_path: Path) -> None:
    model = Predictor.load(GOLDEN / f"{name}.safetensors")
    predicted = model.predict(UNSEEN[name])
    # the same bits on the machine that made them; another rounds otherwise
    np.testing.assert_allclose(predicted, TOLD[name], rtol=1e-5)
    model.save(tmp_path / "again.safetensors")
    again = Predictor.load(tmp_path / "again.safetensors")
    assert np.array_equal(again.predict(UNSEEN[name]), predicted)
    # members that came later have no part in it
    assert "additive" not in again.blend_.weights_
