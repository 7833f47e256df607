from __future__ import annotations

import io
import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.datasets.pickle_machine import PickleMachine, StandIn
from nasflow.datasets.pickle_numbers import NUMBERS
from nasflow.datasets.torch_files import Tensor, load_torch
from nasflow.errors import DataError, UnsafeFileError

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


def load(data: bytes, **options: Any) -> Any:
    return PickleMachine(io.BytesIO(data), "x.pickle", NUMBERS, **options).load()


@given(plain, st.integers(2, 4))
def test_plain_data_of_any_protocol_is_read_as_pickle_reads_it(content: Any, protocol: int) -> None:
    assert load(pickle.dumps(content, protocol)) == content


@given(plain.filter(lambda c: not isinstance(c, bytes)))
def test_the_text_protocol(content: Any) -> None:
    text = pickle.dumps(content, 0)
    if b"_codecs" not in text:  # bytes go through a call, as in protocol 2
        assert load(text) == content


@pytest.mark.parametrize("protocol", range(5))
def test_numbers_and_containers_that_need_names(protocol: int) -> None:
    content = {
        "a": OrderedDict(x=1),
        "b": np.float64(1.5),
        "c": np.int32(-7),
        "d": defaultdict(list, {3: [4]}),
        "e": np.float32(0.5),
        "f": np.bool_(True),
    }
    expected = {"a": {"x": 1}, "b": 1.5, "c": -7, "d": {3: [4]}, "e": 0.5, "f": True}
    assert load(pickle.dumps(content, protocol)) == expected
    assert sorted(load(pickle.dumps({1, 2, 3}, protocol))) == [1, 2, 3]


@pytest.mark.parametrize(
    ("data", "content"),
    [(b"S'input'\n.", "input"), (b'S"a\\tb"\n.', "a\tb"), (b"S'\\xff'\n.", b"\xff")],
)
def test_text_of_python_2_is_text_where_it_is_ascii(data: bytes, content: str | bytes) -> None:
    encoding = "ascii" if isinstance(content, str) else "bytes"
    assert load(data) == content == pickle.loads(data, encoding=encoding)


def test_shared_and_large_containers() -> None:
    inner = [1, 2]
    content = {f"key{i}": [inner, float(i)] for i in range(3000)}
    loaded = load(pickle.dumps(content, 4))
    assert loaded == content
    assert loaded["key0"][0] is loaded["key2999"][0]


class Attack:
    """An object whose pickle calls something."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(5))
def test_calls_are_refused_by_name_and_not_made(protocol: int, tmp_path: Path) -> None:
    import os

    flag = tmp_path / "flag"
    for attack in (
        Attack(os.system, (f"touch {flag}",)),
        Attack(open, (str(flag), "w")),
        Attack(eval, ("1",)),
    ):
        with pytest.raises(UnsafeFileError, match="nothing was executed"):
            load(pickle.dumps([attack], protocol))
    assert not flag.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04",
        b"\x80\x09.",
        b".",
        b"(.",
        b"K",
        b"\x8a\xff" + b"\xff" * 255 + b".",
        b"X\xff\xff\xff\x7fabc.",
        b"]r\xff\xff\xff\x7f.",
        b"h\x05.",
        b"u.",
        b"}K\x01K\x02K\x03u.",
        b"}]K\x01s.",
        b"NN\x81.",
        b"i0\n.",
        b"\x82\x01.",
        b"\x8e" + b"\xff" * 8,
        b"I" + b"9" * 9000 + b"\n.",
        b"Sinput\n.",
        b"S'input\n.",
        b"S'\n.",
        b"N]b.",
        b"]NR.",
        b"\x96" + b"\0" * 8 + b".",
        # a key nested so deeply that hashing it would overflow the stack
        b"}" + b"N\x85" * 100_000 + b"Ns.",
    ],
)
def test_damaged_pickles_are_data_errors(data: bytes) -> None:
    with pytest.raises((DataError, UnsafeFileError)):
        load(data)


def test_objects_outside_are_refused_without_a_function_for_them() -> None:
    with pytest.raises(UnsafeFileError, match="outside"):
        load(b"K\x01Q.")
    assert load(b"K\x01Q.", persistent=lambda reference: ("outside", reference)) == ("outside", 1)


def test_dictionaries_can_be_shrunk_as_they_pass() -> None:
    content = [{"epochs": 3, "curve": {e: e / 2 for e in range(3)}} for _ in range(5)]

    def keep_the_last(items: dict[Any, Any]) -> None:
        if "curve" in items:
            items["curve"] = items["curve"][items["epochs"] - 1]

    assert load(pickle.dumps(content), on_items=keep_the_last) == [{"epochs": 3, "curve": 1.0}] * 5


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_files_and_their_tensors(tmp_path: Path, zipped: bool) -> None:
    tensors = {
        "a": torch.arange(6.0).reshape(2, 3).T,
        "b": torch.arange(10)[2:8:3],
        "c": torch.tensor(True),
        "d": torch.zeros(0, 3),
        "e": torch.tensor([1, -1], dtype=torch.int8),
        "f": torch.ones(2).half(),
    }
    torch.save(tensors, tmp_path / "x.pt", _use_new_zipfile_serialization=zipped)
    loaded = load_torch(tmp_path / "x.pt")
    for name, tensor in tensors.items():
        assert isinstance(loaded[name], Tensor)
        np.testing.assert_array_equal(loaded[name].array(), tensor.numpy())


def test_an_expanded_tensor_is_refused(tmp_path: Path) -> None:
    """Four bytes of storage can claim to be terabytes."""
    torch.save([torch.ones(1).expand(1 << 38)], tmp_path / "x.pt")
    with pytest.raises(DataError, match="or repeats them"):
        load_torch(tmp_path / "x.pt")[0].array()


def test_stand_ins_hold_attributes_and_nothing_else(tmp_path: Path) -> None:
    class_pickle = b"cfoo.bar\nBaz\n)\x81}X\x01\x00\x00\x00aK\x07sb."
    loaded = PickleMachine(
        io.BytesIO(class_pickle), "x", {("foo.bar", "Baz"): lambda *_: StandIn()}
    ).load()
    assert isinstance(loaded, StandIn)
    assert vars(loaded) == {"a": 7}
    (tmp_path / "x.pt").write_bytes(class_pickle)
    with pytest.raises(UnsafeFileError, match=r"foo\.bar\.Baz"):
        load_torch(tmp_path / "x.pt")
