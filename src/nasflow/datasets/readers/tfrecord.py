"""TFRecord framing: length-prefixed records with checksums, read without TensorFlow.

    uint64 length | uint32 masked CRC-32C of the length | data | uint32 masked CRC-32C of the data

A record whose data fail their checksum is reported and passed over. A length that fails its own
leaves no way to find the next record, and a file that ends inside a record is an incomplete
download: both end the reading with an error.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nasflow.datasets.readers.base import Progress, Rejected
from nasflow.datasets.readers.crc32c import masked_crc32c
from nasflow.errors import DataError
from nasflow.running.files import require_file

_BATCH = 2048  # records checked at once: 1.5 MB of NAS-Bench-101
_BATCH_BYTES = 1 << 24  # ... or fewer, if they take more than this when padded to the longest
_LONGEST = 1 << 20  # a record of NAS-Bench-101 has under 2 KB


def read_tfrecord(path: Path, progress: Progress) -> Iterator[tuple[int, bytes] | Rejected]:
    """Number (from 0) and data of each record, or `Rejected` where they fail their checksum.

    Raises:
        DataError: the file ends inside a record, or a length fails its checksum; the message names
            the record.
    """
    total = require_file(path).stat().st_size
    number = 0
    with path.open("rb") as file:
        while batch := _batch(path, file, number, total):
            lengths, length_crcs, data, data_crcs = zip(*batch, strict=True)
            good_length = masked_crc32c(lengths) == length_crcs
            good_data = masked_crc32c(data) == data_crcs
            for ok_length, ok_data, content in zip(good_length, good_data, data, strict=True):
                if not ok_length:
                    raise _broken(path, number, "its length fails its checksum")
                if ok_data:
                    yield number, content
                else:
                    yield Rejected(
                        number,
                        f"the CRC-32C of its {len(content)} bytes does not match: the record is"
                        " damaged",
                    )
                number += 1
            progress(file.tell(), total)


def _batch(
    path: Path, file: BinaryIO, first: int, total: int
) -> list[tuple[bytes, int, bytes, int]]:
    """The next records as (length, its CRC, data, their CRC); empty at the end of the file."""
    batch: list[tuple[bytes, int, bytes, int]] = []
    longest = 0
    while len(batch) < _BATCH and len(batch) * longest < _BATCH_BYTES:
        number = first + len(batch)
        head = file.read(12)
        # the one place where a file may end
        if not head:
            break
        if len(head) < 12:
            raise _broken(
                path, number, f"the file ends after {len(head)} of its 12 bytes of header"
            )
        length, crc = struct.unpack("<QI", head)
        # before so much is read: lengths are checked a batch at a time, too late for a false one
        if length > min(_LONGEST, total - file.tell() - 4):
            if masked_crc32c([head[:8]])[0] != crc:
                raise _broken(path, number, "its length fails its checksum")
            raise _broken(
                path,
                number,
                f"it says that it has {length} bytes; the file has "
                f"{total - file.tell()} more, and legal are at most {_LONGEST}",
            )
        body = file.read(length + 4)
        batch.append((head[:8], crc, body[:-4], int.from_bytes(body[-4:], "little")))
        longest = max(longest, length)
    return batch


def _broken(path: Path, number: int, problem: str) -> DataError:
    return DataError(
        f"{path} record {number}: {problem}; this is no TFRecord file, or an incomplete download"
        " of one"
    )
