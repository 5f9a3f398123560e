"""What changed from one state to another, as bytes."""

from __future__ import annotations

from struct import Struct
from typing import Final

from ..error import CorruptDataError

__all__ = ["apply_delta", "make_delta"]

_ENDS: Final = Struct("<II")


def make_delta(old: bytes, new: bytes) -> bytes:
    """Return what makes new bytes of old ones: how much they have in common in the
    beginning and in the end, and what is between.

    States mostly grow at one place, so that finding more than one costs more time
    than it saves space.

    :param old: what there is

    :param new: what there should be

    >>> delta = make_delta(b"[1, 2, 3]", b"[1, 2, 2.5, 3]")
    >>> apply_delta(b"[1, 2, 3]", delta)
    b'[1, 2, 2.5, 3]'

    """
    head = _common_head(old, new)
    most = min(len(old), len(new)) - head
    tail = _common_tail(old, new, most)
    return _ENDS.pack(head, tail) + new[head : len(new) - tail]


def apply_delta(old: bytes, delta: bytes) -> bytes:
    """Return the new bytes that a delta was made for.

    :param old: the old bytes that it was made for

    :param delta: what :func:`make_delta` returned

    :raises CorruptDataError: if it was made for others

    """
    if len(delta) < _ENDS.size:
        raise CorruptDataError(f"A delta has only {len(delta)} bytes")
    head, tail = _ENDS.unpack_from(delta)
    if head + tail > len(old):
        raise CorruptDataError(
            f"A delta keeps {head + tail} bytes, but there are only {len(old)}"
        )
    return old[:head] + delta[_ENDS.size :] + old[len(old) - tail :]


def _common_head(one: bytes, other: bytes) -> int:
    """Return how many bytes are the same in the beginning."""
    low, high = 0, min(len(one), len(other))
    # Halving compares as fast as memory allows, where a loop does byte by byte.
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _common_tail(one: bytes, other: bytes, most: int) -> int:
    """Return how many bytes are the same in the end, and not in the beginning."""
    low, high = 0, most
    ends = len(one), len(other)
    if one[ends[0] - high :] == other[ends[1] - high :]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if (
            one[ends[0] - middle : ends[0] - low]
            == other[ends[1] - middle : ends[1] - low]
        ):
            low = middle
        else:
            high = middle
    return low
