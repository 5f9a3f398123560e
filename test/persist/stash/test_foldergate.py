"""The gate of batches made of a folder's own lock."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import LockTimeoutError
from zensols.persist.stash import foldergate
from zensols.persist.stash.directory import DirectoryStash
from zensols.persist.stash.foldergate import FolderGate


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryStash[Any]:
    return DirectoryStash(tmp_path / "data")


def gate(stash: DirectoryStash[Any]) -> FolderGate:
    found = stash.batch_gate()
    assert isinstance(found, FolderGate)
    return found


def test_leaves_nothing(stash: DirectoryStash[Any], tmp_path: Path) -> None:
    stash.dump_many([("a", 1), ("b", 2)])
    with stash.batch(), stash.batch():
        stash["c"] = 3
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert dict(stash) == {"a": 1, "b": 2, "c": 3}


def test_batches_of_many_threads_at_once(stash: DirectoryStash[Any]) -> None:
    together = threading.Barrier(9, timeout=60)

    def write() -> None:
        with stash.batch():
            together.wait()

    # Also of those that would share a lock file.
    threads = [threading.Thread(target=write) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not together.broken


def test_child_forked_in_a_batch_does_not_keep_it(stash: DirectoryStash[Any]) -> None:
    until, end = os.pipe()
    with stash.batch():
        child = os.fork()
        if child == 0:
            os.close(end)
            os.read(until, 1)
            os._exit(0)
        stash["a"] = 1
    os.close(until)
    try:
        with gate(stash).shut(timeout=60):
            assert dict(stash) == {"a": 1}
    finally:
        os.close(end)
        os.waitpid(child, 0)


def test_later_ones_wait_while_it_is_shut(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    written = threading.Event()

    def write() -> None:
        stash.dump_many([("a", 2), ("b", 2)])
        written.set()

    writer = threading.Thread(target=write)
    with stash.frozen(60) as view:
        # Its own thread's batches pass.
        stash.dump_many([("c", 3), ("d", 4)])
        writer.start()
        assert not written.wait(0.1)
        assert dict(view) == {"a": 1, "c": 3, "d": 4}
    writer.join(60)
    assert dict(stash) == {"a": 2, "b": 2, "c": 3, "d": 4}


def test_lock_files_where_folders_can_not_be_locked(
    stash: DirectoryStash[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stash["a"] = 0
    monkeypatch.setattr(foldergate, "on_network", lambda _: True)
    errors: list[LockTimeoutError] = []

    def shut() -> None:
        try:
            with gate(stash).shut(timeout=0.1):
                pass
        except LockTimeoutError as e:
            errors.append(e)

    thread = threading.Thread(target=shut)
    with stash.batch():
        thread.start()
        thread.join(60)
    assert [".lock" in str(error) for error in errors] == [True]
    with gate(stash).shut(timeout=60), stash.batch():
        stash["a"] = 1


def test_who_is_alone_may_shut_it_again(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    with gate(stash).shut(timeout=60):
        with gate(stash).shut(timeout=0):
            pass
        done = threading.Event()

        def others() -> None:
            with gate(stash).passing():
                done.set()

        thread = threading.Thread(target=others)
        thread.start()
        # It is shut still.
        assert not done.wait(0.2)
    thread.join()
    assert done.is_set()


def test_who_makes_the_folder_waits_too(stash: DirectoryStash[Any]) -> None:
    written = threading.Event()

    def write() -> None:
        stash.dump_many([("a", 1), ("b", 1)])
        written.set()

    thread = threading.Thread(target=write)
    with stash.frozen(60) as view:
        thread.start()
        assert not written.wait(0.2)
        assert dict(view) == {}
    thread.join()
    assert dict(stash) == {"a": 1, "b": 1}
