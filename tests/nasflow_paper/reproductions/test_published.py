"""The paper's numbers as they were typed."""

from __future__ import annotations

import pytest

from nasflow_paper.published import Place, published

# table 1's last rows: how many per cent FGP is above none, in the order of its columns
GAINS = {
    "ResGatedGCN": (15.1, 12.0, 7.4, 106.0, 64.6, 26.1, 33.6, 20.5, 6.4),
    "GIN": (8.0, 20.6, 5.5, 23.4, 42.4, 22.4, 16.0, 13.7, 8.0),
    "FlowerFormer": (3.1, 8.2, 8.1, 15.0, 35.7, 24.7, 4.4, 15.7, 10.6),
}


@pytest.mark.parametrize("encoder", list(GAINS))
def test_the_gains_that_the_paper_prints_follow_from_the_numbers(encoder: str) -> None:
    """Its last rows are per cent of FGP over none, from means with more digits than the table's."""
    table = published("table1")
    columns = [
        (metric, space) for metric in ("tau", "p1", "p5") for space in ("nb101", "nb201", "nb301")
    ]
    for (metric, space), printed in zip(columns, GAINS[encoder], strict=True):
        none, fgp = (
            table[Place(encoder, method, space, metric)].mean for method in ("none", "FGP")
        )
        rounding = 100 * 0.1 * (none + fgp) / none**2  # both means are rounded to a tenth
        assert 100 * (fgp / none - 1) == pytest.approx(printed, abs=rounding + 0.05)


def test_tables_that_share_rows_agree_but_for_the_slips() -> None:
    main = published("table1")
    for name in ("table8", "table9", "table10", "table14", "figure7"):
        shared = {place: number for place, number in published(name).items() if place in main}
        assert all(number == main[place] for place, number in shared.items()), name
    # rows that are FGP of the main table under another name
    for name, label in (("table10", "round 1"), ("table11", "sum"), ("table14", "1/2, 1/2")):
        for space in ("nb101", "nb201"):
            assert (
                published(name)[Place("ResGatedGCN", label, space, "tau")]
                == main[Place("ResGatedGCN", "FGP", space, "tau")]
            )
    for metric in ("tau", "p1", "p5"):
        for space in ("nb101", "nb201"):
            number, other = (
                published(t)[Place("ResGatedGCN", "none", space, metric)]
                for t in ("table1", "table5")
            )
            assert number.mean == other.mean
            assert (number.std == other.std) == (not other.slip)


def test_slips_are_kept_as_printed_and_marked() -> None:
    fgp = published("table5")[Place("ResGatedGCN", "FGP", "nb201", "tau")]
    assert str(fgp) == "81.4 (7.7) [sic]"
    assert (
        str(published("table12")[Place("MLP", "pooling", "nb201", "accuracy")]) == "1.0 (0.1) [sic]"
    )
    assert (
        str(published("table15")[Place("FlowerFormer", "FGP, 100 %", "nb201", "tau")])
        == "83.5 (1.7) [sic]"
    )
    slips = [
        number
        for name in ("table1", "table3", "figure7")
        for number in published(name).values()
        if number.slip
    ]
    assert not slips


def test_every_table_is_whole() -> None:
    sizes = {
        "table1": 162,
        "table3": 108,
        "table5": 36,
        "table6": 33,
        "table7": 16,
        "figure7": 30,
        "table8": 24,
        "table9": 12,
        "table10": 18,
        "table11": 6,
        "table12": 6,
        "table13": 14,
        "table14": 10,
        "table15": 12,
    }
    assert {name: len(published(name)) for name in sizes} == sizes
    assert published("no such table") == {}
