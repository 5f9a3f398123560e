from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import redis
from labour import await_that
from server_redis import RedisServer

from zensols.persist.codec import JsonCodec, default_codec
from zensols.persist.domain import Reach, ReadOnlyStash, StashURL, open_stash
from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.missing import MISSING
from zensols.persist.stash.redis import RedisStash
from zensols.persist.testing import StashContract


def raw(stash: RedisStash[Any]) -> redis.Redis:
    """Return the driver's own client."""
    return redis.Redis.from_url(stash.address, protocol=2)


def prefix(stash: RedisStash[Any]) -> bytes:
    return stash.namespace.encode() + b":"


@pytest.fixture
def stash(redis_url: str) -> Iterator[RedisStash[Any]]:
    stash: Any = open_stash(redis_url)
    yield stash
    stash.close()


@pytest.fixture
def client(stash: RedisStash[Any]) -> Iterator[redis.Redis]:
    with raw(stash) as client:
        yield client


class TestRedisStash(StashContract):
    processes = True
    large = True

    @pytest.fixture
    def stash(self, redis_url: str) -> Iterator[Any]:
        stash: Any = open_stash(redis_url)
        yield stash
        stash.close()

    def reopen(self, stash: Any) -> Any:
        return open_stash(stash.url)

    def name(self, stash: Any, key: str) -> bytes:
        return prefix(stash) + key.encode("utf-8", "surrogatepass")

    def raw_get(self, stash: Any, key: str) -> Any:
        with raw(stash) as client:
            entry: Any = client.get(self.name(stash, key))
        codec = stash.codec or default_codec()
        return MISSING if entry is None else codec.decode(entry, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        codec = stash.codec or default_codec()
        with raw(stash) as client:
            client.set(self.name(stash, key), bytes(codec.encode(value, key)))

    def raw_keys(self, stash: Any) -> Iterable[str]:
        start = prefix(stash)
        with raw(stash) as client:
            names: Any = client.keys("*")
        return [
            name[len(start) :].decode("utf-8", "surrogatepass")
            for name in names
            if name.startswith(start)
        ]


class TestRedisStashOfJsonThatExpires(TestRedisStash):
    examples = 5
    large = False

    @pytest.fixture
    def stash(self, redis_url: str) -> Iterator[Any]:
        stash: Any = open_stash(f"{redis_url}&codec=json&ttl=3600&timeout=30")
        yield stash
        stash.close()


@pytest.mark.parametrize(
    "namespace", ["", "a:b", "a%3Ab", "*", "a?", "[a-z]", "\\", "ü ", "%lock", "%"]
)
def test_namespaces_are_apart(redis_url: str, namespace: str) -> None:
    address, _, unique = redis_url.partition("?namespace=")
    spaces = [f"{unique}{namespace}", f"{unique}a", f"{unique}ax", unique]
    stashes = [RedisStash[str](address, namespace=space) for space in {*spaces}]
    for stash in stashes:
        stash["b:x"] = stash["x"] = stash.namespace
    for stash in stashes:
        assert sorted(stash) == [("b:x", stash.namespace), ("x", stash.namespace)]
        with stash.lock("x"):
            assert len(stash) == 2
            stash.clear()
        assert len(stash) == 0
        stash["x"] = stash.namespace
        stash["b:x"] = stash.namespace
    for stash in stashes:
        stash.clear()
        stash.close()


def test_names_in_the_database(stash: RedisStash[int], client: redis.Redis) -> None:
    stash["a/b"] = 1
    assert client.exists(f"{stash.namespace}:a/b")


def test_another_program_s_keys_are_left_alone(
    stash: RedisStash[int], client: redis.Redis
) -> None:
    name = prefix(stash) + b"\xff"
    client.set(name, b"theirs")
    stash["a"] = 1
    assert list(stash.keys()) == ["a"]
    assert len(stash) == 1
    stash.clear()
    assert client.get(name) == b"theirs"


def test_another_program_s_type(stash: RedisStash[int], client: redis.Redis) -> None:
    client.rpush(f"{stash.namespace}:a", "theirs")
    for read in stash.load, lambda key: list(stash.load_many([key])):
        with pytest.raises(PersistableError, match="something else than an entry"):
            read("a")


def test_many(stash: RedisStash[int]) -> None:
    items = {f"k{number}": number for number in range(2500)}
    stash.dump_many(items.items())
    assert dict(stash) == items
    keys = ["k7", "absent", "k2400", "k7", "k0"]
    assert list(stash.load_many(keys)) == [
        ("k7", 7),
        ("k2400", 2400),
        ("k7", 7),
        ("k0", 0),
    ]
    stash.delete_many([*(f"k{number}" for number in range(1, 2500)), "absent"])
    assert dict(stash) == {"k0": 0}
    stash.dump_many([])
    stash.delete_many([])
    assert list(stash.load_many([])) == []
    stash.dump_many([("twice", 1), ("twice", 2)])
    assert stash["twice"] == 2


def test_dump_many_that_fails_keeps_what_was_there(stash: RedisStash[Any]) -> None:
    stash["a"] = 1

    def items() -> Iterator[tuple[str, Any]]:
        yield "a", 2
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stash.dump_many(items())
    assert stash["a"] == 1


def commands(client: redis.Redis) -> dict[str, int]:
    stats: Any = client.info("commandstats")
    return {name: found["calls"] for name, found in stats.items()}


BATCH_LOCK = 2
"""How many scripts look after the lock of those who write batches."""


def test_batches(start_redis: Callable[..., RedisServer]) -> None:
    with (
        closing(RedisStash[int](start_redis().url)) as stash,
        raw(stash) as client,
    ):
        stash.dump_many((str(number), number) for number in range(2000))
        assert sum(1 for _ in stash.load_many(map(str, range(2000)))) == 2000
        stash.delete_many(map(str, range(2000)))
        found = commands(client)
    assert found["cmdstat_mset"] == 2
    assert found["cmdstat_eval"] == 2 + BATCH_LOCK
    assert found["cmdstat_unlink"] == 2
    assert found["cmdstat_set"] == 1, "the lock of the batch"


def test_batches_of_large_values(start_redis: Callable[..., RedisServer]) -> None:
    large = b"x" * (5 << 20)
    with (
        closing(RedisStash[bytes](start_redis().url)) as stash,
        raw(stash) as client,
    ):
        stash.dump_many((str(number), large) for number in range(4))
        assert [value == large for _, value in stash.load_many("0123")] == [True] * 4
        found = commands(client)
    # 8 MiB are enough for one.
    assert found["cmdstat_mset"] == 2
    assert found["cmdstat_eval"] == 2 + BATCH_LOCK


def test_too_large_for_redis(stash: RedisStash[Any]) -> None:
    too_large = bytes((512 << 20) + 1)
    stash.dump_entry("a", b"old")
    for dump in (
        lambda: stash.dump_entry("a", too_large),
        lambda: stash.dump_entries([("a", too_large)]),
    ):
        with pytest.raises(PersistableError, match=r"'a'.*536,870,913 bytes"):
            dump()
    assert stash.load_entry("a") == b"old"


def test_uses_no_keys_command(start_redis: Callable[..., RedisServer]) -> None:
    with closing(RedisStash[int](start_redis("--rename-command", "KEYS", "").url)) as s:
        s["a"] = 1
        assert list(s.keys()) == ["a"]
        assert dict(s) == {"a": 1}
        assert len(s) == 1
        s.clear()
        assert len(s) == 0


def test_needs_no_dangerous_command(start_redis: Callable[..., RedisServer]) -> None:
    server = start_redis()
    with redis.Redis.from_url(server.url, protocol=2) as client:
        client.execute_command(
            *("ACL", "SETUSER", "ann", "on", ">pw", "+@all", "-@dangerous"),
            *("~ours:*", "~ours%*"),
        )
    url = f"redis://ann:pw@127.0.0.1:{server.port}/0"
    with closing(RedisStash[int](url, namespace="ours")) as stash:
        stash["a"] = 1
        stash.dump_many([("b", 2)])
        with stash.lock("a"):
            assert sorted(stash) == [("a", 1), ("b", 2)]
        stash.clear()
        assert len(stash) == 0
    with closing(RedisStash[int](url, namespace="theirs")) as stash:
        with pytest.raises(StoreUnavailableError, match="access control list") as error:
            stash["a"] = 1
        assert "pw" not in str(error.value)


def test_server_removes_what_has_expired(redis_url: str) -> None:
    stash: Any = open_stash(f"{redis_url}&ttl=3600")
    assert type(stash) is RedisStash
    with closing(stash), raw(stash) as client:
        stash["a"] = 1
        stash.dump_many([("b", 2), ("c", 3)])
        stash.dump_entry("d", stash.load_entry("a"))
        for key in "abcd":
            left: Any = client.pttl(prefix(stash) + key.encode())
            assert 3_500_000 < left <= 3_600_000
        client.pexpireat(prefix(stash) + b"a", 1)
        assert not stash.exists("a")
        assert stash.get("a", "expired") == "expired"
        assert sorted(stash.keys()) == ["b", "c", "d"]
        stash["b"] = 4
        assert client.pttl(prefix(stash) + b"b") > 3_500_000  # type: ignore[operator]
        stash.ttl = None
        stash["b"] = 5
        stash.dump_many([("c", 6)])
        assert client.pttl(prefix(stash) + b"b") == -1
        assert client.pttl(prefix(stash) + b"c") == -1


def test_shortest_time_to_live(redis_url: str) -> None:
    stash: Any = open_stash(f"{redis_url}&ttl=0.0001")
    with closing(stash):
        stash["a"] = 1
        stash.dump_many([("b", 1)])


@pytest.mark.parametrize("ttl", [0, -1, float("inf"), float("nan")])
def test_wrong_time_to_live(ttl: float) -> None:
    with pytest.raises(PersistableError, match="must be positive seconds"):
        RedisStash(ttl=ttl)


@pytest.mark.parametrize("namespace", ["\n", "\x00", "\ud800"])
def test_wrong_namespace(namespace: str) -> None:
    with pytest.raises(PersistableError, match="printable"):
        RedisStash(namespace=namespace)


NOBODY = "redis://ann:secret@127.0.0.1:1/3"


def test_connects_only_when_used() -> None:
    stash = RedisStash[int](NOBODY, namespace="a b")
    assert pickle.loads(pickle.dumps(stash)) == stash
    stash.lock("a")
    stash.keys()
    stash.close()
    stash.close()
    with pytest.raises(StoreUnavailableError):
        stash.load("a")


@pytest.mark.parametrize(
    "use",
    [
        lambda stash: stash.load("a"),
        lambda stash: stash.get("a"),
        lambda stash: stash.exists("a"),
        lambda stash: stash.dump("a", 1),
        lambda stash: stash.delete("a"),
        lambda stash: stash.clear(),
        lambda stash: len(stash),
        lambda stash: list(stash.keys()),
        lambda stash: list(stash),
        lambda stash: list(stash.load_many(["a"])),
        lambda stash: stash.dump_many([("a", 1)]),
        lambda stash: stash.delete_many(["a"]),
        lambda stash: stash.lock("a").__enter__(),
    ],
)
def test_nobody_there(use: Callable[[RedisStash[int]], Any]) -> None:
    with pytest.raises(
        StoreUnavailableError, match=r"ann:\*\*\*@127.0.0.1:1/3"
    ) as error:
        use(RedisStash(NOBODY))
    assert "secret" not in str(error.value)


def test_shows_no_password() -> None:
    stash = RedisStash[int](NOBODY, namespace="a b", timeout=2.5)
    for text in repr(stash), str(stash.url), repr(stash.url):
        assert "secret" not in text
        assert "redis://ann:***@127.0.0.1:1/3?namespace=a%20b&timeout=2.5" in text


@pytest.mark.parametrize(
    "stash",
    [
        RedisStash[int](),
        RedisStash[int](NOBODY, namespace="", ttl=0.5, timeout=3),
        RedisStash[int](NOBODY, namespace="a&b=c%:?", codec=JsonCodec()),
        RedisStash[int]("rediss://[::1]:1?ssl_cert_reqs=none&ssl_ca_certs=%2Fa%20b"),
    ],
)
def test_url_gives_it_back(stash: RedisStash[int]) -> None:
    again: Any = open_stash(stash.url)
    assert again.url == stash.url
    assert (again.namespace, again.ttl, again.timeout) == (
        stash.namespace,
        stash.ttl,
        stash.timeout,
    )
    assert StashURL.parse(again.address) == StashURL.parse(stash.address)
    assert type(again.codec) is type(stash.codec)


def test_stash_without_url() -> None:
    class Special(RedisStash[int]):
        pass

    with pytest.raises(PersistableError, match="has no URL"):
        _ = Special().url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://h?nmespace=a", "unknown option 'nmespace'; allowed: .*namespace"),
        ("redis://h?timeout=0", "'0' of option 'timeout': give a number"),
        ("redis://h?timeout=x", "value 'x' of option 'timeout'"),
        ("redis://h?ttl=0", "'ttl' is '0'"),
        ("redis://h?ssl_cert_reqs=none", "only rediss URLs use TLS"),
        ("rediss://h?ssl_cert_reqs=no", "'no' of option 'ssl_cert_reqs': use one of"),
        ("redis://u:secret@h/data", "database 'data'"),
        ("redis:h", "no host"),
        ("redis://u:sec/ret@h/0", "percent-encode"),
        ("redis://u:secret@h:port/0", "host or port can't be read"),
    ],
)
def test_wrong_urls(url: str, reason: str) -> None:
    with pytest.raises(PersistableError, match=reason) as error:
        open_stash(url)
    assert "Wrong stash URL 'redis" in str(error.value)
    assert "sec/ret" not in str(error.value)
    assert "secret" not in str(error.value)


