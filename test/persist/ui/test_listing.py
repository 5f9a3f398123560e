from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DictionaryStash, ExpiringStash, LmdbStash, open_stash
from zensols.persist.codec import EntryInfo
from zensols.persist.error import CorruptDataError
from zensols.persist.stash.survey import Found
from zensols.persist.ui import listing
from zensols.persist.ui.listing import Listing, Order, row_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LmdbStash[Any]]:
    stash: LmdbStash[Any] = LmdbStash(tmp_path / "data")
    stash.dump_many((f"User-{n:03}", "x" * 20 * n) for n in range(120))
    stash["a list"] = [1]
    yield stash
    stash.close()


def keys(found: Listing) -> list[str]:
    return [row["key"] for n in range(5) for row in found.rows(n)]


def test_all_keys_by_pages(store: LmdbStash[Any]) -> None:
    found = Listing.find(store)
    assert [len(found.rows(n)) for n in range(4)] == [50, 50, 21, 0]
    assert keys(found) == list(store.keys())
    assert (found.found, found.count(), found.order, found.note) == (
        None,
        121,
        "stored",
        "",
    )


@pytest.mark.parametrize("match", ["user-01", "USER-01", "user-01?", "*-01*"])
def test_search(store: LmdbStash[Any], match: str) -> None:
    found = Listing.find(store, match)
    assert keys(found) == [f"User-{n:03}" for n in range(10, 20)]
    assert found.count() == 10


@pytest.mark.parametrize("match", ["nobody", "user-01*x", "["])
def test_nothing_matches(store: LmdbStash[Any], match: str) -> None:
    found = Listing.find(store, match)
    assert keys(found) == []
    assert found.count() == 0


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("key", "User-000"),
        ("size", "User-119"),
        ("newest", "a list"),
        ("oldest", "User-000"),
        ("type", "a list"),
    ],
)
def test_sorted(store: LmdbStash[Any], order: Order, first: str) -> None:
    found = Listing.find(store, "", order)
    assert keys(found)[0] == first
    assert set(keys(found)) == set(store.keys())
    assert found.order == order


def test_too_many_to_sort(store: LmdbStash[Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "MOST", 100)
    found = Listing.find(store, "", "size")
    assert (found.order, found.count()) == ("stored", 121)
    assert "more than 100" in found.note
    assert keys(found) == list(store.keys())


def test_too_many_matches(store: LmdbStash[Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "MOST", 100)
    found = Listing.find(store, "user", "size")
    assert (found.order, found.count()) == ("stored", 100)
    assert keys(found) == list(store.keys())[:100]
    assert "More than 100 keys match" in found.note


def test_row(store: LmdbStash[Any]) -> None:
    [row] = Listing.find(store, "a list").rows(0)
    assert row["type"] == "list"
    assert row["codec"] == "pickle"
    assert row["size"].endswith(" B")
    assert row["age"].endswith((" s", " min"))


@pytest.mark.parametrize(
    "key", ["a\tb", "\ud800", "\u202egpj", "\x1b[31m", "<b>", "\\"]
)
def test_row_is_printable_and_can_be_sent(key: str) -> None:
    info = EntryInfo(key, "json", None, key, None, None, "", None, 1, False, None)
    row = row_of(Found(key, info, None))
    assert all(text.isprintable() for text in row.values())
    assert json.dumps(row, ensure_ascii=False).encode()


def test_row_of_damaged_entry() -> None:
    row = row_of(Found("a", None, CorruptDataError("Truncated")))
    assert row == {
        "key": "a",
        "size": "",
        "age": "",
        "type": "can't be read",
        "codec": "",
    }


def test_key_that_was_deleted_meanwhile_keeps_its_place(store: LmdbStash[Any]) -> None:
    found = Listing.find(store)
    found.rows(0)
    store.delete("User-001")
    row = found.rows(0)[1]
    assert row == {"key": "User-001", "size": "", "age": "", "type": "", "codec": ""}


def test_store_without_entries() -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DictionaryStash({"b": 1, "a": 2}), 60)
    assert keys(Listing.find(stash, "", "size")) == ["b", "a"]
    assert keys(Listing.find(stash, "", "key")) == ["a", "b"]


def test_values_are_not_decoded(tmp_path: Path) -> None:
    stash = open_stash(f"dir:{tmp_path}/data")
    stash["bomb"] = Bomb()
    Bomb.armed = True
    try:
        for order in ("stored", "size", "type"):
            assert keys(Listing.find(stash, "", order)) == ["bomb"]  # type: ignore[arg-type]
    finally:
        Bomb.armed = False


class Bomb:
    armed = False

    def __reduce__(self) -> Any:
        return explode, ()


def explode() -> str:
    assert not Bomb.armed, "it was unpickled"
    return "bang"
