"""A MongoDB server for the tests: SecantusDB, which speaks its protocol."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymongo
import pytest
from pymongo.errors import PyMongoError
from server import PYTHON, Server, environment_url


class MongoServer(Server):
    """Use :attr:`url` with the name of a database appended."""

    def __init__(self, folder: Path, *options: str) -> None:
        """
        :param folder: where the data is, and the log

        :param options: more of the command line

        """
        super().__init__(folder)
        self.arguments = options

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    def command(self) -> Sequence[str]:
        return [
            str(Path(PYTHON).parent / "secantusd-py"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--storage-path", str(self.folder / "data")),
            # Without it, acknowledged writes are lost with the process.
            "--sync-on-commit",
            "--standalone",
            *self.arguments,
        ]

    def is_ready(self) -> bool:
        with socket.socket() as visitor:
            # The driver would wait for half a second before it asks again.
            if visitor.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        with connect_mongo(self.url, seconds=1) as client:
            try:
                client.admin.command("ping")
            except PyMongoError:
                return False
        return True

    def stop(self) -> None:
        # Asked to stop, it waits for two seconds; what it acknowledged is safe anyway.
        self.kill()


def connect_mongo(url: str, seconds: int = 60) -> Any:
    """Return a client, to be closed by the caller.

    :param url: of the server

    :param seconds: after how many it gives up

    """
    limit = 1000 * seconds
    return pymongo.MongoClient(
        url, serverSelectionTimeoutMS=limit, connectTimeoutMS=limit, timeoutMS=limit
    )


@pytest.fixture(scope="session")
def mongo_server_url() -> Iterator[str]:
    """The URL of a server that all tests share, ending in a slash."""
    if (url := environment_url("mongo")) is not None:
        yield url.rstrip("/") + "/"
        return
    with (
        tempfile.TemporaryDirectory(prefix="zensols-persist-mongo-") as folder,
        MongoServer(Path(folder)) as server,
    ):
        yield server.url


@pytest.fixture
def mongo_url(mongo_server_url: str) -> Iterator[str]:
    """The URL of a database that only this test uses."""
    name = f"test_{uuid4().hex}"
    yield f"{mongo_server_url}{name}"
    with connect_mongo(mongo_server_url) as client:
        client.drop_database(name)


@pytest.fixture
def own_mongo_server(tmp_path: Path) -> Iterator[MongoServer]:
    """A running server that the test may kill."""
    server = MongoServer(tmp_path)
    server.start()
    yield server
    # It takes seconds to stop, and nobody needs its data any more.
    server.kill()