def test_use_after_close(stash: RedisStash[int], client: redis.Redis) -> None:
    stash["a"] = 1
    own = str(stash._client.call(lambda client: client.client_id()))

    def is_connected() -> bool:
        found: Any = client.client_list()
        return own in {one["id"] for one in found}

    assert is_connected()
    stash.close()
    stash.close()
    # The server notices when it comes to it.
    assert await_that(lambda: not is_connected())
    assert stash["a"] == 1


def test_threads_have_their_own_connections(stash: RedisStash[int]) -> None:
    with ThreadPoolExecutor(16) as executor:
        list(executor.map(lambda n: stash.dump(str(n), n), range(400)))
        stash.close()
        found = executor.map(lambda n: stash.load(str(n)), range(400))
        assert list(found) == list(range(400))


FORK = """
import os, sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
stash["a"] = 1
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        for number in range(200):
            key = f"{child}-{number}"
            stash[key] = number
            assert stash[key] == number
        os._exit(0)
    children.append(pid)
for number in range(200):
    assert stash["a"] == 1
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
assert len(stash) == 801
with stash.lock("a"):
    pid = os.fork()
    if pid == 0:
        try:
            with stash.lock("a", timeout=0):
                os._exit(1)
        except TimeoutError as e:
            assert f"process {os.getppid()} of" in str(e)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
with stash.lock("a"):
    pid = os.fork()
    if pid != 0:
        assert os.waitpid(pid, 0)[1] == 0
        name = f"{stash.namespace}%lock:a"
        assert stash._client.call(lambda client: client.exists(name))
"""


