from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from postgres_databases import with_database
from server_postgres import GUARDED, PASSWORD

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.stash.postgresconnection import PostgresServer

CHECK = "check that it runs, host, port, database, user and password"


def test_connects(postgres_url: str) -> None:
    with PostgresServer(postgres_url, 10).connect() as connection:
        assert connection.autocommit
        row = connection.execute("SHOW application_name").fetchone()
        assert row is not None
        assert re.fullmatch(r"process \d+ of .+", row[0])


def test_own_settings_count(postgres_url: str) -> None:
    url = f"{postgres_url}?application_name=mine&connect_timeout=7"
    server = PostgresServer(url, 10)
    assert {*server.settings()} == {"autocommit", "client_encoding"}
    with server.connect() as connection:
        assert connection.info.get_parameters()["application_name"] == "mine"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:s3cret@h:port/d",
        "postgresql://ann:s3/cret@h/d",
        "postgresql://ann:s3@cret@h/d",
        "postgresql://ann:s3%zzcret@h/d",
        "postgresql://ann:s3cret@[::1/d",
        "postgresql://h/d?password=s3cret&ssl=%00",
        "postgresql://ann:s3cret@h/d?nothing=1",
    ],
)
def test_wrong_address(address: str) -> None:
    with pytest.raises(PersistableError, match=r"Wrong stash URL .*: ") as info:
        PostgresServer(address, 10).connect()
    assert "s3" not in str(info.value)
    assert "cret" not in str(info.value)
    assert info.value.__suppress_context__ or info.value.__context__ is None


@pytest.mark.parametrize("address", ["postgresql:d", "redis://h", "host=h dbname=d"])
def test_other_address(address: str) -> None:
    with pytest.raises(PersistableError, match="URL"):
        PostgresServer(address, 10)


def test_wrong_password(postgres_guarded_url: str) -> None:
    PostgresServer(postgres_guarded_url, 10).connect().close()
    url = re.sub(r":[^:@]+@", ":s3cret@", postgres_guarded_url, count=1)
    with pytest.raises(StoreUnavailableError, match=CHECK) as info:
        PostgresServer(url, 10).connect()
    assert "password authentication failed" in str(info.value)
    assert "s3cret" not in f"{info.value}{info.value.__cause__}"
    assert f"{GUARDED}:***@" in str(info.value)
    assert PASSWORD not in str(info.value)


def test_wrong_database(postgres_url: str) -> None:
    with pytest.raises(StoreUnavailableError, match=CHECK) as info:
        PostgresServer(with_database(postgres_url, "nowhere"), 10).connect()
    assert '"nowhere" does not exist' in str(info.value)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
def test_wrong_host(host: str) -> None:
    with pytest.raises(StoreUnavailableError, match=CHECK):
        PostgresServer(f"postgresql://ann:s3cret@{host}/d", 10).connect()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """One where connections are taken and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_no_answer_to_a_connection(silent_port: int) -> None:
    begin = time.monotonic()
    with pytest.raises(StoreUnavailableError, match="longer timeout"):
        PostgresServer(f"postgresql://ann@127.0.0.1:{silent_port}/d", 2).connect()
    assert time.monotonic() - begin < 100


def test_no_answer_to_a_statement(postgres_url: str) -> None:
    # Time enough for connecting.
    server = PostgresServer(postgres_url, 2)
    connection = server.connect()
    with pytest.raises(psycopg.OperationalError, match="no answer within"):
        connection.execute("SELECT pg_sleep(100)")
    assert connection.closed


def test_long_answer_is_not_late(postgres_url: str) -> None:
    """As long as something comes."""
    with PostgresServer(postgres_url, 2).connect() as connection:
        total = 0
        query = "SELECT repeat('x', 100000), pg_sleep(0.1) FROM generate_series(1, 25)"
        for text, _ in connection.cursor().stream(query):
            total += len(text)
    assert total == 2_500_000
