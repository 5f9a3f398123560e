"""Pickles that would run a command, planted in every store of files."""

from __future__ import annotations

import dbm
import pickle
import runpy
import shelve
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import (
    BarePickleCodec,
    SignedPickleCodec,
    default_codec,
    dump_file,
)
from zensols.persist.domain import DelegateStash
from zensols.persist.error import UntrustedDataError
from zensols.persist.shelve import ShelveStash
from zensols.persist.stash import CacheStash, DirectoryStash, UnionStash

STORES: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "stores.py"))[
    "STORES"
]
FILES = [(kind, n) for kind in STORES for n in range(len(STORES[kind](Path()).files()))]


class Hostile:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def test_hostile_pickle_would_run(trace: Path) -> None:
    pickle.loads(pickle.dumps(Hostile(trace)))
    assert trace.exists()


Forge = Callable[[Hostile, str], bytes]

FORGERIES: dict[str, Forge] = {
    "bare": lambda hostile, key: pickle.dumps(hostile),
    "bare, by dill": lambda hostile, key: b"dill._dill" + pickle.dumps(hostile),
    "foreign": lambda hostile, key: bytes(
        SignedPickleCodec(key=b"x" * 32).encode(hostile, key)
    ),
    "with our fingerprint": lambda hostile, key: _claim(hostile, key),
    "under another key": lambda hostile, key: bytes(
        default_codec().encode(hostile, "other")
    ),
}


def _claim(hostile: Hostile, key: str) -> bytes:
    """An entry of a foreign key that says it is of ours."""
    foreign = SignedPickleCodec(key=b"x" * 32)
    entry = bytes(foreign.encode(hostile, key))
    ours = bytes(default_codec().encode(None, key))
    at = entry.index(foreign.key_fingerprint)
    return entry[:at] + ours[at : at + 8] + entry[at + 8 :]


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize(("kind", "number"), FILES)
def test_forgery_is_refused_without_running(
    kind: str, number: int, forgery: str, tmp_path: Path, trace: Path
) -> None:
    if kind in ("work", "keys") and forgery == "under another key":
        pytest.skip("the file of a work is not bound to a key")
    store = STORES[kind](tmp_path)
    store.dump("value")
    data = FORGERIES[forgery](Hostile(trace), "1")
    plant(store, number, data)
    for read in store.read_all():
        with pytest.raises(UntrustedDataError):
            read()
    assert not trace.exists()


def plant(store: Any, number: int, data: bytes) -> None:
    kind = type(store).__name__
    if kind == "Shelf":
        with dbm.open(str(store.folder), "w") as shelf:
            shelf["1"] = data
    elif kind == "Encoded":
        DirectoryStash[Any](store.folder).dump("1", data)
    else:
        store.files()[number].write_bytes(data)


def test_files_of_the_bytes_of_an_encoded_stash(tmp_path: Path, trace: Path) -> None:
    """There are two places to plant it: as the file or in it."""
    store = STORES["encoded"](tmp_path)
    store.dump("value")
    dump_file(BarePickleCodec(), Hostile(trace), str(store.files()[0]))
    for read in store.read_all():
        with pytest.raises(UntrustedDataError, match=r"1\.dat"):
            read()
    assert not trace.exists()


def all_reads(stash: ShelveStash[Any], key: str) -> list[Callable[[], Any]]:
    return [
        lambda: stash.load(key),
        lambda: stash.get(key),
        lambda: stash[key],
        lambda: stash.shelve[key],
        lambda: stash.shelve.get(key),
        lambda: stash.shelve.pop(key),
        lambda: stash.shelve.setdefault(key, 1),
        lambda: list(stash),
        lambda: list(stash.shelve.values()),
        lambda: dict(stash.shelve),
    ]


def test_planted_with_the_standard_library(tmp_path: Path, trace: Path) -> None:
    path = tmp_path / "shelf"
    with shelve.open(str(path)) as shelf:
        shelf["a"] = Hostile(trace)
        shelf["b"] = [Hostile(trace)]
    for auto_close, writeback in (True, True), (False, True), (False, False):
        stash = ShelveStash[Any](path, auto_close=auto_close, writeback=writeback)
        for key in "ab":
            for read in all_reads(stash, key):
                with pytest.raises(UntrustedDataError, match=r"shelf\['[ab]'\]"):
                    read()
        stash.close()
    assert not trace.exists()


@pytest.mark.parametrize(
    "wrap",
    [
        DelegateStash,
        CacheStash,
        lambda stash: UnionStash((stash,)),
        lambda stash: CacheStash(stash, stash),
    ],
)
def test_in_front_of_others(wrap: Any, tmp_path: Path, trace: Path) -> None:
    store = STORES["directory"](tmp_path)
    store.dump("value")
    plant(store, 0, pickle.dumps(Hostile(trace)))
    stash = wrap(store.open())
    for read in stash.load, stash.get, stash.__getitem__, lambda _: list(stash):
        with pytest.raises(UntrustedDataError, match=r"1\.dat"):
            read("1")
    assert not trace.exists()


@pytest.mark.parametrize(("kind", "number"), FILES)
def test_forgery_can_be_deleted_and_replaced(
    kind: str, number: int, tmp_path: Path, trace: Path
) -> None:
    store = STORES[kind](tmp_path)
    store.dump("value")
    plant(store, number, pickle.dumps(Hostile(trace)))
    store.delete()
    assert store.keys() == []
    store.dump("other")
    assert store.keys() == ["1"]
    assert not trace.exists()


def test_listing_does_not_run_it(tmp_path: Path, trace: Path) -> None:
    store = STORES["directory"](tmp_path)
    store.dump("value")
    plant(store, 0, pickle.dumps(Hostile(trace)))
    stash = store.open()
    assert list(stash.keys()) == ["1"]
    assert len(stash) == 1
    assert stash.exists("1")
    assert not trace.exists()
