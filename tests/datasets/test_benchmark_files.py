"""Every benchmark file loads by name, with the numbers that were published for it."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from nasflow.datasets import dataset_info, load_dataset
from nasflow.errors import DataError, MissingDataError
from nasflow.spaces import load_space
from nasflow.spaces.nb101 import official_hash
from nasflow.statistics.metrics import kendall_tau

NAMES = (
    "nb101",
    "nb101-all",
    "nb101-zero-cost",
    "nb301",
    "nasbench-macro",
    "transnas-micro",
    "nb201",
    "ofa-latency",
    "accel-nasbench",
    "bert-glue",
)
RANDOM_ORDER = (
    *("nb101", "nb101-all", "nb201", "nb301"),
    *("ofa-latency", "accel-nasbench", "bert-glue"),
)


def need(folder: Path, name: str) -> None:
    for file in dataset_info(name).files:
        if "optional" not in file and not (folder / file).is_file():
            pytest.skip(f"needs {file} in NASFLOW_DATA={folder}")


@pytest.mark.parametrize("name", NAMES)
def test_a_data_set_is_what_its_entry_says(name: str, nasflow_data: Path) -> None:
    need(nasflow_data, name)
    data, info = load_dataset(name), dataset_info(name)
    assert (data.name, len(data), data.default_metric) == (name, info.size, info.metrics[0])
    assert {metric for metric in info.metrics if " " not in metric} <= set(data.metrics)
    assert data.space is not None
    assert data.table.vocabulary == load_space(data.space).ops
    assert data.file_order_is_random == (name in RANDOM_ORDER)
    assert np.isfinite(data.labels()).all()
    again = load_dataset(name)  # from the cache
    assert again.content_hash() == data.content_hash()
    assert again.metrics == data.metrics


@pytest.mark.parametrize(
    ("name", "metric", "best"),
    [
        ("nb101-all", "valid_108ep", 0.949),
        ("transnas-micro", "class_scene", 54.94),
        ("nasbench-macro", "test_acc_mean", 93.127),
    ],
)
def test_the_best_label_is_the_published_one(
    name: str, metric: str, best: float, nasflow_data: Path
) -> None:
    need(nasflow_data, name)
    assert load_dataset(name).labels(metric).max() == pytest.approx(best, abs=0.005)


def test_nb101_is_the_head_of_the_file_and_its_hashes_are_official(nasflow_data: Path) -> None:
    need(nasflow_data, "nb101")
    data, everything = load_dataset("nb101"), load_dataset("nb101-all")
    assert data.table[14_579] == everything.table[14_579]
    assert (data.labels() == everything.labels()[:14_580]).all()
    with gzip.open(nasflow_data / "nb101.csv.gz", "rt") as file:
        hashes = [line.split(",", 1)[0] for line in file][1:]
    for row in range(0, len(everything), 10):
        assert official_hash(everything.table[row]) == hashes[row]


def test_the_codes_of_the_zero_cost_file_are_read_rightly(nasflow_data: Path) -> None:
    """Swapped codes of 1x1 and 3x3 would give other cells, with other numbers of parameters."""
    need(nasflow_data, "nb101-zero-cost")
    proxies, cells = load_dataset("nb101-zero-cost"), load_dataset("nb101-all")
    _, here, there = np.intersect1d(
        proxies.table.canonical_ids, cells.table.canonical_ids, return_indices=True
    )
    assert len(here) > 10
    params = cells.labels("params")[there] / 1e6
    assert proxies.labels("params")[here] == pytest.approx(params, rel=0.01)


def test_hardware_reaches_every_cell_that_runs(nasflow_data: Path) -> None:
    need(nasflow_data, "nb201")
    if not (nasflow_data / "nb201_hardware.csv.gz").is_file():
        pytest.skip("needs nb201_hardware.csv.gz")
    data = load_dataset("nb201")
    quantities = ("latency.", "energy.", "arithmetic_intensity.")
    names = [name for name in data.metrics if name.startswith(quantities)]
    assert len(names) == 10
    for name in names:
        n_missing = int(np.isnan(data.proxy(name)).sum())
        assert n_missing == (4_699 if name == "latency.edgetpu" else 0)
        assert np.nanmin(data.proxy(name)) > 0
        assert data.metrics[name].maximise == name.startswith("arithmetic")
    # row 0 of the hardware file is the cell of row 0
    assert data.proxy("latency.raspi4")[0] == 10.482
    assert kendall_tau(data.proxy("latency.raspi4"), data.proxy("params_millions")) > 0.5


def test_the_whole_nb101_space_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NASFLOW_DATA", raising=False)
    data = load_dataset("nb101-space")
    assert len(data) == 423_624
    assert not data.metrics
    with pytest.raises(MissingDataError, match="NASFLOW_DATA is not set"):
        load_dataset("nb301")


FILES = {
    "nb101": (
        "nb101.csv.gz",
        "hash,n_nodes,upper_triangle,ops,valid_4ep,valid_12ep,valid_36ep,valid_108ep,"
        "train_seconds,params\nx,3,111,maxpool3x3,.1,.2,.3,.4,5,6\n",
    ),
    "nb101-zero-cost": ("nb101_zero_cost_500.json.gz", "[]"),
    "nb301": ("nb301.jsonl.gz", ""),
    "nasbench-macro": (
        "nasbench_macro.csv.gz",
        "arch,test_acc_mean,test_acc_std,params,flops\n02012100,1,2,3,4\n",
    ),
    "transnas-micro": (
        "transnas_micro.csv.gz",
        "arch,autoencoder,class_object,class_scene,jigsaw,normal,room_layout,"
        'segmentsemantic,zen_autoencoder\n"(0, 0, 0, 0, 0, 1)",1,2,3,4,5,6,7,-1e8\n',
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_miniature_files_load_and_damaged_ones_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path))
    file, text = FILES[name]
    with pytest.raises(MissingDataError, match=file):
        load_dataset(name)
    if text and text != "[]":
        (tmp_path / file).write_bytes(gzip.compress(text.encode()))
        assert len(load_dataset(name)) == 1
    for bad in (
        text.replace("111", "119"),
        text.replace("0201", "0301"),
        text.replace("0, 1)", "0, 9)"),
        text.replace("arch", "arc"),
        '{"normal": 3}',
        "[3]",
        '[{"rest": 3}]',
        "{",
        "\x00",
        "null",
    ):
        if bad == text != "[]" and text:
            continue  # this damage does not concern this file
        for content in (gzip.compress(bad.encode()), gzip.compress(bad.encode())[:-9], b"plain"):
            (tmp_path / file).write_bytes(content)
            with pytest.raises(DataError, match=file):
                load_dataset(name)


def test_sizes_of_accel_nasbench_are_the_published_ones(nasflow_data: Path) -> None:
    need(nasflow_data, "accel-nasbench")
    data = load_dataset("accel-nasbench")
    names = data.table.global_names
    params = data.table.globals[:, names.index("params")]
    np.testing.assert_allclose(params / 1e6, data.labels("params"), rtol=1e-6)
    flops = data.table.globals[:, names.index("flops")]
    # the published ones count normalisation and activations too
    assert kendall_tau(flops, data.labels("macs")) > 0.95


def test_latency_of_once_for_all_follows_its_multiply_adds(nasflow_data: Path) -> None:
    need(nasflow_data, "ofa-latency")
    data = load_dataset("ofa-latency")
    flops = data.table.globals[:, data.table.global_names.index("flops")]
    # a tau that no wrong order of stages or layers would have
    assert kendall_tau(flops, data.labels("latency.titan_rtx_64")) > 0.75
    first = data.table[0]
    assert first.globals["resolution"] == 204
    kernels = [k for op, k in zip(first.ops, first.attrs["kernel"], strict=True) if "mb" in op]
    # the depthwise block before the stages, then depths 2, 2, 2, 2 and 3 of the file's first row
    assert kernels == [3, 7, 5, 7, 7, 5, 7, 5, 3, 5, 3, 5]


def test_a_record_that_is_none_is_named_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path))
    monkeypatch.setenv("NASFLOW_CACHE", str(tmp_path / "cache"))
    good = '{"hidden": 128, "layers": [], "glue": 3}'
    for text, says in [
        ("{}", r"line 1 is no record of this benchmark \(KeyError\('hidden'\)\)"),
        ("no JSON", "line 1 is no record"),
        ("", "holds no architecture"),
        (good, "line 1: there are 0 layers"),
    ]:
        (tmp_path / "bert_glue.jsonl.gz").write_bytes(gzip.compress(text.encode()))
        with pytest.raises(DataError, match=says):
            load_dataset("bert-glue")
