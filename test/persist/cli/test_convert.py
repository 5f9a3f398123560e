from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DictionaryStash, DirectoryStash, ExpiringStash
from zensols.persist.cli.convert import EntrySource
from zensols.persist.codec import (
    BarePickleCodec,
    Codec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
    read_info,
)


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryStash[Any]:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path)
    codec = SignedPickleCodec()
    entry = codec.encode([1], "a", fingerprint="f", seconds=1.5)
    stash.dump_entry("a", bytes(entry))
    return stash


def read(stash: Any, codec: Codec) -> tuple[dict[str, bytes], dict[str, str]]:
    failures: dict[str, str] = {}
    source = EntrySource(stash, codec, lambda k, e: failures.update({k: str(e)}))
    return dict(source.read(["a", "absent"])), failures


@pytest.mark.parametrize("codec", [SignedPickleCodec(), BarePickleCodec()])
def test_stays_as_it_is(stash: Any, codec: Codec) -> None:
    assert read(stash, codec) == ({"a": stash.load_entry("a")}, {})


@pytest.mark.parametrize(
    "codec", [JsonCodec(), CompressedCodec(SignedPickleCodec(), "zlib")]
)
def test_is_encoded_again(stash: Any, codec: Codec) -> None:
    entries, failures = read(stash, codec)
    assert failures == {}
    assert codec.decode(entries["a"], "a") == [1]
    info = read_info(entries["a"])
    assert (info.fingerprint, info.seconds) == ("f", 1.5)


def test_compressed_as_asked_for_stays_as_it_is(tmp_path: Path) -> None:
    codec = CompressedCodec(JsonCodec())
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path, codec=codec)
    stash["a"] = 1
    assert read(stash, codec)[0] == {"a": stash.load_entry("a")}
    assert read(stash, JsonCodec())[0] == {"a": stash.load_entry("a")}


def test_codec_of_its_own_reads_its_entries(tmp_path: Path) -> None:
    theirs = SignedPickleCodec(key="02" * 32)
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path, codec=theirs)
    stash["a"] = [1]
    assert JsonCodec().decode(read(stash, JsonCodec())[0]["a"], "a") == [1]


@pytest.mark.parametrize("entry", [b"", b"\x89ZSP", b"\x89ZSP\r\n\x1a\n" + bytes(99)])
def test_damaged(stash: Any, entry: bytes) -> None:
    stash.dump_entry("a", entry)
    entries, failures = read(stash, SignedPickleCodec())
    assert entries == {}
    assert failures.keys() == {"a"}


def test_bare_pickle(stash: Any) -> None:
    stash.dump_entry("a", b"N.")
    assert read(stash, SignedPickleCodec())[0] == {"a": b"N."}
    entries, failures = read(stash, JsonCodec())
    assert entries == {}
    assert "Not an entry" in failures["a"]


def test_values() -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DictionaryStash(), 60)
    stash["a"] = [1]
    entries, failures = read(stash, JsonCodec())
    assert JsonCodec().decode(entries["a"], "a") == [1]
    stash["a"] = object()
    entries, failures = read(stash, JsonCodec())
    assert entries == {}
    assert failures.keys() == {"a"}
