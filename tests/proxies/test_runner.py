from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nasflow.cli import main
from nasflow.datasets import open_dataset
from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.errors import ConfigError, DataError, UnknownNameError
from nasflow.graphs.table import ArchTable
from nasflow.networks.registry import network_names
from nasflow.proxies import runner
from nasflow.proxies.images import image_batch
from nasflow.proxies.options import ProxyConfig
from nasflow.proxies.runner import measure_architecture, measure_table
from nasflow.running.files import save_npz
from nasflow.spaces import load_space
from nasflow.spaces.nb201 import NB201

CONFIG = ProxyConfig(width=2, image_size=8, batch_size=4, images="noise")
DEAD = "000000"


def table(*cells: str) -> ArchTable:
    space = NB201()
    return space.table([space.from_choices(list(map(int, text))) for text in cells])


# the second and third are one cell with two names: the edge 1>2 leads nowhere, whatever its
# operation
CELLS = table("432103", "300200", "302200", DEAD, "111111")


def test_each_value_is_the_one_of_its_own_network(tmp_path: Path) -> None:
    measured = measure_table("nb201", CELLS, ["nwot", "params"], CONFIG, journal=tmp_path / "j")
    columns = measured.proxies.columns(ProxyTable.ids_of(CELLS.canonical_ids))
    for i, stands_for in enumerate([0, 1, 1, 3, 4]):
        alone = measure_architecture("nb201", CELLS[stands_for], ("nwot",), CONFIG)["values"].get(
            "nwot", np.nan
        )
        np.testing.assert_equal(columns["nwot"][i], alone)


def test_architectures_that_compute_the_same_are_measured_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = CELLS.canonical_ids
    assert ids[1] == ids[2]
    seen = []

    def count(space: str, architecture: object, *rest: object) -> dict[str, object]:
        seen.append(architecture)
        return measure_architecture(space, architecture, *rest)

    monkeypatch.setattr(runner, "measure_architecture", count)
    measured = measure_table("nb201", CELLS, ["nwot"], CONFIG, journal=tmp_path / "j")
    assert len(seen) == len(measured.proxies.ids) == len(set(ids.tolist())) == 4


def test_the_number_of_processes_changes_no_bit(tmp_path: Path) -> None:
    names = ["jacob_cov", "synflow", "snip"]
    one, two = (
        measure_table("nb201", CELLS, names, CONFIG, journal=tmp_path / str(n), n_workers=n)
        for n in (1, 2)
    )
    for name in names:
        np.testing.assert_array_equal(one.proxies.values[name], two.proxies.values[name])


def test_what_has_no_value_is_named_counted_and_kept(tmp_path: Path) -> None:
    measured = measure_table(
        "nb201", CELLS, ["nwot", "jacob_cov", "params"], CONFIG, journal=tmp_path / "j"
    )
    dead = NB201().format(CELLS[3])
    assert {(f.architecture, f.measure) for f in measured.failures} == {
        (dead, "nwot"),
        (dead, "jacob_cov"),
    }
    assert measured.proxies.about["n_failed"] == {"nwot": 1, "jacob_cov": 1}
    measured.proxies.save(tmp_path / "p.npz")
    assert len(ProxyTable.load(tmp_path / "p.npz").about["failed"]) == 2


def test_a_worker_that_died_twice_is_a_reason_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_is_lost(tasks, n_workers, on_result, on_lost):  # type: ignore[no-untyped-def]
        on_lost(tasks[0], "the worker died twice (exit code -9); out of memory?")
        for task in tasks[1:]:
            on_result(task, task.function(*task.arguments))

    monkeypatch.setattr(runner, "run_tasks", first_is_lost)
    measured = measure_table("nb201", CELLS, ["params"], CONFIG, journal=tmp_path / "j")
    assert [f.reason[:21] for f in measured.failures] == ["the worker died twice"]
    assert np.isnan(measured.proxies.values["params"]).sum() == 1


def test_a_measure_that_fails_everywhere_is_an_error_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nwot has no value for any of the 1 .*the value is -inf"):
        measure_table("nb201", table(DEAD), ["nwot"], CONFIG, journal=tmp_path / "j")
    with pytest.raises(DataError, match="no network: width=1"):
        measure_table("nb101", _nb101(), ["nwot"], replace(CONFIG, width=1), journal=tmp_path / "k")


def _nb101() -> ArchTable:
    from nasflow.spaces.nb101 import NB101

    space = NB101()
    return space.table(
        [
            space.from_matrix(
                [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0] * 4],
                ["input", "conv3x3", "conv1x1", "output"],
            )
        ]
    )


