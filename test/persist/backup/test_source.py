from __future__ import annotations

from pathlib import Path

from zensols.persist import DictionaryStash, DirectoryStash
from zensols.persist.backup.source import Source, codec_for
from zensols.persist.codec import JsonCodec, default_codec
from zensols.persist.domain import open_stash
from zensols.persist.stash import ExpiringStash


def test_source_of_values() -> None:
    source = Source(DictionaryStash({"b": 1, "a": None}))
    with source.keys() as keys:
        assert list(keys) == [(b"a", b""), (b"b", b"")]
    found = dict(source.entries(["a", "no", "b"]))
    assert {key: source.decode(key, entry) for key, entry in found.items()} == {
        "a": None,
        "b": 1,
    }
    assert source.store is None


def test_source_of_entries(tmp_path: Path) -> None:
    stash = DirectoryStash[int](tmp_path / "data")
    stash["a"] = 1
    source = Source(stash)
    assert source.store is stash
    assert dict(source.entries(["a"])) == {"a": stash.load_entry("a")}
    # What a wrapper makes of values isn't what the store has.
    assert Source(ExpiringStash(stash, 60)).store is None


def test_other_codecs() -> None:
    json = bytes(JsonCodec().encode([1], "a"))
    pickled = bytes(default_codec().encode([1], "a"))
    source = Source(open_stash("memory:?codec=json"))
    assert source.fitting("a", json) == json
    assert JsonCodec().decode(source.fitting("a", pickled), "a") == [1]
    assert codec_for(json, default_codec()).decode(json, "a") == [1]
    assert codec_for(b"bare", default_codec()).name == "pickle"
