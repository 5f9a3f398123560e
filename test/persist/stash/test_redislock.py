from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from server_redis import RedisServer

from zensols.persist.domain import open_stash
from zensols.persist.error import LockTimeoutError, StoreUnavailableError
from zensols.persist.stash.redis import RedisStash
from zensols.persist.stash.redisclient import RedisClient
from zensols.persist.stash.redislock import LEASE, redis_lock


@pytest.fixture
def stash(redis_url: str) -> Iterator[Any]:
    stash: Any = open_stash(redis_url)
    yield stash
    stash.close()


@pytest.fixture
def raw(redis_server_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server_url, protocol=2) as raw:
        yield raw


def lock_name(stash: RedisStash[Any], key: str) -> str:
    return f"{stash.namespace}%lock:{key}"


def test_is_released(stash: RedisStash[Any], raw: redis.Redis) -> None:
    with stash.lock("a"):
        assert raw.exists(lock_name(stash, "a"))
        left: Any = raw.pttl(lock_name(stash, "a"))
        assert LEASE * 500 < left <= LEASE * 1000
    assert not raw.exists(lock_name(stash, "a"))


def test_is_none_of_the_keys(stash: RedisStash[Any]) -> None:
    with stash.lock("a"):
        assert list(stash.keys()) == []
        stash.clear()
        with ThreadPoolExecutor(1) as executor, pytest.raises(LockTimeoutError):
            executor.submit(lambda: stash.lock("a", 0).__enter__()).result()


def test_is_shared_by_the_objects_of_a_thread(stash: RedisStash[Any]) -> None:
    other = pickle.loads(pickle.dumps(stash))
    with stash.lock("a"), other.lock("a", timeout=0):
        stash.close()
    other.close()


def test_keys_have_their_own(stash: RedisStash[Any], raw: redis.Redis) -> None:
    with stash.lock("a"), stash.lock("*"), stash.lock(""), stash.lock("\ud800"):
        names: Any = raw.keys(f"{stash.namespace}%lock:*")
        assert len(names) == 4


def test_error_names_the_thread(stash: RedisStash[Any]) -> None:
    def lock() -> None:
        with stash.lock("a b", timeout=0):
            pytest.fail("two have the lock")

    with stash.lock("a b"), ThreadPoolExecutor(1) as executor:
        message = r"key 'a b' of RedisStash.*0 seconds, since another thread of this"
        with pytest.raises(LockTimeoutError, match=message):
            executor.submit(lock).result()


