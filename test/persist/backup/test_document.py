from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.backup.document import CacheDocument, Kind
from zensols.persist.backup.reading import read_document
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import PersistableError

WHEN = datetime.fromisoformat("2025-11-15T16:11:18.027451")


@dataclass
class User:
    name: str


class Text(str):
    __slots__ = ()


def encode(items: dict[Any, Any], kind: Kind = "named_cache", *types: type) -> bytes:
    document = CacheDocument(kind, "users", WHEN, items)
    return b"".join(document.encode(Tagger(types)))


def test_shape_is_that_of_the_guide() -> None:
    data = {"user:1": "alice@example.com", "user:2": "bob@example.com"}
    text = encode(data).decode()
    plain = json.loads(text)
    assert list(plain.items())[:6] == [
        ("type", "named_cache"),
        ("cache_name", "users"),
        ("timestamp", "20251115_161118"),
        ("datetime", "2025-11-15T16:11:18.027451"),
        ("item_count", 2),
        ("format_version", 1),
    ]
    assert plain["data"] == data
    assert text == json.dumps(plain, indent=2) + "\n", "as json.dump indents it"


def test_checksum_is_of_what_is_before_it() -> None:
    data = encode({"a": 1})
    before = data[: data.index(b',\n  "checksum"')]
    told = json.loads(data)["checksum"]
    assert told == f"sha256:{hashlib.sha256(before).hexdigest()}"


KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.dates())
PLAIN = st.one_of(KEYS, st.floats(allow_nan=False), st.binary(), st.tuples(st.text()))
VALUES = st.one_of(PLAIN, st.lists(PLAIN), st.dictionaries(KEYS, PLAIN, max_size=3))


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
def test_values_come_back(items: dict[Any, Any], expires: bool) -> None:
    kind: Kind = "expiring_store" if expires else "named_cache"
    remaining = dict.fromkeys(items, 1.5) if expires else {}
    document = CacheDocument(
        kind, "users", WHEN, items, 60.0 if expires else None, remaining
    )
    data = b"".join(document.encode(Tagger()))
    assert json.loads(data)["item_count"] == len(items)
    again = read_document(data, Tagger(), "x")
    assert again == document
    assert list(map(type, again.items)) == list(map(type, items))


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
@pytest.mark.parametrize("key", ["k{}".format, "${}".format, int, Text])
def test_chunks_are_joined(count: int, key: Any) -> None:
    items = {key(str(number)): number for number in range(count)}
    data = encode(items, "named_cache", Text)
    assert json.loads(data)["item_count"] == count
    again = read_document(data, Tagger([Text]), "x").items
    assert list(again.items()) == list(items.items())
    assert set(map(type, again)) == set(map(type, items))


def test_key_that_looks_like_a_tag_in_a_later_chunk() -> None:
    items: dict[Any, Any] = {f"k{n}": n for n in range(2000)}
    items["$tuple"] = [1]
    assert read_document(encode(items), Tagger(), "x").items == items


def test_what_cannot_be_stored_is_told_with_its_path() -> None:
    with pytest.raises(PersistableError, match=r"value\['user:7'\]\['at'\]\[1\]"):
        encode({"user:7": {"at": [1, object()]}})
    with pytest.raises(PersistableError, match=r"value\[5\]\['at'\]"):
        encode({5: {"at": object()}})


def test_classes_are_stored_if_told() -> None:
    items = {"a": User("alice")}
    data = encode(items, "named_cache", User)
    assert read_document(data, Tagger([User]), "x").items == items
    with pytest.raises(PersistableError, match="User is not registered"):
        encode(items)


def test_values_may_change_meanwhile() -> None:
    inner: dict[Any, Any] = {number: (number,) for number in range(300)}
    stop, begun = threading.Event(), threading.Event()
    changes = threading.Semaphore(1)

    def change() -> None:
        number = 300
        while not stop.is_set():
            if changes.acquire(timeout=0.01):
                inner[number] = (number,)
                number += 1
                begun.set()
                stop.wait(0.0005)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        assert begun.wait(60)
        for _ in range(20):
            # Each spoils one attempt at most, so that the next or so succeeds however
            # long they take.
            while changes.acquire(blocking=False):
                pass
            changes.release(4)
            again = read_document(encode({"a": inner}), Tagger(), "x").items["a"]
            assert list(again)[:300] == list(range(300))
    finally:
        stop.set()
        thread.join(60)


def test_values_that_always_change_are_refused() -> None:
    class Restless(Tagger):
        def encode(self, value: Any, kept: Any = None) -> bytes:
            raise RuntimeError("dictionary changed size during iteration")

    document = CacheDocument("named_cache", "users", WHEN, {"a": Path()})
    with pytest.raises(PersistableError, match="keep changing: dictionary changed"):
        document.encode(Restless())
