from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.ofa_mbv3 import OfaMbv3

SPACE = OfaMbv3()
Choices = dict[str, Any]
SQUEEZED = {72: 24, 96: 24, 144: 40, 120: 32, 160: 40, 240: 64, 320: 80}
SQUEEZED |= {336: 88, 448: 112, 672: 168, 480: 120, 640: 160, 960: 240}
"""Features between the two layers of squeeze-and-excite, by the channels around them."""


def random_choices(seed: int) -> Choices:
    rng = np.random.default_rng(seed)
    return {
        "ks": rng.choice([3, 5, 7], 20).tolist(),
        "e": rng.choice([3, 4, 6], 20).tolist(),
        "d": rng.choice([2, 3, 4], 5).tolist(),
        "resolution": int(rng.choice(range(128, 225, 4))),
    }


def slow_element(choices: Choices) -> Architecture:
    """The network of some choices, layer by layer: every weight and multiplication counted."""
    nodes: list[dict[str, Any]] = []
    side = choices["resolution"]

    def add(op: str, width: int, params: int | None, flops: int | None, **more: int) -> None:
        nodes.append({"op": op, "width": width, "outputs": width * side * side, "params": params})
        nodes[-1].update(flops=flops, **more)

    def block(n_in: int, n_out: int, kernel: int, expansion: int, stride: int, se: bool) -> None:
        nonlocal side
        inner = n_in * expansion
        params = flops = 0
        if expansion > 1:
            params += n_in * inner + inner + inner
            flops += n_in * inner * side * side
        side = (side + stride - 1) // stride
        params += inner * kernel * kernel + inner + inner
        flops += inner * kernel * kernel * side * side
        if se:
            # a quarter to the nearest multiple of 8, the next one where that loses a tenth
            squeezed = SQUEEZED[inner]
            params += inner * squeezed + squeezed + squeezed * inner + inner
            flops += 2 * inner * squeezed
        params += inner * n_out + n_out + n_out
        flops += inner * n_out * side * side
        op = "mbconv_se" if se else "mbconv"
        add(op, n_out, params, flops, kernel=kernel, expansion=expansion, stride=stride)

    add("input", 3, None, None)
    side = (side + 1) // 2
    add("conv", 16, 27 * 16 + 32, 27 * 16 * side * side, kernel=3, stride=2)
    block(16, 16, 3, 1, 1, False)
    n_in = 16
    for stage, n_out in enumerate([24, 40, 80, 112, 160]):
        for i in range(choices["d"][stage]):
            stride = [2, 2, 2, 1, 2][stage] if i == 0 else 1
            kernel, expansion = choices["ks"][4 * stage + i], choices["e"][4 * stage + i]
            block(n_in, n_out, kernel, expansion, stride, stage in (1, 3, 4))
            n_in = n_out
    add("conv", 960, 160 * 960 + 2 * 960, 160 * 960 * side * side, kernel=1, stride=1)
    side = 1
    add("linear", 1280, 960 * 1280, 960 * 1280)
    add("output", 1000, 1280 * 1000 + 1000, 1280 * 1000)
    names = ("expansion", "flops", "kernel", "outputs", "params", "stride", "width")
    return Architecture(
        tuple(node["op"] for node in nodes),
        tuple((v, v + 1) for v in range(len(nodes) - 1)),
        {name: [node.get(name) for node in nodes] for name in names},
        {
            "resolution": choices["resolution"],
            "params": sum(node["params"] or 0 for node in nodes),
            "flops": sum(node["flops"] or 0 for node in nodes),
        },
    )


def test_a_table_of_many_is_the_slow_one() -> None:
    choices = [random_choices(seed) for seed in range(60)]
    columns = {name: [one[name] for one in choices] for name in choices[0]}
    table = SPACE.table_from_choices(**columns)
    for element, one in zip(table, choices, strict=True):
        assert element == slow_element(one) == SPACE.from_choices(**one)


def test_the_largest_network_is_as_large_as_published() -> None:
    largest = SPACE.from_choices([7] * 20, [6] * 20, [4] * 5, 224)
    # as reported for the whole supernet
    assert round(largest.globals["params"] / 1e6, 2) == 7.66
    assert round(largest.globals["flops"] / 1e6) == 566


def test_what_a_depth_leaves_out_does_not_count() -> None:
    one = random_choices(0) | {"d": [2, 3, 4, 2, 2]}
    other = json.loads(json.dumps(one))
    other["ks"][2], other["e"][3] = 0, 99
    assert SPACE.from_choices(**one) == SPACE.from_choices(**other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ks": [[9] + [3] * 19]}, r"ks\[0, 0\] is 9; legal: 3, 5, 7"),
        ({"e": [[5] + [3] * 19]}, r"e\[0, 0\] is 5; legal: 3, 4, 6"),
        ({"d": [[1, 2, 2, 2, 2]]}, r"d\[0, 0\] is 1; legal: 2, 3, 4"),
        ({"resolution": [130]}, r"resolution\[0\] is 130; legal: 128, 132"),
        ({"resolution": [128, 128]}, "resolution has 2 rows; d has 1"),
        ({"ks": [[3] * 19]}, r"ks has shape \(1, 19\)"),
        ({"d": [["2"] * 5]}, "legal: numbers of shape"),
    ],
)
def test_illegal_choices_are_named(change: Choices, message: str) -> None:
    legal = {"ks": [[3] * 20], "e": [[3] * 20], "d": [[2] * 5], "resolution": [128]}
    with pytest.raises(GraphError, match=message):
        SPACE.table_from_choices(**(legal | change))


def test_the_number_of_elements_is_exact_and_all_have_a_number() -> None:
    assert SPACE.n_elements == 25 * (9**2 + 9**3 + 9**4) ** 5
    assert SPACE.size is None
    for index in (0, 1, 10**20, SPACE.n_elements - 1):
        assert SPACE.rank(SPACE.unrank(index)) == index
    with pytest.raises(GraphError, match="legal: 0.."):
        SPACE.unrank(SPACE.n_elements)


def test_drawn_at_once_or_one_by_one_depths_are_alike() -> None:
    rng = np.random.default_rng(0)
    table = SPACE.sample_table(3000, rng)
    at_once = np.diff(table.node_ptr) - 6
    one_by_one = [SPACE.sample(rng).n_nodes - 6 for _ in range(200)]
    assert abs(at_once.mean() - 15) < 0.2
    assert abs(np.mean(one_by_one) - 15) < 0.6


def test_published_rows_are_elements(nasflow_data: Path) -> None:
    path = nasflow_data / "ofa_latency.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in NASFLOW_DATA")
    with gzip.open(path, "rt") as file:
        rows = [json.loads(line) for line in file]
    table = SPACE.table_from_choices(
        *([row[name] for row in rows] for name in ("ks", "e", "d", "resolution"))
    )
    assert len(table) == len(rows)
    for row in range(0, len(rows), 100):
        choices = {name: rows[row][name] for name in ("ks", "e", "d", "resolution")}
        assert table[row] == slow_element(choices)
        assert SPACE.parse(SPACE.format(table[row])) == table[row]


@pytest.mark.slow
def test_100000_random_elements_take_less_than_200_megabytes() -> None:
    started = time.process_time()
    table = SPACE.sample_table(100_000, np.random.default_rng(0))
    # 5 s on one busy core
    assert time.process_time() - started < 30
    assert table.nbytes < 100e6
