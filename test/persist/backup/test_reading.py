from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest

from zensols.persist.backup.document import CacheDocument
from zensols.persist.backup.reading import read_document
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import CorruptDataError, PersistableError

WHEN = datetime.fromisoformat("2025-11-15T16:11:18.027451")
DOCUMENT = CacheDocument("named_cache", "users", WHEN, {"a": (1, 2), "b": "text"})
DATA = b"".join(DOCUMENT.encode(Tagger()))

# As the guide shows it, without version and checksum.
FOREIGN: dict[str, Any] = {
    "type": "named_cache",
    "cache_name": "users",
    "timestamp": "20251115_161118",
    "datetime": "2025-11-15T16:11:18.027451",
    "item_count": 1,
    "data": {"user:1": "alice@example.com"},
}


def read(data: bytes) -> CacheDocument:
    return read_document(data, Tagger(), "'x.json'")


def changed(**members: Any) -> bytes:
    return json.dumps({**FOREIGN, **members}).encode()


def test_any_flipped_bit_is_noticed() -> None:
    for position in range(len(DATA) - 3):
        for bit in (0, 4):
            data = bytearray(DATA)
            data[position] ^= 1 << bit
            with pytest.raises(PersistableError):
                read(bytes(data))


def test_cut_file_is_noticed() -> None:
    for end in range(len(DATA) - 3):
        with pytest.raises(CorruptDataError):
            read(DATA[:end])


def test_edited_file_tells_what_to_do() -> None:
    edited = DATA.replace(b"text", b"other")
    with pytest.raises(CorruptDataError, match=r"'x\.json' doesn't match its checksum"):
        read(edited)
    meant = re.sub(rb',\n  "checksum": .*', b"", edited)
    assert read(meant).items == {"a": (1, 2), "b": "other"}


def test_foreign_backup_is_read() -> None:
    document = read(changed())
    assert document.items == FOREIGN["data"]
    assert (document.cache_name, document.created) == ("users", WHEN)


def test_foreign_values_have_no_tags() -> None:
    data = {"a": {"$tuple": [1]}}
    assert read(changed(data=data)).items == data
    assert read(changed(data=data, format_version=1)).items == {"a": (1,)}


def test_default_store_has_its_name_whatever_it_says() -> None:
    assert read(changed(type="default_store", cache_name="x")).cache_name == "default"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"type": "other"}, "type"),
        ({"cache_name": 5}, "cache_name"),
        ({"cache_name": ""}, "name"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"item_count": 2}, "not the 2 values"),
        ({"item_count": True}, "item_count"),
        ({"data": []}, "data"),
        ({"data": {"$tuple": []}, "format_version": 1}, "not the 1 values"),
        ({"ttl": -1}, "time to live"),
        ({"ttl": "60"}, "ttl"),
        ({"time_to_live": {"user:1": -1}}, "times to live"),
        ({"time_to_live": {"user:1": True}}, "times to live"),
        ({"time_to_live": 5}, "time_to_live"),
        ({"format_version": "1"}, "format_version"),
    ],
)
def test_wrong_member_is_told(members: dict[str, Any], said: str) -> None:
    with pytest.raises(CorruptDataError, match=said) as e:
        read(changed(**members))
    assert "'x.json'" in str(e.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"5", b"\xff", b'{"data": {}}'])
def test_what_is_no_backup_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptDataError, match="No backup of a cache"):
        read(data)


def test_newer_format_is_refused() -> None:
    with pytest.raises(PersistableError, match="format 2, of a newer release"):
        read(changed(format_version=2))


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 1_000_000,
        b'{"data":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
        b'{"a":' * 1_000_000,
        changed(format_version=1)[:-1]
        + b', "time_to_live": {"a":'
        + b'{"$tuple":[' * 100_000
        + b"]}" * 100_000
        + b"}}",
    ],
)
def test_deep_nesting_is_refused(bomb: bytes) -> None:
    with pytest.raises(PersistableError, match=r"nested too deeply|No backup"):
        read(bomb)


def test_endless_number_is_refused() -> None:
    data = changed().replace(b'"alice@example.com"', b"1" * 1_000_000)
    with pytest.raises(CorruptDataError):
        read(data)
