from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.domain import Reach
from zensols.persist.error import PersistableError
from zensols.persist.stash.address import (
    address_reach,
    beside_address,
    check_address,
)


@pytest.mark.parametrize(
    "address",
    ["s3://bucket/prefix", "file:///data/me@home", "memory://", "simplecache::s3://b"],
)
def test_address(address: str) -> None:
    check_address(object(), address)


@pytest.mark.parametrize("address", ["data", "://data", "s3:bucket", None, 1])
def test_no_address(address: Any) -> None:
    with pytest.raises(PersistableError, match="as the address of object but got"):
        check_address(object(), address)


def test_credentials() -> None:
    with pytest.raises(PersistableError, match=r"s3://\*\*\*@bucket: leave") as e:
        check_address(object(), "s3://ann:secret@bucket/prefix")
    assert "secret" not in str(e.value)


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL":
        monkeypatch.delenv(name, raising=False)


LOCAL_SERVER = "http://127.0.0.1:9000"
REMOTE_SERVER = "https://minio.example.org"


@pytest.mark.parametrize(
    ("address", "options", "expected"),
    [
        ("file:///data", {}, Reach.MACHINE),
        ("local:///data", {}, Reach.MACHINE),
        ("s3://bucket", {}, Reach.NETWORK),
        ("s3a://bucket", {}, Reach.NETWORK),
        ("gs://bucket", {}, Reach.NETWORK),
        ("s3://bucket", {"endpoint_url": REMOTE_SERVER}, Reach.NETWORK),
        ("s3://bucket", {"endpoint_url": LOCAL_SERVER}, Reach.MACHINE),
        ("gs://bucket", {"endpoint_url": LOCAL_SERVER}, Reach.MACHINE),
        (
            "s3://bucket",
            {"client_kwargs": {"endpoint_url": LOCAL_SERVER}},
            Reach.MACHINE,
        ),
        ("memory://data", {}, Reach.PROCESS),
        ("simplecache::s3://bucket", {}, Reach.PROCESS),
    ],
)
def test_reach(address: str, options: dict[str, Any], expected: Reach) -> None:
    assert address_reach(address, options) is expected


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
def test_endpoint_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, LOCAL_SERVER)
    assert address_reach("s3://bucket", {}) is Reach.MACHINE
    assert address_reach("s3://bucket", {"endpoint_url": REMOTE_SERVER}) > Reach.MACHINE


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("s3://bucket/a/b", "s3://bucket/a/.b.beside/notes"),
        ("s3://bucket/a/", "s3://bucket/.a.beside/notes"),
        ("s3://bucket", "s3://bucket/..beside/notes"),
        ("s3://bucket/", "s3://bucket/..beside/notes"),
        ("file:///data", "file:///.data.beside/notes"),
        ("file:///a/b", "file:///a/.b.beside/notes"),
        ("memory://a/b", "memory://a/.b.beside/notes"),
        ("simplecache::s3://bucket/a", None),
    ],
)
def test_beside(address: str, expected: str | None) -> None:
    assert beside_address(address, "notes") == expected


def test_each_has_its_own() -> None:
    made = {
        beside_address("s3://bucket/a", *parts)
        for parts in (("a",), ("b",), ("a", "{name}"), ("a", "x-{name}"))
    }
    assert len(made) == 4
