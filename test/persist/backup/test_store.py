from __future__ import annotations

import threading
from pathlib import Path

import pytest

from zensols.persist import DictionaryStash, ExpiringStash, open_stash
from zensols.persist.backup.store import DEFAULT, CacheStore, UnknownCacheError
from zensols.persist.error import PersistableError


@pytest.fixture
def store() -> CacheStore:
    return CacheStore()


def test_cache_is_a_stash_in_memory(store: CacheStore) -> None:
    users = store.create_cache("users")
    users["user:1"] = "alice"
    assert isinstance(users, DictionaryStash)
    assert store["users"] is store.get_cache("users") is users
    assert dict(store["users"]) == {"user:1": "alice"}


def test_default_cache_is_there_and_not_listed(store: CacheStore) -> None:
    store.default["a"] = 1
    assert store[DEFAULT] is store.default
    assert DEFAULT in store
    assert store.list_caches() == []
    assert len(store) == 0


def test_default_cache_can_be_given() -> None:
    stash = DictionaryStash({"a": 1})
    assert CacheStore(stash).default is stash


def test_caches_are_listed_in_order(store: CacheStore) -> None:
    for name in ("users", "jobs", "old_users"):
        store.create_cache(name)
    assert store.list_caches() == list(store) == ["jobs", "old_users", "users"]
    assert len(store) == 3
    assert "CacheStore(['jobs'" in repr(store)


def test_any_stash_can_be_registered(store: CacheStore, tmp_path: Path) -> None:
    stash = open_stash(f"dir:{tmp_path / 'a'}")
    assert store.create_cache("files", stash=stash) is stash
    store["files"]["a"] = 1
    store.delete_cache("files")
    assert dict(stash) == {"a": 1}, "it keeps its own"


def test_values_expire(store: CacheStore) -> None:
    kept = DictionaryStash[object]()
    sessions = store.create_cache("sessions", ttl=60, stash=kept)
    assert isinstance(sessions, ExpiringStash)
    assert (sessions.ttl, sessions.delegate) == (60, kept)


def test_deleted_cache_can_be_made_anew(store: CacheStore) -> None:
    store.create_cache("users")["a"] = 1
    store.delete_cache("users")
    assert "users" not in store
    assert dict(store.create_cache("users")) == {}


@pytest.mark.parametrize("name", ["users", DEFAULT])
def test_two_of_one_name_are_refused(store: CacheStore, name: str) -> None:
    if name != DEFAULT:
        store.create_cache(name)
    with pytest.raises(PersistableError, match=f"is a cache '{name}' already"):
        store.create_cache(name)


@pytest.mark.parametrize("ttl", [0, -1, float("nan")])
def test_wrong_time_to_live_is_refused(store: CacheStore, ttl: float) -> None:
    with pytest.raises(PersistableError, match="'users' must be positive seconds"):
        store.create_cache("users", ttl=ttl)
    assert "users" not in store


@pytest.mark.parametrize("name", ["", None, 5, "\ud800"])
def test_what_is_no_name_is_refused(store: CacheStore, name: str) -> None:
    with pytest.raises(PersistableError, match="A cache can't be called"):
        store.create_cache(name)


def test_unknown_cache_is_told(store: CacheStore) -> None:
    store.create_cache("users")
    for ask in (store.get_cache, store.__getitem__, store.delete_cache):
        with pytest.raises(UnknownCacheError) as e:
            ask("user")
        assert isinstance(e.value, KeyError)
        assert str(e.value).startswith("No cache 'user' in the store")
        assert "did you mean 'users'?" in str(e.value)
    with pytest.raises(UnknownCacheError, match=r"create_cache\('jobs'\)"):
        store["jobs"]


def test_default_cache_stays(store: CacheStore) -> None:
    with pytest.raises(PersistableError, match="Can't delete the default cache"):
        store.delete_cache(DEFAULT)


def test_one_thread_makes_a_cache(store: CacheStore) -> None:
    made: list[bool] = []
    barrier = threading.Barrier(8)

    def make() -> None:
        barrier.wait(60)
        for number in range(50):
            try:
                store.create_cache(f"c{number}")
                made.append(True)
            except PersistableError:
                pass

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == len(store) == 50
