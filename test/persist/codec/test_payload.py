from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zensols.persist.codec import (
    Codec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
    same_payload,
)

MINE = SignedPickleCodec(key="01" * 32)
YOURS = SignedPickleCodec(key="02" * 32)


def entry(codec: Codec, value: Any, key: str | None = "k", **more: Any) -> bytes:
    return bytes(codec.encode(value, key, **more))


@pytest.mark.parametrize(
    "value", [None, [1, 2], np.arange(10_000.0), [np.zeros(5_000), np.ones(5_000)]]
)
def test_signature_time_and_speed_do_not_count(value: Any) -> None:
    one = entry(MINE, value, seconds=1.5)
    assert one != entry(YOURS, value)
    assert same_payload(one, entry(YOURS, value))
    assert same_payload(one, one)


def test_front_of_another_length_does_not_count() -> None:
    array = np.arange(10_000.0)
    for digits in range(1, 40):
        one = entry(MINE, array, seconds=float("1." + "1" * digits))
        assert same_payload(one, entry(MINE, array))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry(MINE, [1]), entry(MINE, [2])),
        (entry(MINE, [1]), entry(MINE, [1, 2])),
        (entry(MINE, 1, "k"), entry(MINE, 1, "l")),
        (entry(MINE, 1, None), entry(MINE, 1, "")),
        (entry(MINE, 1), entry(JsonCodec(), 1)),
        (entry(JsonCodec(), 1), entry(CompressedCodec(JsonCodec()), 1)),
        (entry(MINE, 1, fingerprint="a"), entry(MINE, 1, fingerprint="b")),
        (entry(MINE, np.zeros(5_000)), entry(MINE, np.ones(5_000))),
        (entry(MINE, np.zeros(5_000)), entry(MINE, np.zeros(5_001))),
        (entry(MINE, [1]), entry(MINE, [1])[:-1]),
        (entry(MINE, [1]), b""),
        (b"N.", b"I1\n."),
    ],
)
def test_other_values(one: bytes, other: bytes) -> None:
    assert not same_payload(one, other)
    assert not same_payload(other, one)


def test_damaged_buffer_with_a_sound_checksum_differs() -> None:
    one = entry(MINE, np.zeros(5_000))
    other = bytearray(one)
    other[-1] ^= 1
    assert not same_payload(one, bytes(other))


def test_no_entries_are_compared_as_bytes() -> None:
    assert same_payload(b"N.", b"N.")
    assert same_payload(memoryview(b"N."), bytearray(b"N."))
