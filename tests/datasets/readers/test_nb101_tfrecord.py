from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import miniatures
from nasflow.datasets.importing import import_table, read_table
from nasflow.datasets.readers.crc32c import crc32c, masked_crc32c
from nasflow.datasets.readers.nb101_cell import nb101_cell
from nasflow.datasets.readers.protobuf import doubles, fields
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture


def test_crc32c_of_the_published_vectors() -> None:
    """RFC 3720, appendix B.4."""
    vectors = {
        bytes(32): 0x8A9136AA,
        b"\xff" * 32: 0x62A8AB43,
        bytes(range(32)): 0x46DD794E,
        bytes(range(31, -1, -1)): 0x113FDB5C,
        b"123456789": 0xE3069283,
        b"": 0,
        b"a": 0xC1D04330,
    }
    assert crc32c(list(vectors)).tolist() == list(vectors.values())


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_many_checksums_at_once_are_those_of_one_bit_at_a_time(messages: list[bytes]) -> None:
    assert masked_crc32c(messages).tolist() == [miniatures.crc_of(message) for message in messages]


@given(st.floats(allow_nan=False), st.integers(0, 2**31 - 1), st.integers(1, 4))
def test_the_wire_reader_agrees_with_the_official_protobuf(
    value: float, params: int, n: int
) -> None:
    message = miniatures.model_metrics()(trainable_parameters=params, total_time=value)
    for i in range(n):
        message.evaluation_data.add(
            training_time=value, test_accuracy=i / 2, checkpoint_path="/a" * i
        )
    content = list(fields(message.SerializeToString()))
    evaluations = [doubles(v) for number, _, v in content if number == 1 and isinstance(v, bytes)]
    assert [(e[2], e[5]) for e in evaluations] == [(value, i / 2) for i in range(n)]
    assert [v for number, _, v in content if number == 2] == [params]


@pytest.mark.parametrize(
    "data", [b"\x09\x00", b"\x0a\x05ab", b"\xff" * 11, b"\x80", b"\x0b", b"\x0c\x01"]
)
def test_broken_messages_are_data_errors(data: bytes) -> None:
    with pytest.raises(DataError):
        list(fields(data))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The miniature of three cells, two budgets, three repeats."""
    (tmp_path / "nasbench_full.tfrecord").write_bytes(miniatures.nb101_tfrecord())
    return tmp_path / "nasbench_full.tfrecord"


def test_cells_metrics_and_all_repeats(path: Path) -> None:
    data = read_table("nb101-tfrecord", path)
    assert len(data) == 3
    assert data.space == "nb101"
    assert data.table[0] == Architecture(
        ("input", "conv3x3", "maxpool3x3", "output"), ((0, 1), (1, 2), (2, 3))
    )
    assert data.table[1].edges == ((0, 1), (0, 2), (1, 2))
    assert data.table[2] == Architecture(("input", "output"), ((0, 1),))
    assert data.values["valid_108ep"].shape == (3, 3)
    np.testing.assert_allclose(data.values["valid_108ep"][1], [0.8408, 0.8418, 0.8428])
    np.testing.assert_allclose(data.values["test_4ep"][0], [0.7904, 0.7914, 0.7924])
    np.testing.assert_allclose(data.values["valid_108ep_half"][0], [0.7108, 0.7118, 0.7128])
    np.testing.assert_allclose(data.values["seconds_108ep"], 1080)
    np.testing.assert_allclose(data.values["seconds_108ep_half"], 540)
    assert data.values["params"].tolist() == [1000, 1001, 1002]
    assert data.default_metric == "test_108ep"
    assert data.metric("test_108ep").unit == "fraction"
    assert not data.metric("seconds_4ep").maximise
    assert not data.metric("params").trained
    assert data.file_order_is_random


def test_a_damaged_record_is_rejected_and_the_next_one_read(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    report = import_table("nb101-tfrecord", path)
    assert (report.n_read, report.n_rejected) == (18, 1)
    assert report.rejected[0].number == 0
    assert "CRC-32C" in report.rejected[0].reason
    assert np.isnan(report.dataset.values["valid_4ep"][0]).sum() == 1


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (5, "record 17: it says that it has"),
        (3000, "record 8: it says that it has 324 bytes"),
    ],
)
def test_an_incomplete_download_is_an_error(path: Path, cut: int, message: str) -> None:
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError, match=message):
        read_table("nb101-tfrecord", path)


def test_a_false_length_is_an_error_and_takes_no_memory(path: Path) -> None:
    length = struct.pack("<Q", 1 << 60)
    path.write_bytes(length + struct.pack("<I", miniatures.crc_of(length)) + b"abc")
    with pytest.raises(DataError, match="record 0: it says that it has 1152921504606846976 bytes"):
        read_table("nb101-tfrecord", path)
    path.write_bytes(length + b"1234" + b"abc")
    with pytest.raises(DataError, match="its length fails its checksum"):
        read_table("nb101-tfrecord", path)


def edited(**changes: object) -> bytes:
    """The first cell's record with some of its five parts replaced."""
    parts = dict(
        zip(
            ("hash", "epochs", "matrix", "ops", "metrics"),
            json.loads(miniatures.record_101(miniatures.CELLS_101[0], 108, 0.9)),
            strict=True,
        )
    )
    return json.dumps(list({**parts, **changes}.values())).encode()


