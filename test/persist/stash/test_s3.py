from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from server_s3 import S3Server, s3_client

from zensols.persist.domain import open_stash
from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.stash.s3 import S3Folder

USES: dict[str, Callable[[Any], Any]] = {
    "load": lambda stash: stash.load("a"),
    "exists": lambda stash: stash.exists("a"),
    "keys": lambda stash: list(stash.keys()),
    "dump": lambda stash: stash.dump("a", 1),
    "delete": lambda stash: stash.delete("a"),
    "delete_many": lambda stash: stash.delete_many(["a", "b"]),
    "dump_many": lambda stash: stash.dump_many([("a", 1)]),
    "lock": lambda stash: stash.lock("a").__enter__(),
    "entry_info": lambda stash: stash.entry_info("a"),
}


@pytest.mark.parametrize("use", USES)
def test_missing_bucket_is_named(
    s3_endpoint: str, s3_environment: None, use: str
) -> None:
    stash = open_stash(f"s3://nosuchbucket/a?endpoint_url={s3_endpoint}")
    with pytest.raises(StoreUnavailableError) as info:
        USES[use](stash)
    assert "no bucket 'nosuchbucket'" in str(info.value)
    assert s3_endpoint in str(info.value)
    stash.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("use", USES)
def test_wrong_endpoint_is_named(s3_environment: None, use: str) -> None:
    stash = open_stash("s3://bucket/a?endpoint_url=http://127.0.0.1:1&timeout=5")
    with pytest.raises(StoreUnavailableError) as info:
        USES[use](stash)
    assert "s3://bucket/a of http://127.0.0.1:1: " in str(info.value)
    stash.close()  # type: ignore[attr-defined]


def test_wrong_credentials_are_no_secret(
    start_s3: Callable[..., S3Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_s3(INITIAL_NO_AUTH_ACTION_COUNT="1")
    s3_client(server.endpoint).create_bucket(Bucket="bucket")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    stash: Any = open_stash(f"s3://bucket/a?endpoint_url={server.endpoint}&timeout=30")
    for use in "load", "exists", "keys", "dump", "delete":
        with pytest.raises(StoreUnavailableError, match="credentials") as info:
            USES[use](stash)
        assert "hidden" not in str(info.value)
    stash.close()


def test_no_credentials(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    stash: Any = open_stash(f"s3://bucket/a?endpoint_url={s3_endpoint}")
    with pytest.raises(StoreUnavailableError, match=r"NoCredentials.*environment"):
        stash.load("a")
    stash.close()


def test_absent_is_no_missing_bucket(s3_url: str) -> None:
    stash: Any = open_stash(s3_url)
    assert stash.load("a") is None
    assert not stash.exists("a")
    assert stash.entry_info("a") is None
    assert list(stash.load_entries(["a"])) == []
    stash.delete("a")
    stash.close()


def test_write_is_one_put_and_exists_one_head(
    s3_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    stash: Any = open_stash(s3_url)
    stash["a"] = 1
    with caplog.at_level(logging.DEBUG, "s3fs"):
        stash["b"] = bytes(20 << 20)
        assert stash.exists("b")
        assert not stash.exists("c")
        assert stash["a"] == 1
        stash.delete_many(["a", "b", "c"])
    calls = [text.split()[1] for text in caplog.messages if text.startswith("CALL")]
    assert calls == [
        *("put_object", "head_object", "head_object", "get_object", "delete_objects"),
    ]
    stash.close()


def test_keys_that_a_request_for_many_cannot_have(s3_url: str) -> None:
    stash: Any = open_stash(s3_url)
    keys = ["\uffff", "a\ufffe", "b", "c", "<d>", "&"]
    stash.dump_many((key, 1) for key in keys)
    assert sorted(stash.keys()) == sorted(keys)
    stash.delete_many(keys)
    assert list(stash.keys()) == []
    stash.close()


def test_bucket_s_root(s3_url: str) -> None:
    url = urlsplit(s3_url)
    stash: Any = open_stash(f"s3://{url.netloc}?{url.query}")
    stash["a"] = 1
    with stash.lock("a"):
        assert dict(stash) == {"a": 1}
    assert S3Folder("s3://b", {}, 1.0, 1.0).prefix == "b/"
    stash.close()


def test_killed_server_is_unavailable(start_s3: Callable[..., S3Server]) -> None:
    server = start_s3()
    s3_client(server.endpoint).create_bucket(Bucket="bucket")
    stash: Any = open_stash(f"s3://bucket/a?endpoint_url={server.endpoint}&timeout=30")
    stash["a"] = 1
    server.kill()
    for use in USES.values():
        with pytest.raises(StoreUnavailableError):
            use(stash)
    server.start()
    s3_client(server.endpoint).create_bucket(Bucket="bucket")
    stash["a"] = 2
    assert stash["a"] == 2
    stash.close()


def test_server_that_ignores_conditions_is_refused(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stash: Any = open_stash(s3_url)
    folder = stash._folder
    call = folder.call

    def ignorant(method: str, key: str, **arguments: Any) -> Any:
        arguments.pop("IfNoneMatch", None)
        arguments.pop("IfMatch", None)
        return call(method, key, **arguments)

    monkeypatch.setattr(folder, "call", ignorant)
    with pytest.raises(PersistableError, match="doesn't know conditional writes"):
        stash.lock("a").__enter__()
    assert not isinstance(stash, StoreUnavailableError)
    stash.close()
