from __future__ import annotations

import pytest

from zensols.persist.domain import Reach
from zensols.persist.error import PersistableError
from zensols.persist.stash.server import server_reach


@pytest.mark.parametrize(
    "address",
    [
        "redis://localhost:6379/0",
        "redis://LOCALHOST",
        "redis://ann:s%40cret@127.0.0.1:6379/0",
        "rediss://127.1.2.3",
        "redis://[::1]:6379/0",
        "http://localhost:9000",
        "postgresql:///data",
        "postgresql://",
        "postgresql://:5432/data",
        "postgresql://%2Frun%2Fpostgresql/data",
        "postgresql:///data?host=/run/postgresql",
        "postgresql://db.example.org/data?host=localhost",
        "postgresql:///data?hostaddr=::1",
        "postgresql://db.example.org/data?hostaddr=127.0.0.1",
        "mongodb://%2Ftmp%2Fmongodb-27017.sock/data",
        "mongodb://db.example.org:27017,localhost:27018/data",
    ],
)
def test_server_of_this_machine(address: str) -> None:
    assert server_reach(address) is Reach.MACHINE


@pytest.mark.parametrize(
    "address",
    [
        "redis://db.example.org:6379/0",
        "redis://localhost:secret@db.example.org",
        "redis://localhost.example.org",
        "redis://10.0.0.1",
        "redis://[2001:db8::1]:6379/0",
        "postgresql:///data?host=db.example.org",
        "postgresql://localhost/data?hostaddr=10.0.0.1&host=localhost",
        "mongodb://ann:secret@db1.example.org:27017,db2.example.org/data",
        "mongodb+srv://db.example.org/data",
    ],
)
def test_server_for_all(address: str) -> None:
    assert server_reach(address) is Reach.NETWORK


def test_no_url() -> None:
    with pytest.raises(PersistableError, match="No scheme"):
        server_reach("db.example.org")