NAN = base64.b64encode(miniatures.metrics_message(float("nan"), 108)).decode()
HIGH = base64.b64encode(miniatures.metrics_message(1.5, 108)).decode()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"{}", "no list"),
        (b"\xff", "no JSON"),
        (edited(epochs=100), "100 epochs; legal: 4, 12, 36, 108"),
        (edited(epochs="108"), "no list"),
        (edited(matrix="010"), "no 4 x 4 digits"),
        (edited(matrix="0100002000010000"), "no 4 x 4 digits"),
        (edited(matrix="0000000000000000"), "no path leads from input to output"),
        (edited(matrix="0100001010010000"), "cycle"),
        (
            edited(ops="input,conv5x5-bn-relu,maxpool3x3,output"),
            "unknown operation 'conv5x5-bn-relu'",
        ),
        (edited(ops="output,maxpool3x3,maxpool3x3,input"), "must start with input"),
        (edited(metrics="%%%"), "no base64"),
        (edited(metrics=""), "0 evaluations"),
        (edited(metrics=NAN), "valid is nan"),
        (edited(metrics=HIGH), "legal: 0 to 1"),
    ],
)
def test_invalid_records_are_rejected_with_their_reason(
    tmp_path: Path, record: bytes, reason: str
) -> None:
    good = miniatures.record_101(miniatures.CELLS_101[1], 108, 0.9)
    (tmp_path / "x.tfrecord").write_bytes(miniatures.framed([good, record, good]))
    report = import_table("nb101-tfrecord", tmp_path / "x.tfrecord")
    assert [item.number for item in report.rejected] == [1]
    assert reason in report.rejected[0].reason
    assert len(report.dataset) == 1
    assert report.dataset.values["valid_108ep"].tolist() == [[0.9, 0.9]]


def test_a_hash_that_names_two_cells_is_rejected(tmp_path: Path) -> None:
    first, second, _ = miniatures.CELLS_101
    records = [
        miniatures.record_101(first, 108, 0.9),
        miniatures.record_101((first[0], *second[1:]), 108, 0.8),
    ]
    (tmp_path / "x.tfrecord").write_bytes(miniatures.framed(records))
    report = import_table("nb101-tfrecord", tmp_path / "x.tfrecord")
    assert "'aa01' is another architecture here" in report.rejected[0].reason
    assert report.dataset.values["valid_108ep"].tolist() == [0.9]


def test_contradicting_parameter_counts_are_rejected(tmp_path: Path) -> None:
    cell = miniatures.CELLS_101[0]
    records = [
        miniatures.record_101(cell, 108, 0.9, params=7),
        miniatures.record_101(cell, 108, 0.8, params=8),
    ]
    (tmp_path / "x.tfrecord").write_bytes(miniatures.framed(records))
    report = import_table("nb101-tfrecord", tmp_path / "x.tfrecord")
    assert "params of 'aa01' is 8.0 here and 7.0 in an earlier row" in report.rejected[0].reason


def test_cells_are_pruned_and_then_limited() -> None:
    conv = "conv1x1-bn-relu"
    cell = nb101_cell(
        [[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], ["input", conv, conv, "output"]
    )
    assert cell == Architecture(("input", "conv1x1", "output"), ((0, 1), (1, 2)))
    full = [[int(i < j) for j in range(7)] for i in range(7)]
    with pytest.raises(
        GraphError, match="7 nodes and 21 edges after pruning; legal: at most 7 and 9"
    ):
        nb101_cell(full, ["input", *[conv] * 5, "output"])
