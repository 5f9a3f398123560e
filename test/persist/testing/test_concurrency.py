"""Stashes that threads or processes can't share, each of which has to fail."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.stash import DictionaryStash, DirectoryStash
from zensols.persist.testing import ConcurrencyContract


class OfEachThread(DictionaryStash[Any]):
    """Each thread sees only what it has stored itself."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.local = threading.local()

    @property
    def data(self) -> dict[str, Any]:
        return self.local.__dict__


class MixesThreads(DictionaryStash[Any]):
    """Returns what was stored by another thread with a part of another value."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.writers: dict[str, int] = {}

    def dump(self, name: str, inst: Any) -> None:
        self.writers[name] = threading.get_ident()
        super().dump(name, inst)

    def get(self, name: str, default: Any = None) -> Any:
        value = super().get(name, default)
        if self.writers.get(name) == threading.get_ident() or value is default:
            return value
        return {**value, "data": [0, *value["data"]]}


class Tears(DictionaryStash[Any]):
    """Returns parts of two values now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = count()

    def get(self, name: str, default: Any = None) -> Any:
        value = super().get(name, default)
        if value is not default and next(self.reads) == 13:
            return {**value, "data": []}
        return value


class LocksNothing(DictionaryStash[Any]):
    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        return nullcontext()


class NeverUnlocks(DictionaryStash[Any]):
    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        lock = super().lock(key, timeout)
        lock.__enter__()
        return nullcontext()


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (OfEachThread, "test_threads_use_their_own_keys"),
        (MixesThreads, "test_threads_use_their_own_keys"),
        (LocksNothing, "test_lock"),
        (NeverUnlocks, "test_lock"),
    ],
)
def test_broken_stash_fails(broken: Any, test: str) -> None:
    getattr(ConcurrencyContract(), test)(DictionaryStash())
    with pytest.raises(AssertionError):
        getattr(ConcurrencyContract(), test)(broken())


@pytest.mark.parametrize("delete", [False, True])
def test_torn_values_fail(delete: bool) -> None:
    ConcurrencyContract().test_threads_share_a_key(DictionaryStash(), delete)
    with pytest.raises(AssertionError):
        ConcurrencyContract().test_threads_share_a_key(Tears(), delete)


class OfProcesses(ConcurrencyContract):
    processes = True
    workers = 4


def test_stash_of_one_process_fails() -> None:
    with pytest.raises(AssertionError):
        OfProcesses().test_processes(DictionaryStash())


def test_stash_of_processes_passes(tmp_path: Path) -> None:
    OfProcesses().test_processes(DirectoryStash(tmp_path))


def test_processes_are_skipped_unless_asked_for() -> None:
    with pytest.raises(pytest.skip.Exception):
        ConcurrencyContract().test_processes(DictionaryStash())
