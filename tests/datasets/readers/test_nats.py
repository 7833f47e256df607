from __future__ import annotations

import bz2
import pickle
from pathlib import Path

import numpy as np
import pytest

import miniatures
from nasflow.datasets import Dataset
from nasflow.datasets.importing import import_table, read_table
from nasflow.errors import DataError, MissingDataError, UnsafeFileError
from nasflow.spaces.nb201 import NB201


def folder_of(path: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files."""
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def check(data: Dataset) -> None:
    """What all three forms of the same three architectures must give."""
    assert [NB201().format(cell) for cell in data.table] == list(miniatures.CELLS_201)
    assert data.space == "nb201"
    assert data.table.vocabulary == NB201().ops
    assert data.default_metric == "cifar10_test"
    # accuracy 60 + 10 * index + seed / 1000 at the last epoch, less 0.25 for each further set
    full = 60 + 10 * np.arange(3)[:, None] + np.array([0.777, 0.888, 0.999])
    np.testing.assert_allclose(data.values["cifar10_test"], full)
    np.testing.assert_allclose(data.values["cifar10_valid"], full)
    np.testing.assert_allclose(data.values["cifar10_half_test"], full - 0.25)
    np.testing.assert_allclose(data.values["cifar100_test"], full - 0.25)
    np.testing.assert_allclose(data.values["imagenet16_120_valtest"], full - 0.5)
    np.testing.assert_allclose(data.values["cifar10_train"], full + 1)
    np.testing.assert_allclose(data.values["cifar10_test_12ep"], full[:, 0])
    np.testing.assert_allclose(data.values["cifar10_seconds_12ep"], 24)
    np.testing.assert_allclose(data.values["params_millions"], 0.129306)
    np.testing.assert_allclose(data.values["latency"], 0.02)
    assert not data.metric("latency").trained
    assert not data.metric("cifar10_seconds_12ep").maximise
    assert data.metric("cifar10_test").unit == "%"
    assert "after 12 epochs" in data.metric("cifar100_valid_12ep").description


def test_the_simple_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "NATS-tss-v1_0-3ffb9-simple", miniatures.nats_files())
    check(read_table("nats", folder))


def test_the_one_file(tmp_path: Path) -> None:
    (tmp_path / "NATS-tss-v1_0-3ffb9.pickle.pbz2").write_bytes(miniatures.nats_pbz2())
    check(read_table("nats", tmp_path / "NATS-tss-v1_0-3ffb9.pickle.pbz2"))


@pytest.mark.parametrize("zipped", [True, False])
def test_the_torch_file_of_nas_bench_201(tmp_path: Path, zipped: bool) -> None:
    (tmp_path / "NAS-Bench-201-v1_1-096897.pth").write_bytes(miniatures.nb201_pth(zipped))
    check(read_table("nb201-pth", tmp_path / "NAS-Bench-201-v1_1-096897.pth"))


def test_the_size_space_is_a_chain_of_widths(tmp_path: Path) -> None:
    files = miniatures.nats_files(["64:8:32:16:64", "8:8:8:8:8"], long=90)
    data = read_table("nats", folder_of(tmp_path / "NATS-sss-v1_0-50262-simple", files))
    assert data.table[0].ops == (
        "input",
        "width64",
        "width8",
        "width32",
        "width16",
        "width64",
        "output",
    )
    assert data.values["cifar10_test"].shape == (2, 3)
    assert data.space is None


def test_a_folder_may_hold_some_of_the_architectures(tmp_path: Path) -> None:
    files = miniatures.nats_files()
    del files["000001.pickle.pbz2"]
    data = read_table("nats", folder_of(tmp_path / "x-simple", files))
    assert len(data) == 2


def test_bad_results_are_rejected(tmp_path: Path) -> None:
    files = miniatures.nats_files()
    files["000000.pickle.pbz2"] = files["000001.pickle.pbz2"]
    files["000007.pickle.pbz2"] = files["000002.pickle.pbz2"]
    files["000001.pickle.pbz2"] = files["000001.pickle.pbz2"][:-20]
    report = import_table("nats", folder_of(tmp_path / "x-simple", files))
    reasons = {item.number: item.reason for item in report.rejected}
    assert "but 0 is" in reasons[0]
    assert "000001.pickle.pbz2" in reasons[1]
    assert "none of the 3 architectures" in reasons[7]
    assert len(report.dataset) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.update(all_results=3), "no dictionary 'all_results'"),
        (lambda s: s["all_results"].pop(("cifar10", 777)), "no trial of cifar10 with seed 777"),
        (
            lambda s: s["all_results"]["cifar10", 777]["eval_acc1es"].update({"ori-test@5": 101}),
            "cifar10_test is 101",
        ),
        (lambda s: s["all_results"]["cifar10", 777].update(epochs=-1), "a trial of -1 epochs"),
        (lambda s: s["dataset_seed"].update(mnist=[1]), "data set 'mnist'"),
    ],
)
def test_malformed_results_are_rejected_with_a_reason(
    tmp_path: Path, change: object, reason: str
) -> None:
    states = miniatures.states(0, miniatures.CELLS_201[0])
    change(states["200"])  # type: ignore[operator]
    files = miniatures.nats_files()
    files["000000.pickle.pbz2"] = bz2.compress(pickle.dumps(states))
    report = import_table("nats", folder_of(tmp_path / "x-simple", files))
    assert reason in report.rejected[0].reason
    assert len(report.dataset) == 2


def test_a_folder_without_meta_or_with_an_attack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no meta\.pickle\.pbz2"):
        read_table("nats", folder_of(tmp_path / "a", {"000000.pickle.pbz2": b""}))
    attack = bz2.compress(b"cposix\nsystem\n(S'true'\ntR.")
    with pytest.raises(UnsafeFileError, match=r"posix\.system.*nothing was executed"):
        read_table("nats", folder_of(tmp_path / "b", {"meta.pickle.pbz2": attack}))
    with pytest.raises(DataError, match="no list meta_archs"):
        read_table(
            "nats", folder_of(tmp_path / "c", {"meta.pickle.pbz2": bz2.compress(pickle.dumps({}))})
        )
