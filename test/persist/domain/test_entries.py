from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import Codec, default_codec
from zensols.persist.domain import EntryStore
from zensols.persist.error import UntrustedDataError
from zensols.persist.shelve import ShelveStash
from zensols.persist.stash import DictionaryStash, DirectoryStash, EncodedStash


class Entries(EntryStore):
    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    @property
    def entry_codec(self) -> Codec:
        return default_codec()

    def load_entry(self, name: str) -> bytes | None:
        return self.data.get(name)

    def dump_entry(self, name: str, entry: bytes) -> None:
        self.data[name] = entry


def test_is_abstract() -> None:
    with pytest.raises(TypeError):
        EntryStore()  # type: ignore[abstract]  # what is tested


def test_defaults() -> None:
    store = Entries()
    entry = bytes(default_codec().encode([1, 2], "a", seconds=1.5))
    store.dump_entries([("a", entry), ("b", entry)])
    assert list(store.load_entries(["b", "c", "a"])) == [("b", entry), ("a", entry)]
    info = store.entry_info("a")
    assert info is not None
    assert (info.key, info.type, info.seconds) == ("a", "builtins.list", 1.5)
    assert store.entry_info("c") is None
    store.dump_entry("a", b"\x80\x05N.")
    with pytest.raises(UntrustedDataError, match=r"\['a'\]"):
        store.entry_info("a")


@pytest.mark.parametrize("kind", ["dir", "shelf", "kept open", "encoded"])
def test_entries_move_between_stores(kind: str, tmp_path: Path) -> None:
    stashes: dict[str, Any] = {
        "dir": lambda: DirectoryStash(tmp_path / "data"),
        "shelf": lambda: ShelveStash(tmp_path / "shelf"),
        "kept open": lambda: ShelveStash(tmp_path / "shelf", auto_close=False),
        "encoded": lambda: EncodedStash(DictionaryStash()),
    }
    stash = stashes[kind]()
    other = DirectoryStash[Any](tmp_path / "other")
    for key, value in (("a/b", [1]), ("c", None), ("d", b"x" * (2 << 20))):
        other[key] = value
    stash["c"] = "old"
    assert stash["c"] == "old"
    stash.dump_entries(other.load_entries(other.keys()))
    assert dict(stash) == dict(other)
    assert {key: stash.load_entry(key) for key in stash.keys()} == dict(
        other.load_entries(other.keys())
    )
    assert stash.load_entry("no such key") is None
    assert stash.entry_info("no such key") is None
    assert stash.entry_info("a/b").type == "builtins.list"
    stash.dump_entry("e", other.load_entry("c"))
    with pytest.raises(UntrustedDataError, match="'c'"):
        stash.load("e")
    stash.close()
