"""How draws agree, and the variance of tau taken apart."""

from __future__ import annotations

import numpy as np
import pytest

from nasflow_paper.questions import robustness
from nasflow_paper.questions.variance_parts import variance_parts


def test_alignment_ignores_rotation_and_sees_what_is_unrelated() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 3))
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    assert robustness.alignment(x, 2 * x @ rotation + 1) == pytest.approx(1)
    assert robustness.alignment(x, rng.normal(size=(5000, 3))) < 0.01


def test_components_of_variance_are_found_again() -> None:
    rng = np.random.default_rng(0)
    cube = (
        rng.normal(0, 3, (60, 1, 1))
        + rng.normal(0, 2, (1, 50, 1))
        + rng.normal(0, 1, (1, 1, 40))
        + rng.normal(0, 0.5, (60, 50, 40))
    )
    parts = variance_parts(cube)
    assert (parts.draw, parts.split, parts.seed) == pytest.approx((3, 2, 1), rel=0.3)
    assert parts.rest == pytest.approx(0.5, rel=0.02)
    # without any effect about half of the estimates are below 0, which is no variance
    noise = [variance_parts(rng.normal(size=(5, 3, 3))).draw for _ in range(40)]
    assert 8 < noise.count(0.0) < 32
    one_split = variance_parts(cube[:, :1])
    assert one_split.split == 0
    assert one_split.draw == pytest.approx(3, rel=0.3)


def test_tau_is_gathered_where_every_draw_has_the_run() -> None:
    entries = [
        {
            "method": draw.label,
            "split": split,
            "seed": seed,
            "tau": 0.1 * i + 0.01 * split + 0.001 * seed,
        }
        for i, draw in enumerate(robustness.DRAWS[:2])
        for split in (1, 2)
        for seed in (3, 4)
    ]
    cube = robustness.tau_cube([*entries, {"method": "none", "split": 1, "seed": 3, "tau": 9.0}])
    assert cube is not None
    np.testing.assert_allclose(cube[:, :, 0], [[1.3, 2.3], [11.3, 12.3]])
    short = robustness.tau_cube(entries[:-1])
    assert short is not None
    assert short.shape == (2, 1, 2)
    # what one draw has alone, of a seed or a split, takes no other run away
    more = [{**entries[0], "seed": 5}, {**entries[1], "split": 9}]
    same = robustness.tau_cube([*entries, *more])
    assert same is not None
    np.testing.assert_array_equal(same, cube)
    assert robustness.tau_cube([e for e in entries if e["seed"] == 3]) is None
    assert robustness.tau_cube(entries[:4]) is None