def run_python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_fork(redis_url: str) -> None:
    run_python(FORK, redis_url)


def test_missing_driver() -> None:
    out = run_python(
        "import sys\n"
        "sys.modules['redis'] = None\n"
        "from zensols.persist.domain import open_stash\n"
        "from zensols.persist.error import PersistableError\n"
        "stash = open_stash('redis://ann:secret@localhost')\n"
        "try:\n"
        "    stash.load('a')\n"
        "except PersistableError as e:\n"
        "    print(e)\n"
    )
    assert 'pip install "zensols.persist[redis]"' in out
    assert "secret" not in out


def test_importing_loads_no_driver() -> None:
    out = run_python(
        "import sys\n"
        "import zensols.persist.stash.redis\n"
        "print('redis' in sys.modules)\n"
    )
    assert out.strip() == "False"


def test_listing_keys_takes_little_memory(
    start_redis: Callable[..., RedisServer],
) -> None:
    server = start_redis("--enable-debug-command", "local")
    with closing(RedisStash[int](server.url)) as stash, raw(stash) as client:
        client.execute_command("DEBUG", "POPULATE", 200_000, "stash", 10)
        next(iter(stash.keys()))
        tracemalloc.start()
        try:
            assert len(stash) == 200_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 12e6


def test_factory_runs_once(redis_url: str) -> None:
    code = """
import os, sys
from zensols.persist.domain import FactoryStash, ReadOnlyStash, open_stash
class Counted(ReadOnlyStash):
    def load(self, name):
        store._client.call(lambda client: client.incr(f"{store.namespace}%calls"))
        return [name] * 1000
    def keys(self):
        return map(str, range(20))
store = open_stash(sys.argv[1])
stash = FactoryStash(store, Counted(), once=True)
sys.stdin.read(1)
for name in stash.factory.keys():
    assert stash[name] == [name] * 1000
"""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, redis_url],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        for _ in range(3)
    ]
    for child in children:
        child.communicate(b"x")
        assert child.returncode == 0
    stash: Any = open_stash(redis_url)
    with closing(stash), raw(stash) as client:
        assert client.get(f"{stash.namespace}%calls") == b"20"
        assert len(stash) == 20


