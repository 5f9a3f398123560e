from __future__ import annotations

import gc
import os
import threading
from typing import Self

import pytest

from zensols.persist.domain.lock import _registry, stash_lock
from zensols.persist.error import LockTimeoutError
from zensols.persist.stash import DictionaryStash


class Holder(threading.Thread):
    """Holds a lock until told to release it."""

    def __init__(self, stash: object, key: str) -> None:
        super().__init__(daemon=True)
        self._stash, self._key = stash, key
        self.has_it = threading.Event()
        self.release = threading.Event()
        self.start()
        assert self.has_it.wait(60)

    def run(self) -> None:
        with stash_lock(self._stash, self._key):
            self.has_it.set()
            self.release.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.join()


def test_excludes_other_threads() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    stash["count"] = 0
    start = threading.Barrier(8)

    def add() -> None:
        start.wait()
        for _ in range(200):
            with stash.lock("count"):
                stash["count"] = stash["count"] + 1

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stash["count"] == 1600


def test_is_reentrant() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    with stash.lock("a"), stash.lock("a", timeout=0):
        pass
    with Holder(stash, "a"):
        pass


@pytest.mark.parametrize("timeout", [0, 0.01, -1])
def test_timeout_names_the_key_and_the_stash(timeout: float) -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    with (
        Holder(stash, "my key"),
        pytest.raises(LockTimeoutError, match="'my key' of DictionaryStash") as e,
        stash.lock("my key", timeout=timeout),
    ):
        pass
    assert isinstance(e.value, TimeoutError)
    with stash.lock("my key", timeout=0):
        pass


def test_any_length_of_time_can_be_waited() -> None:
    with DictionaryStash().lock("a", timeout=float("inf")):
        pass


def test_keys_and_stashes_do_not_exclude_each_other() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    other: DictionaryStash[int] = DictionaryStash()
    with Holder(stash, "a"), stash.lock("b", timeout=0), other.lock("a", timeout=0):
        pass


def test_exception_in_the_block_releases() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    with pytest.raises(ValueError, match="oops"), stash.lock("a"):
        raise ValueError("oops")
    with Holder(stash, "a"):
        pass


def test_nothing_is_left_behind() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    for i in range(100):
        with stash.lock(str(i)):
            pass
    gc.collect()
    assert not [key for key in _registry._locks if key[0] == id(stash)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_forked_child_does_not_wait_for_threads_it_lacks() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    with Holder(stash, "a"), _registry._guard:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with stash.lock("a", timeout=10):
                    code = 0
            finally:
                os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_child_forked_in_the_block_leaves_it() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    pid = -1
    code = 1
    try:
        with stash.lock("a"):
            pid = os.fork()
        with stash.lock("a", timeout=0):
            code = 0
    finally:
        if pid == 0:
            os._exit(code)
    assert code == 0
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
