from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from server_redis import RedisServer

from zensols.persist.domain import open_stash
from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.stash.redis import RedisStash
from zensols.persist.stash.redisclient import RedisClient


@pytest.fixture
def client(redis_server_url: str) -> Iterator[RedisClient]:
    client = RedisClient(redis_server_url, timeout=30)
    yield client
    client.close()


def client_id(client: RedisClient) -> int:
    found: int = client.call(lambda redis: redis.client_id())
    return found


def test_keeps_its_connection(client: RedisClient) -> None:
    assert client_id(client) == client_id(client)


def test_connects_again_after_the_connection_was_dropped(
    client: RedisClient, redis_server_url: str
) -> None:
    first = client_id(client)
    with redis.Redis.from_url(redis_server_url, protocol=2) as other:
        other.client_kill_filter(_id=str(first))
    assert client_id(client) > first


class Dropping(socketserver.ThreadingTCPServer):
    """Passes on what a Redis server is told, but drops connections in which a
    certain command comes, before or after it was carried out.
    """

    daemon_threads = True

    def __init__(self, port: int, command: bytes, times: int, after: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = port
        self.command = command
        self.times = times
        self.after = after
        self.seen = 0


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        with socket.create_connection(("127.0.0.1", server.port)) as upstream:
            while data := self.request.recv(1 << 16):
                drops = False
                if server.command in data:
                    server.seen += 1
                    drops = server.seen <= server.times
                if drops and not server.after:
                    return
                upstream.sendall(data)
                answer = upstream.recv(1 << 16)
                if drops:
                    return
                self.request.sendall(answer)


@pytest.fixture
def start_dropping(redis_server_url: str) -> Iterator[Callable[..., Dropping]]:
    port = urlsplit(redis_server_url).port
    servers: list[Dropping] = []

    def start(
        command: bytes, times: int, after: bool, tls: ssl.SSLContext | None = None
    ) -> Dropping:
        server = Dropping(port or 6379, command, times, after)
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("after", [False, True])
def test_sends_a_command_again_once(
    start_dropping: Callable[..., Dropping], redis_url: str, after: bool
) -> None:
    server = start_dropping(b"\r\nSET\r\n", 1, after)
    _, _, namespace = redis_url.partition("?namespace=")
    address = f"redis://127.0.0.1:{server.server_address[1]}/0"
    stash = RedisStash[int](address, namespace=namespace)
    stash["a"] = 1
    assert server.seen == 2
    assert stash["a"] == 1
    stash.close()


def test_does_not_send_it_a_third_time(
    start_dropping: Callable[..., Dropping], redis_url: str
) -> None:
    server = start_dropping(b"\r\nSET\r\n", 9, False)
    _, _, namespace = redis_url.partition("?namespace=")
    address = f"redis://127.0.0.1:{server.server_address[1]}/0"
    stash = RedisStash[int](address, namespace=namespace)
    with pytest.raises(StoreUnavailableError):
        stash["a"] = 1
    assert server.seen == 2
    assert not stash.exists("a")
    stash.close()


def test_lock_is_had_though_its_reply_was_lost(
    start_dropping: Callable[..., Dropping], redis_url: str
) -> None:
    server = start_dropping(b"EVAL", 1, True)
    _, _, namespace = redis_url.partition("?namespace=")
    address = f"redis://127.0.0.1:{server.server_address[1]}/0"
    stash = RedisStash[int](address, namespace=namespace)
    with stash.lock("a", timeout=0):
        assert server.seen == 2
    stash.close()


@pytest.mark.parametrize(
    ("user", "database", "check"),
    [
        ("ann:wrong", "0", "check the user and the password"),
        ("bob:secret", "0", "check the user and the password"),
        ("", "0", "check the user and the password"),
        ("ann:secret", "99", "check the number of the database"),
    ],
)
def test_refused(
    start_redis: Callable[..., RedisServer], user: str, database: str, check: str
) -> None:
    acl = "--user ann on >secret ~* +@all --user default off"
    server = start_redis(*acl.split())
    place = f"127.0.0.1:{server.port}"
    good = RedisClient(f"redis://ann:secret@{place}/0", timeout=30)
    assert good.call(lambda redis: redis.ping())
    good.close()
    client = RedisClient(f"redis://{user}@{place}/{database}", timeout=30)
    with pytest.raises(StoreUnavailableError, match=check) as error:
        client.call(lambda redis: redis.get("a"))
    assert "secret" not in str(error.value)
    assert "wrong" not in str(error.value)
    assert place in str(error.value)


def test_password_with_special_characters(
    start_redis: Callable[..., RedisServer],
) -> None:
    server = start_redis("--requirepass", "p@ss/w:rd?#%")
    address = f"redis://:p%40ss%2Fw%3Ard%3F%23%25@127.0.0.1:{server.port}/0"
    client = RedisClient(address, timeout=30)
    assert client.call(lambda redis: redis.ping())
    assert "p%40ss" not in repr(client)
    client.close()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1:1"])
def test_nobody_there(host: str) -> None:
    client = RedisClient(f"redis://:secret@{host}", timeout=5)
    with pytest.raises(StoreUnavailableError, match="check that it runs") as error:
        client.call(lambda redis: redis.ping())
    assert host in str(error.value)
    assert "secret" not in str(error.value)


def test_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client = RedisClient(f"redis://127.0.0.1:{port}", timeout=0.2)
        begin = time.monotonic()
        with pytest.raises(StoreUnavailableError, match=r"within 0\.2 seconds"):
            client.call(lambda redis: redis.ping())
        assert time.monotonic() - begin < 60


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_wrong_timeout(timeout: float) -> None:
    with pytest.raises(PersistableError, match=r"timeout is .*: give a number"):
        RedisClient("redis://localhost", timeout)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("localhost:6379", "scheme 'localhost'"),
        ("http://localhost", "scheme 'http'"),
        ("6379", "No scheme"),
        ("redis://", "no host"),
        ("redis://h/x", "database 'x'"),
        ("redis://h/0/1", "database '0/1'"),
        ("redis://h/-1", "database '-1'"),
        ("redis://h:99999/", "host or port"),
        ("redis://[::1/0", "host or port"),
        ("redis://h?namespace=a", "'namespace' is no part of a server's address"),
        ("redis://h?ssl_keyfile=a", "only rediss URLs use TLS"),
        ("rediss://h?ssl_cert_reqs=a", "'a' of option 'ssl_cert_reqs': use one of"),
    ],
)
def test_wrong_address(address: str, reason: str) -> None:
    with pytest.raises(PersistableError, match=reason):
        RedisClient(address, 1)


def test_closing_twice(client: RedisClient) -> None:
    first = client_id(client)
    client.close()
    client.close()
    assert client_id(client) > first


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """The certificate of a server at 127.0.0.1, signed with the key beside it."""
    certificate = tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", tmp_path / "key.pem", "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate")
def test_tls(start_dropping: Callable[..., Dropping], certificate: Path) -> None:
    # The server that the tests start has no TLS of its own.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server = start_dropping(b"none", 0, False, context)
    url = f"rediss://127.0.0.1:{server.server_address[1]}/0"
    stash: Any = open_stash(f"{url}?ssl_ca_certs={certificate}&namespace=test-tls")
    stash["a"] = 1
    again = open_stash(stash.url)
    assert dict(again) == {"a": 1}
    stash.clear()
    stash.close()
    again.close()  # type: ignore[attr-defined]
    # Nobody vouches for it.
    client = RedisClient(url, timeout=30)
    with pytest.raises(StoreUnavailableError, match="certificate"):
        client.call(lambda redis: redis.ping())