def test_an_interrupted_run_measures_only_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = measure_table("nb201", CELLS, ["nwot", "synflow"], CONFIG, journal=tmp_path / "whole")
    lines = (tmp_path / "whole").read_bytes().splitlines(keepends=True)
    (tmp_path / "half").write_bytes(
        b"".join(lines[:3]) + lines[3][:20]
    )  # two cells, and a torn line
    seen = []
    monkeypatch.setattr(
        runner, "measure_architecture", lambda *a: seen.append(a[1]) or measure_architecture(*a)
    )
    resumed = measure_table("nb201", CELLS, ["nwot", "synflow"], CONFIG, journal=tmp_path / "half")
    assert len(seen) == 2
    for name, column in whole.proxies.values.items():
        np.testing.assert_array_equal(resumed.proxies.values[name], column)
    with pytest.raises(ConfigError, match="begun with other options"):
        measure_table("nb201", CELLS, ["nwot"], CONFIG, journal=tmp_path / "half")


@pytest.mark.slow
def test_kill_9_loses_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [
        "proxies",
        "nb201",
        "--sample",
        "40",
        "--measures",
        "nwot,jacob_cov",
        "--images",
        "noise",
        "--width",
        "4",
        "--jobs",
        "1",
        "--out",
    ]
    environment = {**os.environ, "NASFLOW_DATA": str(tmp_path)}  # no files: all cells of the space
    out = tmp_path / "killed.npz"
    process = subprocess.Popen([sys.executable, "-m", "nasflow", *words, str(out)], env=environment)
    journal, deadline = Path(f"{out}.journal"), time.monotonic() + 60
    while time.monotonic() < deadline and (
        not journal.exists() or journal.read_bytes().count(b"\n") < 8
    ):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = journal.read_bytes()
    done = before[: before.rfind(b"\n") + 1]
    assert not out.exists()
    assert 8 <= done.count(b"\n") < 35
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path))
    for path in (out, tmp_path / "whole.npz"):
        main([*words, str(path)])
    killed, whole = ProxyTable.load(out), ProxyTable.load(tmp_path / "whole.npz")
    assert not journal.exists()
    for name in ("nwot", "jacob_cov"):
        np.testing.assert_array_equal(killed.values[name], whole.values[name])


def test_the_command_says_how_it_went_and_evaluate_takes_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    space = NB201()
    cells = CELLS
    Dataset(
        "cells",
        cells,
        {"accuracy": Metric("accuracy", "made up")},
        {"accuracy": np.arange(5.0)},
        default_metric="accuracy",
        space=space.name,
    ).save(tmp_path / "cells.npz")
    monkeypatch.chdir(tmp_path)
    main(
        [
            "proxies",
            "cells.npz",
            "--measures",
            "nwot,params",
            "--images",
            "noise",
            "--width",
            "2",
            "--image_size",
            "8",
            "--batch_size",
            "4",
            "--jobs",
            "1",
            "--out",
            "p.npz",
        ]
    )
    printed = capsys.readouterr().out
    assert "tau with accuracy" in printed
    assert f"no nwot for {space.format(cells[3])}: the value is -inf" in printed
    assert "p.npz: 4 different architectures of 5 rows" in printed
    joined = open_dataset("cells.npz+p.npz")
    n_parameters = []
    for i in (0, 1, 1, 3, 4):
        network = space.network(cells[i], width=2, cells=1)
        n_parameters.append(float(sum(p.numel() for p in network.parameters())))
    assert joined.proxy("params").tolist() == n_parameters


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nb201", "--measures", "nwott"], "did you mean 'nwot'"),
        (["nb201", "--measures", "nwot,nwot"], "name each once"),
        (["nothing"], "data set or space"),
        (["nb201", "--sample", "0"], "draw 1 to 15625"),
        (["nb201", "--batch_size", "1"], "at least 2"),
        (["nb201", "--jobs", "0"], "--jobs is 0"),
        (
            ["nbgraph", "--measures", "nwot", "--sample", "2", "--images", "noise"],
            "no networks for the space 'nbgraph'",
        ),
        (["darts"], "cannot be listed"),
    ],
)
def test_wrong_requests_say_what_is_legal(
    words: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path))
    with pytest.raises(SystemExit):
        main(
            [
                "proxies",
                *words,
                "--out",
                str(tmp_path / "p.npz"),
                *(["--jobs", "1"] if "--jobs" not in words else []),
            ]
        )
    assert message in capsys.readouterr().err


# -- images


def test_digits_are_standardised_enlarged_and_drawn_by_the_seed() -> None:
    images, labels = image_batch(ProxyConfig())
    assert images.shape == (32, 3, 16, 16)
    assert labels.shape == (32,)
    assert abs(float(images.mean())) < 0.2
    assert 0.5 < float(images.std()) < 1.2
    again, _ = image_batch(ProxyConfig())
    other, _ = image_batch(ProxyConfig(seed=1))
    assert torch.equal(images, again)
    assert not torch.equal(images, other)


