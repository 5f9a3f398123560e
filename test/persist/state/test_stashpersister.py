"""Persisters in stashes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from savers import check_processes, state_of

from zensols.persist import DictionaryStash, Stash, ZipStash, open_stash
from zensols.persist.error import PersistableError
from zensols.persist.state import AsyncStashPersister, StashPersister
from zensols.persist.testing import AsyncPersisterContract, PersisterContract


@pytest.fixture(params=["dir", "lmdb", "sqlite", "redis"])
def stash(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A stash that processes share."""
    if request.param == "redis":
        stash = open_stash(request.getfixturevalue("redis_url"))
    else:
        stash = open_stash(f"{request.param}:{tmp_path}/states")
    yield stash
    stash.close()  # type: ignore[attr-defined]  # these have something to close


class TestStashPersister(PersisterContract):
    @pytest.fixture
    def persister(self, stash: Stash[Any]) -> Iterator[StashPersister]:
        with StashPersister(stash) as persister:
            yield persister


class TestAsyncStashPersister(AsyncPersisterContract):
    @pytest.fixture
    def persister(self, stash: Stash[Any]) -> Iterator[AsyncStashPersister]:
        persister = AsyncStashPersister(stash)
        yield persister
        self.cleanup(persister)


class TestStashPersisterInMemory(PersisterContract):
    shared = False

    @pytest.fixture
    def persister(self) -> StashPersister:
        return StashPersister(DictionaryStash())


class TestAsyncStashPersisterInMemory(AsyncPersisterContract):
    shared = False

    @pytest.fixture
    def persister(self) -> Iterator[AsyncStashPersister]:
        persister = AsyncStashPersister(DictionaryStash())
        yield persister
        self.cleanup(persister)


def test_processes_lose_nothing(tmp_path: Path) -> None:
    check_processes("StashPersister", {"stash": f"dir:{tmp_path}/states"})


def test_other_codecs_and_stores(tmp_path: Path) -> None:
    for name in f"dir:{tmp_path}/a?codec=json&compress=zlib", f"shelve:{tmp_path}/b":
        with StashPersister(name) as persister:
            for number in range(40):
                persister.save(
                    None, "app", number, "step", state_of(number), "completed"
                )
            persister.fork(None, "app", 20, "fork")
            found = persister.load(None, "fork")
            assert found is not None
            assert found["state"] == state_of(20)
            assert persister.list_app_ids(None) == ["app", "fork"]


def test_s3(s3_url: str) -> None:
    with StashPersister(s3_url) as persister:
        persister.save("p", "app", 1, "step", {"n": 1}, "completed")
        persister.save("p", "app", 2, "step", {"n": 2}, "completed")
        assert len(persister.history("p", "app")) == 2


def test_states_that_would_expire_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="prune them instead"):
        StashPersister(f"dir:{tmp_path}/states?ttl=60")


def test_stash_that_keeps_nothing_is_refused(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w"):
        persister = StashPersister(ZipStash(tmp_path / "a.zip"))
    with pytest.raises(PersistableError, match="keep states in another stash"):
        persister.save("p", "app", 1, "step", {}, "completed")


def test_url(tmp_path: Path, redis_url: str) -> None:
    urls = {
        f"dir:{tmp_path}/a?codec=json": f"dir://{tmp_path}/a?codec=json",
        f"sqlite:{tmp_path}/a.db": f"stash+sqlite://{tmp_path}/a.db",
        redis_url: f"stash+{redis_url}",
    }
    for given, expected in urls.items():
        for kind in StashPersister, AsyncStashPersister:
            assert kind(given).url.reveal() == expected


def test_other_entries_of_the_stash_are_left_alone() -> None:
    stash = DictionaryStash[Any]({"mine": 1, "states.app": 2})
    persister = StashPersister(stash)
    persister.save("p", "app", 1, "step", {}, "completed")
    assert persister.delete("p", "app")
    assert stash.data == {"mine": 1, "states.app": 2, "states": (1,)}
    copy = pickle.loads(pickle.dumps(persister))
    assert copy.list_app_ids("p") == []
