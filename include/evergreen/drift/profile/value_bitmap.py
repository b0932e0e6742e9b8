"""One bit per key, so that a profile can tell most new values of a column that has thousands.

The keys of all values would make a profile large. A bitmap of 8,192 bits is 1.4 kB: a value whose
bit is not set was certainly not in the reference; one whose bit is set may still be new, with a
probability that is known from how full the bitmap is.

Source: Whang, Vander-Zanden and Taylor (1990), A linear-time probabilistic counting algorithm.
"""

import base64
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

N_BITS = 8192


def bit_of(key: int) -> int:
    """Return the bit of a 32-bit key, 0 to 8191.

    The keys are checksums, and similar texts have similar ones: mixed, they spread evenly.

    Source: Appleby (2011), MurmurHash3, 32-bit finaliser.
    """
    key = ((key ^ (key >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    key = ((key ^ (key >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return (key ^ (key >> 16)) % N_BITS


def mark_keys(keys: Iterable[int]) -> str:
    """Set the bit of each 32-bit key; return the bitmap as base64."""
    bits = np.zeros(N_BITS, dtype=np.bool_)
    bits[[bit_of(key) for key in keys]] = True
    return base64.b64encode(np.packbits(bits).tobytes()).decode()


def read_marks(text: str) -> NDArray[np.bool_]:
    """Read what ``mark_keys`` gave: shape (8192,); no text is an empty bitmap."""
    if not text:
        return np.zeros(N_BITS, dtype=np.bool_)
    packed = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return np.unpackbits(packed, count=N_BITS).astype(np.bool_)