def test_images_of_a_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (10, 1, 8, 8)).astype(np.uint8), np.arange(10)
    save_npz(tmp_path / "i.npz", {"images": pixels, "labels": labels})
    images, drawn = image_batch(
        ProxyConfig(images=str(tmp_path / "i.npz"), image_size=8, batch_size=10)
    )
    expected = (pixels - pixels.mean()) / pixels.std(ddof=1)
    np.testing.assert_allclose(images.numpy(), expected[drawn.numpy()], atol=1e-5)


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ({"images": np.zeros((3, 1, 8, 8))}, DataError, "needs arrays `images` and `labels`"),
        ({"images": np.zeros((3, 8, 8)), "labels": np.arange(3)}, DataError, "legal: .n, channels"),
        ({"images": np.ones((3, 1, 8, 8)), "labels": np.arange(3)}, DataError, "no two different"),
        (
            {"images": np.random.rand(3, 1, 8, 8), "labels": np.arange(3) - 1},
            DataError,
            "whole numbers from 0",
        ),
        (
            {"images": np.random.rand(3, 1, 8, 8), "labels": np.arange(3) * 9},
            ConfigError,
            "labels up to 18",
        ),
        (
            {"images": np.random.rand(1, 1, 8, 8), "labels": np.arange(1)},
            ConfigError,
            "has 1 images",
        ),
        ({"images": np.array([[[["a"]]]]), "labels": np.arange(1)}, DataError, "legal: numbers"),
    ],
)
def test_wrong_images_say_what_is_legal(
    arrays: dict[str, np.ndarray], error: type[Exception], message: str, tmp_path: Path
) -> None:
    save_npz(tmp_path / "i.npz", arrays)
    with pytest.raises(error, match=message):
        image_batch(ProxyConfig(images=str(tmp_path / "i.npz"), batch_size=3))
    with pytest.raises(ConfigError, match="legal: digits, noise"):
        image_batch(ProxyConfig(images="cats"))


# -- proxy tables


def proxy_table(ids: list[int], values: list[float]) -> ProxyTable:
    return ProxyTable(
        np.array(ids, np.uint64),
        {"nwot": Metric("nwot", "", trained=False)},
        {"nwot": np.array(values)},
        {"source": "test"},
    )


def test_joining_matches_ids_and_leaves_the_rest_open() -> None:
    ids = ProxyTable.ids_of(CELLS.canonical_ids)
    known = np.unique(ids[:4])
    one = ProxyTable(
        known, {"nwot": Metric("nwot", "", trained=False)}, {"nwot": known.astype(float)}
    )
    dataset = Dataset(
        "cells", CELLS, {"nwot": Metric("nwot", "published", trained=False)}, {"nwot": np.zeros(5)}
    )
    joined = one.join(dataset)
    assert joined.proxy("nwot").tolist() == [0] * 5  # the column that was there keeps its name
    np.testing.assert_array_equal(joined.proxy("nwot.computed"), [*ids[:4].astype(float), np.nan])
    with pytest.raises(DataError, match="knows none of the 5 architectures"):
        proxy_table([1, 2], [0.0, 1.0]).join(dataset)


def test_malformed_proxy_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ascending order"):
        proxy_table([2, 1], [0.0, 1.0])
    with pytest.raises(DataError, match="as many values"):
        proxy_table([1, 2], [0.0])
    good = proxy_table([1, 2], [0.0, 1.0])
    good.save(tmp_path / "p.npz")
    assert ProxyTable.load(tmp_path / "p.npz").columns(np.array([2, 7], np.uint64))[
        "nwot"
    ].tolist()[:1] == [1.0]
    about = json.dumps(
        {"metrics": [{"name": "nwot", "description": "", "trained": True}], "made": {}}
    )
    save_npz(
        tmp_path / "q.npz",
        {"ids": np.array([1], np.uint64), "value/nwot": np.zeros(1), "about": np.array(about)},
    )
    with pytest.raises(DataError, match="took a training"):
        ProxyTable.load(tmp_path / "q.npz")
    save_npz(tmp_path / "r.npz", {"x": np.zeros(1)})
    with pytest.raises(DataError, match="no proxy table"):
        ProxyTable.load(tmp_path / "r.npz")


@pytest.mark.parametrize("space", network_names())
def test_the_networks_of_every_space_are_measured(space: str) -> None:
    architecture = load_space(space).sample(np.random.default_rng(1))
    entry = measure_architecture(space, architecture, ("nwot", "params"), CONFIG)
    assert sorted(entry["values"]) == ["nwot", "params"], entry["failed"]


def test_an_unknown_measure_is_named() -> None:
    with pytest.raises(UnknownNameError, match="zero-cost measure"):
        measure_table("nb201", CELLS, ["magic"], CONFIG, journal="unused")
