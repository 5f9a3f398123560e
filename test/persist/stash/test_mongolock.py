from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pymongo
import pytest
from labour import await_that
from server_mongo import MongoServer, connect_mongo

from zensols.persist.error import LockTimeoutError, StoreUnavailableError
from zensols.persist.stash.mongoclient import MongoLink
from zensols.persist.stash.mongolock import lease_lock

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

HOLD = """
import sys
from zensols.persist.stash.mongoclient import MongoLink
from zensols.persist.stash.mongolock import lease_lock
link = MongoLink(sys.argv[1], timeout=60)
with lease_lock(link, "x.locks", "a", "key 'a'", lease=float(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.readline()
link.close()
"""


@pytest.fixture
def link(mongo_url: str) -> Iterator[MongoLink]:
    link = MongoLink(mongo_url, timeout=60)
    yield link
    link.close()


@pytest.fixture
def locks(mongo_url: str) -> Iterator[Any]:
    with connect_mongo(mongo_url) as client:
        yield client.get_default_database()["x.locks"]


def lock(link: MongoLink, timeout: float | None = None, lease: float = 30) -> Any:
    return lease_lock(link, "x.locks", "a", "key 'a'", timeout, lease=lease)


@pytest.fixture
def hold(mongo_url: str) -> Iterator[Any]:
    """Starts processes that hold the lock until told to go on."""
    children = []

    def start(lease: float) -> Any:
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, mongo_url, str(lease)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_document_exists_while_held(link: MongoLink, locks: Any) -> None:
    with lock(link):
        with lock(link):
            (found,) = locks.find()
            assert found["_id"] == "a"
            assert found["holder"] == f"process {os.getpid()} on {socket.gethostname()}"
        assert locks.count_documents({}) == 1
    assert locks.count_documents({}) == 0


def test_other_links_of_a_thread_share_it(link: MongoLink, mongo_url: str) -> None:
    other = MongoLink(mongo_url, timeout=60)
    with lock(link), lock(other, timeout=0):
        pass
    other.close()


def test_excludes_threads(link: MongoLink) -> None:
    inside: list[int] = []
    most: list[int] = []

    def use() -> None:
        for _ in range(5):
            with lock(link):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    with ThreadPoolExecutor(4) as executor:
        for future in [executor.submit(use) for _ in range(4)]:
            future.result()
        with lock(link), pytest.raises(LockTimeoutError, match="another thread"):
            executor.submit(lock(link, timeout=0.05).__enter__).result()
    assert most == [1] * 20


def test_other_process(link: MongoLink, hold: Any) -> None:
    child = hold(30)
    for timeout in 0, 0.1:
        with (
            pytest.raises(
                LockTimeoutError, match=rf"key 'a' .* process {child.pid} on"
            ),
            lock(link, timeout=timeout),
        ):
            pass
    child.communicate("go on\n")
    with lock(link, timeout=0):
        pass


def test_dead_holder_is_taken_over(link: MongoLink, locks: Any, hold: Any) -> None:
    hold(1).kill()
    with lock(link, timeout=60):
        (found,) = locks.find()
        assert found["holder"].startswith(f"process {os.getpid()} ")


def test_stopped_holder_is_taken_over_and_told(
    link: MongoLink, locks: Any, hold: Any
) -> None:
    child = hold(1)
    child.send_signal(signal.SIGSTOP)
    with lock(link, timeout=60):
        child.send_signal(signal.SIGCONT)
        child.communicate("go on\n")
        assert child.returncode == 0
        assert locks.count_documents({}) == 1, "it doesn't release the lock of others"


def test_is_renewed(link: MongoLink, locks: Any) -> None:
    with lock(link, lease=0.6):
        locks.update_one({"_id": "a"}, {"$set": {"at": LONG_AGO}})
        assert await_that(lambda: locks.find_one()["at"].replace(tzinfo=UTC) > LONG_AGO)


def test_lost_lock_is_told(
    link: MongoLink, locks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), lock(link):
        locks.update_one({"_id": "a"}, {"$set": {"owner": "other"}})
    assert "was lost" in caplog.text
    assert locks.count_documents({"owner": "other"}) == 1


def test_forked_child_has_no_lock(link: MongoLink, locks: Any) -> None:
    with lock(link):
        pid = os.fork()
        if pid == 0:
            try:
                with lock(link, timeout=0):
                    os._exit(1)
            except LockTimeoutError:
                os._exit(0)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert locks.count_documents({}) == 1


def test_child_that_leaves_the_block_does_not_free_it(
    link: MongoLink, locks: Any
) -> None:
    pid = 1
    try:
        with lock(link):
            pid = os.fork()
            if pid:
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                assert code == 0
                assert locks.count_documents({}) == 1
    finally:
        if pid == 0:
            os._exit(0)


def test_server_dies_while_held(
    own_mongo_server: MongoServer, caplog: pytest.LogCaptureFixture
) -> None:
    link = MongoLink(f"{own_mongo_server.url}data", timeout=60)
    with ExitStack() as held:
        held.enter_context(lock(link))
        own_mongo_server.kill()
        # Only what fails anyway has little time.
        with caplog.at_level(logging.WARNING), pymongo.timeout(0.5):
            held.close()
    assert "stays for 30 seconds" in caplog.text
    with pymongo.timeout(0.5), pytest.raises(StoreUnavailableError), lock(link):
        pass
    link.close()
