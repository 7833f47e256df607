"""CRC-32C (Castagnoli), of many messages at once.

TFRecord guards every record with this checksum, which Python's `zlib` does not have. A loop over
the bytes of one message takes 60 ns a byte, two minutes for NAS-Bench-101; here the loop runs over
byte *positions* and NumPy works through thousands of messages in each step, 20 times as fast.

    r = 0xffffffff;  for each byte b:  r = T[(r ^ b) & 0xff] ^ (r >> 8);  crc = ~r

Messages of different lengths are aligned at their ends: leading zeros leave a register of 0 as it
is, and starting at 0xffffffff is the same as starting at 0 with the first four bytes inverted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
# TFRecord stores a rotated and shifted checksum, so that files of files are guarded too
_MASK_DELTA = 0xA282EAD8


def _make_table() -> npt.NDArray[np.uint32]:
    """(256,) uint32: what each value of the lowest byte adds to a register."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        shifted = table >> np.uint32(1)
        table = np.where(table & 1, shifted ^ np.uint32(_POLYNOMIAL), shifted)
    return table


_TABLE = _make_table()


def crc32c(messages: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """(n,) uint32: the CRC-32C of each message.

    Example:
        >>> [hex(crc) for crc in crc32c([b"123456789"])]
        ['0xe3069283']
    """
    lengths = np.array([max(len(message), 4) for message in messages], np.int64)
    longest = int(lengths.max(initial=4))
    joined = b"".join(message.rjust(longest, b"\0") for message in messages)
    block = np.frombuffer(joined, np.uint8).reshape(len(messages), longest).copy()
    rows = np.arange(len(messages))
    # the first four bytes inverted, for a register that starts at 0
    for offset in range(4):
        block[rows, longest - lengths + offset] ^= 0xFF
    # one register a message; a column is the same byte position of all of them
    register = np.zeros(len(messages), np.uint32)
    for column in np.ascontiguousarray(block.T):
        register = _TABLE[(register ^ column) & 0xFF] ^ (register >> np.uint32(8))
    crcs = ~register
    for row, message in enumerate(messages):
        if len(message) < 4:  # too short for the trick
            crcs[row] = _one(message)
    return crcs


def masked_crc32c(messages: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """(n,) uint32: the checksums as TFRecord has them, rotated by 15 bits, plus a constant."""
    crcs = crc32c(messages)
    return ((crcs >> np.uint32(15)) | (crcs << np.uint32(17))) + np.uint32(_MASK_DELTA)


def _one(message: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in message:
        register = int(_TABLE[(register ^ byte) & 0xFF]) ^ (register >> 8)
    return register ^ 0xFFFFFFFF
