from __future__ import annotations

import contextlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.datasets.pickles import load_pickle
from nasflow.errors import DataError, MissingDataError, NasflowError, UnsafeFileError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(plain, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_built_in_containers_come_back_from_every_protocol(
    tmp_path_factory: pytest.TempPathFactory, value: object, protocol: int
) -> None:
    path = tmp_path_factory.mktemp("pickle") / "x"
    path.write_bytes(pickle.dumps(value, protocol))
    assert load_pickle(path) == value


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_numpy_scalars_keep_value_and_type(
    tmp_path: Path, kind: type[np.generic], protocol: int
) -> None:
    value = kind(1)
    (tmp_path / "x").write_bytes(pickle.dumps(value, protocol))
    loaded = load_pickle(tmp_path / "x")
    assert loaded == value
    assert loaded.dtype == value.dtype


def test_a_scalar_of_protocol_2_is_refused_by_name_since_it_calls_an_encoder(
    tmp_path: Path,
) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps(np.float64(1), 2))
    with pytest.raises(UnsafeFileError, match=r"_codecs\.encode"):
        load_pickle(tmp_path / "x")


def test_old_files_that_name_numpy_core_are_read(tmp_path: Path) -> None:
    content = pickle.dumps(np.float64(0.25), 3).replace(
        b"numpy._core.multiarray", b"numpy.core.multiarray"
    )
    (tmp_path / "x").write_bytes(content)
    assert load_pickle(tmp_path / "x") == 0.25


@pytest.mark.parametrize(
    "name",
    [
        "builtins eval",
        "builtins getattr",
        "os system",
        "nasflow.running.files sha256",
        "numpy load",
        "numpy.core.multiarray _reconstruct",
        "copyreg _reconstructor",
    ],
)
def test_a_foreign_name_is_refused_and_said(tmp_path: Path, name: str) -> None:
    module, attribute = name.split()
    (tmp_path / "x").write_bytes(f"c{module}\n{attribute}\n.".encode())
    with pytest.raises(UnsafeFileError, match=f"{module}.{attribute}.*nothing was executed"):
        load_pickle(tmp_path / "x")


def test_a_stand_in_admits_its_own_class_only(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"cfoo.bar\nOther\n)\x81.")
    with pytest.raises(UnsafeFileError, match=r"foo\.bar\.Other"):
        load_pickle(tmp_path / "x", {("foo.bar", "Baz")})


def test_a_scalar_of_objects_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"cnumpy\ndtype\n(S'O8'\ntR.")
    with pytest.raises(UnsafeFileError, match="'O8'; legal: booleans, integers and floats"):
        load_pickle(tmp_path / "x")


def test_a_checkpoint_of_torch_is_no_pickle_of_numbers(tmp_path: Path) -> None:
    torch.save({"weights": torch.zeros(3), "path": Path("x")}, tmp_path / "model.pt")
    with pytest.raises(DataError, match=r"model\.pt is no readable pickle"):
        load_pickle(tmp_path / "model.pt")


def test_an_absent_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="does not exist"):
        load_pickle(tmp_path / "none")


@given(st.data())
def test_damaged_pickles_end_in_a_typed_error_or_a_value(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(pickle.dumps({"1234": {"perf": np.float64(0.5), "para": 3}}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("pickle") / "x"
    path.write_bytes(bytes(content))
    with contextlib.suppress(NasflowError):  # any other error fails the test
        load_pickle(path)
