"""Whether our order agrees with the paper's: counted on results that were made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from nasflow_paper.published import Number
from nasflow_paper.reproductions.verdict import judge

PAPER = {
    "none": Number(60.0, 2.0),
    "GMAE": Number(65.0, 1.0),
    "FGP": Number(70.0, 3.0),
    "ZC-Proxy": Number(65.0, 1.0),
}


def entries(splits: int = 3, **means: float) -> list[dict[str, Any]]:
    """Two seeds on each split; methods differ by their means and a little noise of the split."""
    runs = []
    for method, mean in means.items():
        for split in range(splits):
            noise = 0.001 * ((3 * split + len(method)) % 5)
            for seed in (1, 2):
                tau = mean / 100 + noise + 0.002 * seed
                label = method.replace("_", "-")
                runs.append({"method": label, "split": split, "seed": seed, "tau": tau})
    return runs


def test_order_level_and_clear_differences_are_counted() -> None:
    verdict = judge(entries(none=62, GMAE=59, FGP=69, ZC_Proxy=65.2), PAPER, "tau")
    assert verdict is not None
    assert verdict.here == ("FGP", "ZC-Proxy", "none", "GMAE")
    assert verdict.paper == ("FGP", "GMAE", "ZC-Proxy", "none")
    assert (verdict.n_pairs, verdict.n_same) == (5, 4)  # GMAE and ZC-Proxy are equal in the paper
    assert verdict.clear_other == ("none > GMAE",)
    assert len(verdict.clear_same) == 4
    assert verdict.n_within == 2  # ZC-Proxy and FGP; none is 2.4 points away
    assert verdict.furthest == ("GMAE", pytest.approx(-5.4, abs=0.3))
    words = verdict.words("tau")
    assert (
        "Order by tau: FGP > ZC-Proxy > none > GMAE; in the paper FGP > GMAE > ZC-Proxy > none."
        in words
    )
    assert "4 of 5 pairs stand as in the paper; its best, FGP, is the best here too." in words
    assert "5 of these differences are clear here" in words
    assert "4 with the paper's sign; against it: none > GMAE." in words


def test_a_difference_within_the_noise_is_not_called_clear() -> None:
    noisy = entries(none=60, FGP=60)
    for entry in noisy:
        entry["tau"] += 0.01 * entry["split"] * (1 if entry["method"] == "FGP" else -1) - 0.01
    verdict = judge(noisy, PAPER, "tau")
    assert verdict is not None
    assert verdict.clear_same == verdict.clear_other == ()
    assert "No difference is clear here" in verdict.words("tau")


def test_one_split_decides_nothing() -> None:
    verdict = judge(entries(splits=1, none=60, FGP=50), PAPER, "tau")
    assert verdict is not None
    assert not verdict.has_intervals
    assert not verdict.best_agrees
    assert "its best, FGP, is number 2 of 2 here. One split gives no interval" in verdict.words(
        "tau"
    )


def test_methods_that_the_paper_has_not_are_left_out() -> None:
    assert judge(entries(none=60, gp=50), PAPER, "tau") is None
    verdict = judge(entries(none=60, FGP=70, gp=90), PAPER, "tau")
    assert verdict is not None
    assert verdict.here == ("FGP", "none")


def test_a_pair_is_compared_on_the_runs_that_both_have() -> None:
    """The row with more splits has easier ones among them; on the same splits it is the worse."""
    unequal = entries(none=60, FGP=64)
    unequal += [
        {**entry, "split": entry["split"] + 3, "tau": entry["tau"] + 0.2}
        for entry in unequal
        if entry["method"] == "none"
    ]
    verdict = judge(unequal, PAPER, "tau")
    assert verdict is not None
    assert verdict.here == ("FGP", "none")
    assert verdict.words("tau").startswith(
        "Order by tau over the 6 runs that all rows have: FGP > none; as in"
    )
    assert (verdict.n_pairs, verdict.n_same) == (1, 1)
    assert verdict.clear_same == ("FGP > none",)
