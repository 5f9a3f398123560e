"""What becomes of a Redis stash when its server, or who uses it, is killed."""

from __future__ import annotations

import pickle
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import redis
from patience import insist
from proxy import Proxy
from server_redis import RedisServer

from zensols.persist.domain import open_stash
from zensols.persist.error import StoreUnavailableError, UntrustedDataError
from zensols.persist.stash.redis import RedisStash

StartPython = Callable[..., "subprocess.Popen[str]"]
StartRedis = Callable[..., RedisServer]

WRITE = """
import sys
from zensols.persist.domain import open_stash
from zensols.persist.error import StoreUnavailableError
stash = open_stash(sys.argv[1])
many = sys.argv[2] == "many"
number = errors = 0
while True:
    names = [f"{number}-{part}" for part in range(20 if many else 1)]
    try:
        if many:
            stash.dump_many((name, [name] * 100) for name in names)
        else:
            stash.dump(names[0], [names[0]] * 100)
    except StoreUnavailableError as e:
        errors += 1
        print("error", flush=True)
    else:
        print(*names, flush=True)
        number += 1
"""


@pytest.mark.parametrize("how", ["one", "many"])
@pytest.mark.parametrize("option", ["no", "always"])
def test_server_killed_in_the_middle_of_writes(
    start_redis: StartRedis, start_python: StartPython, how: str, option: str
) -> None:
    server = start_redis("--appendfsync", option)
    acknowledged: list[str] = []
    with start_python(WRITE, f"{server.url}?timeout=60", how) as writer:
        assert writer.stdout is not None
        for kill in range(5):
            written = 0
            for line in writer.stdout:
                if line != "error\n":
                    acknowledged += line.split()
                    written += 1
                    if written == 10 + kill:
                        break
            server.kill()
            server.start()
        # It has recovered by itself.
        assert writer.poll() is None
        before = len(acknowledged)
        for line in writer.stdout:
            if line != "error\n":
                acknowledged += line.split()
                if len(acknowledged) > before + 100:
                    break
        writer.kill()
        assert writer.stderr is not None
        # Not by communicate(), which leaves out what has been read ahead.
        out, error = writer.stdout.read(), writer.stderr.read()
    # A batch's lock, if the server was killed while it was freed.
    said = [line for line in error.splitlines() if "A lock stays" not in line]
    assert said == []
    *whole, _ = out.split("\n")
    for line in whole:
        acknowledged += [] if line == "error" else line.split()
    with closing(RedisStash[list[str]](server.url)) as stash:
        found = dict(stash)
    assert {*acknowledged} <= {*found}
    assert all(value == [name] * 100 for name, value in found.items())


def test_writer_killed_in_the_middle_of_a_batch(
    start_python: StartPython, redis_url: str
) -> None:
    for _ in range(5):
        with start_python(WRITE, redis_url, "many") as writer:
            assert writer.stdout is not None
            for _ in range(5):
                assert writer.stdout.readline()
            writer.kill()
        stash: Any = open_stash(redis_url)
        with closing(stash):
            found = dict(stash)
            assert len(found) >= 100
            assert all(value == [name] * 100 for name, value in found.items())
            stash.clear()


def test_client_recovers(start_redis: StartRedis) -> None:
    server = start_redis()
    with closing(RedisStash[int](server.url)) as stash:
        stash["a"] = 1
        server.kill()
        for use in stash.load, stash.exists, lambda key: stash.dump(key, 2):
            with pytest.raises(StoreUnavailableError, match=str(server.port)):
                use("a")
        server.start()
        assert stash["a"] == 1
        # Without an error in between, as the connection is made anew.
        server.kill()
        server.start()
        stash["a"] = 2
        assert stash["a"] == 2


@pytest.mark.parametrize("answered", [False, True])
def test_connection_dropped_while_a_lock_is_freed(
    start_redis: StartRedis, answered: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It was not lost, whether the server had freed it or not."""
    server = start_redis()
    with (
        Proxy(server.port) as proxy,
        closing(RedisStash[int](f"redis://127.0.0.1:{proxy.port}/0")) as stash,
    ):
        with stash.lock("a"):
            proxy.cut(b"'del'", answered, for_good=False)
        assert proxy.cuts == 1
        with stash.lock("a", timeout=0):
            pass
    assert caplog.text == ""


@pytest.mark.parametrize(
    "use",
    [
        lambda stash: stash.load("a"),
        lambda stash: stash.dump("a", 2),
        lambda stash: stash.dump_many([("a", 2)]),
        lambda stash: list(stash),
        lambda stash: stash.lock("a").__enter__(),
    ],
)
@pytest.mark.parametrize("connected", [True, False])
def test_server_that_hangs(
    start_redis: StartRedis, use: Callable[[Any], Any], connected: bool
) -> None:
    server = start_redis()
    with closing(RedisStash[int](server.url, timeout=0.5)) as stash:
        if connected:
            insist(lambda: stash.dump("a", 1))
        server.pause()
        try:
            begin = time.monotonic()
            with pytest.raises(StoreUnavailableError, match=r"within 0\.5 seconds"):
                use(stash)
            # Not the ten seconds that are the default.
            assert time.monotonic() - begin < 10
        finally:
            server.resume()
        patient = RedisStash[int](server.url, timeout=60)
        patient["b"] = 3
        assert patient["b"] == 3
        patient.close()


class Bomb:
    def __reduce__(self) -> Any:
        return print, ("it ran",)


def test_forged_entries_are_refused(
    redis_url: str, redis_server_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stash: Any = open_stash(redis_url)
    start = f"{stash.namespace}:"
    with (
        closing(stash),
        redis.Redis.from_url(redis_server_url, protocol=2) as raw,
    ):
        stash["good"] = "mine"
        good: Any = raw.get(f"{start}good")
        raw.set(f"{start}bare", pickle.dumps(Bomb()))
        raw.set(f"{start}moved", good)
        raw.set(f"{start}altered", good.replace(b"mine", b"evil"))
        assert good != raw.get(f"{start}altered")
        for name in "bare", "moved", "altered":
            for read in (
                stash.load,
                stash.get,
                stash.__getitem__,
                lambda key: list(stash.load_many([key])),
            ):
                with pytest.raises(UntrustedDataError, match=f"RedisStash.'{name}'"):
                    read(name)
        with pytest.raises(UntrustedDataError):
            list(stash)
        assert stash["good"] == "mine"
    assert capsys.readouterr().out == ""


OPEN = """
import sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
sys.stdin.readline()
for number in range(50):
    stash[f"{sys.argv[2]}-{number}"] = number
    stash["shared"] = number
    assert stash["shared"] in range(50)
"""


def test_two_processes_open_the_same_new_store(
    start_python: StartPython, redis_url: str
) -> None:
    children = [start_python(OPEN, redis_url, name) for name in range(2)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        _, error = child.communicate()
        assert child.returncode == 0, error
    stash: Any = open_stash(redis_url)
    with closing(stash):
        assert len(stash) == 101
