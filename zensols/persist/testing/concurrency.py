"""The part of the contract on threads and processes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from ..domain import Stash
from .hooks import StashHooks
from .worker import is_locked, use_keys, use_shared_key

__all__ = ["ConcurrencyContract"]


class ConcurrencyContract(StashHooks):
    """Threads, and processes where the attribute ``processes`` says so, use one
    stash at once.

    >>> from zensols.persist import DictionaryStash
    >>> ConcurrencyContract().test_threads_use_their_own_keys(DictionaryStash())

    """

    workers: ClassVar[int] = 8
    """How many threads there are, and half as many processes."""

    def _own_keys(self, worker: int) -> list[str]:
        return [f"{worker}{number:02}" for number in range(1, 9)]

    def _use_own_keys(self, stash: Stash[Any], executor: Executor) -> None:
        values = [self.make_value(number) for number in range(8)]
        futures = [
            executor.submit(use_keys, stash, self._own_keys(worker), values)
            for worker in range(1, self.workers + 1)
        ]
        for future in futures:
            future.result()
        kept = {
            key: value
            for worker in range(1, self.workers + 1)
            for key, value in zip(self._own_keys(worker)[:-1], values, strict=False)
        }
        assert dict(stash) == kept
        assert sorted(self.raw_keys(stash)) == sorted(kept)

    def _share_key(self, stash: Stash[Any], executor: Executor, delete: bool) -> None:
        values = [self.make_value(number) for number in range(5)]
        key = self.names[0]
        futures = [
            executor.submit(
                use_shared_key,
                stash,
                key,
                values[number % 5 :] + values[: number % 5],
                20,
                delete,
            )
            for number in range(self.workers)
        ]
        torn = [value for future in futures for value in future.result()]
        assert torn == []
        stash.dump(key, values[0])
        assert dict(stash) == {key: values[0]}

    def test_threads_use_their_own_keys(self, stash: Stash[Any]) -> None:
        """Threads don't disturb each other."""
        with ThreadPoolExecutor(self.workers) as executor:
            self._use_own_keys(stash, executor)

    @pytest.mark.parametrize("delete", [False, True])
    def test_threads_share_a_key(self, stash: Stash[Any], delete: bool) -> None:
        """What a thread reads is a value that a thread has written, whole."""
        with ThreadPoolExecutor(self.workers) as executor:
            self._share_key(stash, executor, delete)

    def test_lock(self, stash: Stash[Any]) -> None:
        """A key's lock is re-entrant, keeps other threads out, and frees them
        afterwards, also after an error.

        """
        key = self.names[0]
        with ThreadPoolExecutor(1) as executor:
            with stash.lock(key):
                with stash.lock(key):
                    assert executor.submit(is_locked, stash, key).result()
                assert executor.submit(is_locked, stash, key).result()
            assert not executor.submit(is_locked, stash, key).result()
            with pytest.raises(ZeroDivisionError), stash.lock(key):
                raise ZeroDivisionError
            assert not executor.submit(is_locked, stash, key).result()

    def test_processes(self, stash: Stash[Any]) -> None:
        """What holds for threads does for processes."""
        if not self.processes:
            pytest.skip("the stash is for one process")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.workers // 2, mp_context=context) as executor:
            self._use_own_keys(stash, executor)
            stash.clear()
            self._share_key(stash, executor, delete=False)
            self._share_key(stash, executor, delete=True)
            with stash.lock(self.names[0]):
                assert executor.submit(is_locked, stash, self.names[0]).result()
            assert not executor.submit(is_locked, stash, self.names[0]).result()
