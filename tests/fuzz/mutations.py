"""Small damage to bytes, drawn at random."""

from __future__ import annotations

import numpy as np

Rng = np.random.Generator

# what stands for a number where a digit was, and is none or an odd one
_NUMBERS = [
    b"-1",
    b"0",
    b"1e400",
    b"NaN",
    b"-Infinity",
    b"99999999999999999999",
    b"null",
    b"true",
    b'""',
    b"[]",
    b"{}",
    b"0.5",
    b"[[[[[[[[",
    b"9" * 5000,
    b'"\\ud800"',
    b"\xff",
]

# of the cases in `mutated`; a cut leaves little to find
_SHARES = [0.2, 0.2, 0.1, 0.05, 0.1, 0.02, 0.05, 0.08, 0.2]


def mutated(data: bytes, rng: Rng) -> bytes:
    """The bytes after a few small changes, half of the time after one.

    A change is another byte or bit, a piece that is missing, copied or put over another, a cut, a
    run of equal bits, or another number.
    """
    content = bytearray(data)
    for _ in range(int(rng.geometric(0.5))):
        # drawn for every case, so that input i of a seed is the same whatever the cases need
        size = max(len(content), 1)
        highest = [size, size, min(size, 40) + 1]
        start, other, length = (int(number) for number in rng.integers(0, highest))
        match int(rng.choice(9, p=_SHARES)):
            case 0:
                content[start : start + 1] = bytes([int(rng.integers(256))])
            case 1:
                byte = content[start] if content else 0
                content[start : start + 1] = bytes([byte ^ (1 << int(rng.integers(8)))])
            case 2:
                del content[start : start + length]
            case 3:
                content[start:start] = content[other : other + length]
            case 4:
                content[start : start + length] = content[other : other + length]
            case 5:
                del content[start:]
            case 6:
                content[start : start + 8] = bytes(int(rng.choice([0, 255])) for _ in range(8))
            case 7:
                content[start : start + length] = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
            case 8:
                digits = [place for place, byte in enumerate(content) if 48 <= byte <= 57]
                if digits:
                    start = digits[int(rng.integers(len(digits)))]
                    content[start : start + 1] = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
    return bytes(content)