HOLD = """
import sys
from zensols.persist.domain import open_stash
with open_stash(sys.argv[1]).lock("a"):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, redis_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def test_error_names_the_process(
    stash: RedisStash[Any], holder: subprocess.Popen[bytes]
) -> None:
    with (
        pytest.raises(LockTimeoutError, match=f"since process {holder.pid} of .* has"),
        stash.lock("a", timeout=0.05),
    ):
        pytest.fail("two have the lock")


def test_is_had_when_its_owner_releases_it(
    stash: RedisStash[Any], holder: subprocess.Popen[bytes]
) -> None:
    assert holder.stdin is not None
    with pytest.raises(LockTimeoutError), stash.lock("a", timeout=0):
        pytest.fail("two have the lock")
    holder.stdin.close()
    with stash.lock("a", timeout=60):
        pass
    assert holder.wait() == 0


def test_dead_owner_s_expires(
    stash: RedisStash[Any], raw: redis.Redis, holder: subprocess.Popen[bytes]
) -> None:
    holder.kill()
    holder.wait()
    left: Any = raw.pttl(lock_name(stash, "a"))
    assert 0 < left <= LEASE * 1000
    # Not to wait for that long.
    raw.pexpire(lock_name(stash, "a"), left // 1000 + 1)
    with stash.lock("a", timeout=60):
        pass


def test_waits_as_long_as_it_takes(
    stash: RedisStash[Any], raw: redis.Redis, holder: subprocess.Popen[bytes]
) -> None:
    holder.kill()
    raw.pexpire(lock_name(stash, "a"), 300)
    with stash.lock("a"):
        pass


def await_renewal(raw: redis.Redis, name: bytes, most: int) -> None:
    """Wait until a lock is given its time anew, in milliseconds, which it loses here
    lest it expires where renewing takes long.

    """
    raw.persist(name)
    assert raw.exists(name), "it has expired"
    left: Any = -1
    end = time.monotonic() + 60
    while left == -1:
        assert time.monotonic() < end
        left = raw.pttl(name)
    assert 0 < left <= most


def test_is_renewed(redis_server_url: str, raw: redis.Redis) -> None:
    client = RedisClient(redis_server_url, timeout=30)
    name = f"test-renewed-{os.getpid()}".encode()
    with redis_lock(client, name, "it", lease=4):
        token = raw.get(name)
        for _ in range(2):
            await_renewal(raw, name, 4000)
        assert raw.get(name) == token
    assert not raw.exists(name)
    client.close()


def test_renewal_survives_a_restart_of_the_server(
    start_redis: Callable[..., RedisServer], caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    client = RedisClient(server.url, timeout=30)
    raw = redis.Redis.from_url(server.url, protocol=2)
    with redis_lock(client, b"name", "it", lease=6):
        token = raw.get("name")
        # It is not to expire while there is no server.
        assert raw.persist("name")
        server.kill()
        end = time.monotonic() + 60
        while "Can't renew a lock" not in caplog.text:
            assert time.monotonic() < end
            time.sleep(0.01)
        server.start()
        await_renewal(raw, b"name", 6000)
        assert raw.get("name") == token
    raw.close()
    client.close()


def test_another_owner_s_is_not_released(
    stash: RedisStash[Any], raw: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with stash.lock("a"):
        raw.set(lock_name(stash, "a"), "process 1 of elsewhere 00")
    assert raw.get(lock_name(stash, "a")) == b"process 1 of elsewhere 00"
    assert "was lost while held" in caplog.text
    with (
        pytest.raises(LockTimeoutError, match="since process 1 of elsewhere has it"),
        stash.lock("a", timeout=0),
    ):
        pytest.fail("two have the lock")


def test_server_gone_at_the_end(
    start_redis: Callable[..., RedisServer], caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    stash = RedisStash[int](server.url)
    with pytest.raises(ZeroDivisionError), stash.lock("a"):
        server.kill()
        raise ZeroDivisionError
    assert "A lock stays for 30.0 seconds" in caplog.text
    # The thread may have it again, when the server is back.
    with pytest.raises(StoreUnavailableError), stash.lock("a"):
        pytest.fail("nobody locks")
    server.start()
    with pytest.raises(LockTimeoutError), stash.lock("a", timeout=0):
        pytest.fail("two have the lock")
    stash.close()


def test_leaves_no_threads(stash: RedisStash[Any]) -> None:
    before = {*threading.enumerate()}
    for number in range(3):
        with stash.lock(str(number)):
            started = {*threading.enumerate()} - before
            assert [thread.daemon for thread in started] == [True]
        for thread in started:
            thread.join(60)
            assert not thread.is_alive()


def test_no_two_have_it_at_once(redis_url: str, stash: RedisStash[int]) -> None:
    code = """
import sys
from concurrent.futures import ThreadPoolExecutor
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
def count(_):
    with stash.lock("count"):
        stash["count"] = stash["count"] + 1
with ThreadPoolExecutor(2) as executor:
    list(executor.map(count, range(25)))
"""
    stash["count"] = 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    children = [
        subprocess.Popen([sys.executable, "-c", code, redis_url], env=environment)
        for _ in range(3)
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert stash["count"] == 75


def test_nothing_is_logged_when_all_is_well(
    stash: RedisStash[Any], caplog: pytest.LogCaptureFixture
) -> None:
    # Not what drivers' threads of other tests tell.
    with caplog.at_level(logging.DEBUG, logger="zensols"), stash.lock("a"):
        pass
    records = [r for r in caplog.records if r.name.startswith("zensols")]
    assert records == []