def test_two_threads_compute_once(redis_url: str) -> None:
    from zensols.persist.domain import FactoryStash

    calls: list[str] = []

    class Counted(ReadOnlyStash[int]):
        def load(self, name: str) -> int:
            calls.append(name)
            return 1

        def keys(self) -> Iterable[str]:
            return ["a"]

    store: Any = open_stash(redis_url)
    stash = FactoryStash[int](store, Counted())
    with closing(store), ThreadPoolExecutor(8) as executor:
        assert list(executor.map(stash.load, ["a"] * 32)) == [1] * 32
    assert calls == ["a"]


def test_beside_is_a_namespace(stash: RedisStash[Any], client: redis.Redis) -> None:
    beside: Any = stash.beside("notes")
    with closing(beside):
        beside["a"] = {"done": True}
        assert client.exists(f"{stash.namespace}.beside.notes:a")
        assert beside.entry_info("a").codec == "json"
        stash["b"] = 1
        assert client.exists(f"{stash.namespace}.beside.notes:b") == 0


def test_beside_lives_as_long(redis_url: str, client: redis.Redis) -> None:
    stash: Any = open_stash(f"{redis_url}&ttl=3600&timeout=30")
    beside = stash.beside("notes")
    with closing(stash), closing(beside):
        beside["a"] = 1
        name = f"{stash.namespace}.beside.notes:a"
        assert 0 < client.pttl(name) <= 3_600_000  # type: ignore[operator]
        assert beside.timeout == 30


def test_reach() -> None:
    assert RedisStash("redis://localhost/0").reach is Reach.MACHINE
    assert RedisStash("redis://db.example.org/0").reach is Reach.NETWORK
