from __future__ import annotations

import numpy as np
import pytest

from zensols.persist import DictionaryStash
from zensols.persist.backup.depot import Depot
from zensols.persist.backup.parts import (
    INLINE,
    from_bytes,
    join,
    part_of,
    same_value,
    split,
    to_bytes,
    value_in_head,
)
from zensols.persist.codec import CompressedCodec, JsonCodec, default_codec

VALUES = [None, [1, 2], "x" * 1000, {"a": np.arange(3000.0)}]


@pytest.mark.parametrize("codec", [default_codec(), CompressedCodec(default_codec())])
def test_values_are_the_same_under_other_keys(codec: JsonCodec) -> None:
    for value in VALUES:
        (head, body), (other, again) = (
            split(bytes(codec.encode(value, key))) for key in ("a", "b")
        )
        assert body == again
        assert head != other
        one, different = (part_of(b"", head + body).item, part_of(b"", b"x").item)
        assert same_value(one, part_of(b"", other + again).item)
        assert not same_value(one, different)


def test_what_differs_beside_the_same_array() -> None:
    array = np.arange(3000.0)
    one, other = (
        part_of(b"a", bytes(default_codec().encode({"n": n, "a": array}, "a"))).item
        for n in range(2)
    )
    assert one.body == other.body
    assert not same_value(one, other)


def test_no_entries() -> None:
    for data in b"", b"bare", b"\x89ZSP\r\n\x1a\n":
        assert split(data) == (b"", data)


@pytest.mark.parametrize("size", [0, INLINE, INLINE + 1, 5000])
def test_joined_again(size: int) -> None:
    depot = Depot(DictionaryStash())
    part = part_of(b"a", b"x" * size)
    item = part.add_to(depot)
    assert (item.size, item.body == part.body) == (size, size <= INLINE)
    assert list(join(depot, [item])) == [("a", b"x" * size)]
    depot.flush()
    assert len(depot.stash) == (size > INLINE)


@pytest.mark.parametrize("key", ["", "ü", "\ud800", "a\0b", "x" * 5000])
def test_keys(key: str) -> None:
    assert from_bytes(to_bytes(key)) == key


def test_value_in_head() -> None:
    entry = bytes(default_codec().encode({"a": np.arange(3000.0)}, "a"))
    item = part_of(b"a", entry).item
    assert value_in_head(item) in item.head
    assert b"a" in value_in_head(item)
    assert value_in_head(part_of(b"a", b"bare").item) == b""
