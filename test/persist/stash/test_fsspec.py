from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import strategies as st
from server_s3 import s3_client

import zensols.persist
from zensols.persist.codec import (
    JsonCodec,
    default_codec,
    dump_file,
    file_info,
    load_file,
    read_info,
)
from zensols.persist.domain import Stash, StashURL, open_stash
from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.missing import MISSING
from zensols.persist.stash.fsspec import FsspecStash
from zensols.persist.testing import StashContract
from zensols.persist.testing.worker import is_locked

ROOT = Path(zensols.persist.__file__).parents[2]

_numbers = itertools.count()


class TestInMemory(StashContract):
    """In fsspec's own memory, which is that of the process."""

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return FsspecStash(f"memory://test/{next(_numbers)}")

    def reopen(self, stash: Any) -> Stash[Any]:
        return FsspecStash(stash.address)


class TestLocal(StashContract):
    processes = True
    large = True

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return FsspecStash(f"file://{tmp_path}/data")

    def reopen(self, stash: Any) -> Stash[Any]:
        return FsspecStash(stash.address)

    def _files(self, stash: Any) -> dict[str | None, str]:
        """Find the files without going by their names."""
        folder = Path(urlsplit(stash.address).path)
        if not folder.exists():
            return {}
        files = [str(path) for path in folder.iterdir()]
        found = {file_info(file).key: file for file in files}
        assert len(found) == len(files)
        return found

    def raw_get(self, stash: Any, key: str) -> Any:
        file = self._files(stash).get(key)
        return MISSING if file is None else load_file(default_codec(), file, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        folder = Path(urlsplit(stash.address).path)
        folder.mkdir(exist_ok=True)
        _, name = stash._place(key)
        dump_file(default_codec(), value, str(folder / name), key)

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return [key for key in self._files(stash) if key is not None]


class TestInS3(StashContract):
    """Looked into with the server's own client."""

    processes = True
    large = True
    many = 100
    examples = 2
    workers = 4

    @pytest.fixture
    def stash(self, s3_url: str) -> Iterator[Stash[Any]]:
        stash = open_stash(s3_url)
        self.client = s3_client(stash.storage_options["endpoint_url"])
        self.seen: dict[str, bytes] = {}
        yield stash
        self.client.close()
        stash.close()

    def reopen(self, stash: Any) -> Stash[Any]:
        return open_stash(stash.url)

    def _objects(self, stash: Any) -> dict[str, bytes]:
        url = urlsplit(stash.address)
        place = {"Bucket": url.netloc, "Prefix": url.path[1:] + "/"}
        found = {}
        for page in self.client.get_paginator("list_objects_v2").paginate(**place):
            for item in page.get("Contents", []):
                data = self.seen.get(item["ETag"])
                if data is None:
                    answer = self.client.get_object(Bucket=url.netloc, Key=item["Key"])
                    data = self.seen[item["ETag"]] = answer["Body"].read()
                found[read_info(data).key] = data
        return found

    def raw_get(self, stash: Any, key: str) -> Any:
        data = self._objects(stash).get(key)
        return MISSING if data is None else default_codec().decode(data, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        url = urlsplit(stash.address)
        _, name = stash._place(key)
        data = bytes(default_codec().encode(value, key))
        self.client.put_object(
            Bucket=url.netloc, Key=f"{url.path[1:]}/{name}", Body=data
        )

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return list(self._objects(stash))

    def key_strategy(self) -> Any:
        return st.sampled_from(["a", "b", "c/d", "*", "", "é" * 200])


def test_nothing_is_opened_before_use(tmp_path: Path) -> None:
    stash = FsspecStash(f"file://{tmp_path}/data")
    assert list(stash.keys()) == []
    assert "a" not in stash
    assert len(stash) == 0
    stash.clear()
    assert not (tmp_path / "data").exists()
    # No server, nor a package for it, is asked.
    open_stash("s3://bucket/a?endpoint_url=http://127.0.0.1:1")
    open_stash("gs://bucket/a?project=b")


def test_folder_is_private_and_has_one_file_a_key(tmp_path: Path) -> None:
    stash = FsspecStash(f"file://{tmp_path}/data")
    stash["a b"] = 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["a b.dat"]
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_pattern(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("")
    (tmp_path / "x-dir.json").mkdir()
    stash = FsspecStash(
        f"file://{tmp_path}", pattern="x-{name}.json", codec=JsonCodec()
    )
    stash["a"] = [1]
    assert list(stash.keys()) == ["a"]
    assert "dir" not in stash
    stash.clear()
    assert sorted(os.listdir(tmp_path)) == ["other.txt", "x-dir.json"]


def test_damaged_entry_of_a_long_key_has_no_key(tmp_path: Path) -> None:
    stash = FsspecStash(f"file://{tmp_path}")
    stash["a" * 1000] = 1
    assert list(stash.keys()) == ["a" * 1000]
    [file] = tmp_path.iterdir()
    file.write_bytes(b"damaged")
    assert list(stash.keys()) == []
    stash.clear()
    assert list(tmp_path.iterdir()) == []


def test_info_of_an_entry_with_a_long_front() -> None:
    stash = FsspecStash("memory://test/front")
    key = "a" * 100_000
    stash[key] = "value"
    info = stash.entry_info(key)
    assert info is not None
    assert (info.key, info.type) == (key, "builtins.str")
    assert list(stash.keys()) == [key]


def test_memory_locks_are_those_of_the_process() -> None:
    with ThreadPoolExecutor(1) as executor, FsspecStash("memory://test/a").lock("k"):
        other = FsspecStash("memory://test/a")
        assert executor.submit(is_locked, other, "k").result()
        assert not executor.submit(is_locked, other, "j").result()
        other = FsspecStash("memory://test/b")
        assert not executor.submit(is_locked, other, "k").result()


def test_file_system_without_locks_says_so() -> None:
    stash = FsspecStash("memory://test/c")
    folder = stash._folder
    folder.address = "ftp://host/folder"
    with pytest.raises(PersistableError, match=r"ftp://host/folder.*has no locks"):
        stash.lock("a")


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("s3://bucket/prefix", None),
        ("s3://bucket", None),
        ("s3://bucket/a%20b/c?endpoint_url=http://127.0.0.1:5000", None),
        ("s3://bucket/p?pattern={name}.json&timeout=2.5&codec=json", None),
        ("gs://bucket/p?project=x", None),
        ("s3://bucket/p?timeout=30&lease=30", "s3://bucket/p"),
    ],
)
def test_url(url: str, same: str | None) -> None:
    stash = open_stash(url)
    assert isinstance(stash, FsspecStash)
    assert stash.url == StashURL.parse(same or url)
    assert open_stash(stash.url).url == stash.url
    assert open_stash(stash.url).address == stash.address  # type: ignore[attr-defined]


def test_url_s_parts_are_used() -> None:
    stash: Any = open_stash(
        "s3://b/a%20b?endpoint_url=http://h:1&timeout=2&pattern={name}"
    )
    assert (stash.address, stash.timeout, stash.pattern) == (
        "s3://b/a b",
        2.0,
        "{name}",
    )
    assert stash.storage_options == {"endpoint_url": "http://h:1"}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3://", "no bucket"),
        ("s3:bucket", "no bucket"),
        ("s3://key:hidden@bucket/a", "credentials can't be set by a URL"),
        (
            "s3://bucket?secret=hidden",
            "unknown option 'secret'; allowed: .*endpoint_url",
        ),
        ("s3://bucket?project=a", "unknown option 'project'"),
        ("s3://bucket?timeout=0", "'0' of option 'timeout'"),
        ("s3://bucket?timeout=soon", "'soon' of option 'timeout'"),
        ("s3://bucket?pattern=a", "'a' of option 'pattern'"),
    ],
)
def test_wrong_url(url: str, reason: str) -> None:
    with pytest.raises(PersistableError, match=reason) as info:
        open_stash(url)
    if "@" in url:
        assert "hidden" not in str(info.value)


def test_secrets_are_in_no_text() -> None:
    stash = FsspecStash("s3://bucket", storage_options={"key": "k", "secret": "hidden"})
    assert "hidden" not in repr(stash)
    with pytest.raises(PersistableError, match=r"no URL.*key, secret") as info:
        stash.url  # noqa: B018
    assert "hidden" not in str(info.value)
    with pytest.raises(PersistableError, match=r"s3://\*\*\*@bucket") as info:
        FsspecStash("s3://key:hidden@bucket")
    assert "hidden" not in str(info.value)
    restored = pickle.loads(pickle.dumps(stash))
    assert restored == stash
    assert restored.storage_options == stash.storage_options


@pytest.mark.parametrize("address", ["file:///data", "memory://data"])
def test_no_url(address: str) -> None:
    with pytest.raises(PersistableError, match="has no URL"):
        FsspecStash(address).url  # noqa: B018


@pytest.mark.parametrize(
    ("address", "options", "reason"),
    [
        ("bucket/prefix", {}, "something like s3://bucket/prefix"),
        ("://bucket", {}, "something like s3://bucket/prefix"),
        ("s3://bucket", {"timeout": 0}, "positive seconds"),
        ("s3://bucket", {"lease": -1}, "positive seconds"),
        ("s3://bucket", {"pattern": "a"}, "placeholders"),
    ],
)
def test_wrong_fields(address: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(PersistableError, match=reason):
        FsspecStash(address, **options)


def test_unknown_file_system_is_named() -> None:
    with pytest.raises(PersistableError, match="nosuch"):
        FsspecStash("nosuch://a").load("a")


@pytest.mark.parametrize(
    ("missing", "address", "extra"),
    [
        ("s3fs", "s3://bucket", "s3"),
        ("gcsfs", "gs://bucket", "gcs"),
        ("fsspec", "file:///data", "s3"),
    ],
)
def test_missing_package_names_the_extra(
    missing: str, address: str, extra: str
) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from zensols.persist.error import PersistableError
from zensols.persist.stash.fsspec import FsspecStash
try:
    FsspecStash({address!r}).load("a")
except PersistableError as e:
    print(e)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"pip install 'zensols.persist[{extra}]'" in done.stdout


def test_delete_needs_a_key() -> None:
    with pytest.raises(PersistableError, match="needs a key"):
        FsspecStash("memory://test/d").delete()


def test_local_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    stash = FsspecStash(f"file://{tmp_path}/file/data")
    with pytest.raises(PersistableError, match="Can't use file://") as info:
        stash["a"] = 1
    assert not isinstance(info.value, StoreUnavailableError)


def test_forked_process_connects_anew(s3_url: str) -> None:
    stash = open_stash(s3_url)
    stash["a"] = 1
    pid = os.fork()
    if pid == 0:
        try:
            stash["b"] = stash["a"] + 1
            with stash.lock("c", timeout=60):
                os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    assert dict(stash) == {"a": 1, "b": 2}
    stash.close()


def test_close_reopens(s3_url: str) -> None:
    stash: Any = open_stash(s3_url)
    stash.close()
    stash["a"] = 1
    stash.close()
    stash.close()
    assert stash["a"] == 1
    stash.close()


def test_listing_pages(s3_url: str) -> None:
    stash: Any = open_stash(s3_url)
    keys = sorted(str(number) for number in range(1100))
    client = s3_client(stash.storage_options["endpoint_url"])
    url = urlsplit(stash.address)
    for key in keys:
        client.put_object(Bucket=url.netloc, Key=f"some/prefix/{key}.dat", Body=b"")
    # Neither what is in a folder below, nor what is beside it.
    for key in "some/prefix/a/b.dat", "some/prefix2/c.dat", "some/prefix.dat":
        client.put_object(Bucket=url.netloc, Key=key, Body=b"")
    assert sorted(stash.keys()) == keys
    assert len(stash) == len(keys)
    stash.clear()
    left = client.list_objects_v2(Bucket=url.netloc)["Contents"]
    assert [item["Key"] for item in left] == [
        "some/prefix.dat",
        "some/prefix/a/b.dat",
        "some/prefix2/c.dat",
    ]
    client.close()
    stash.close()


def test_beside_of_one_folder_with_several_patterns(tmp_path: Path) -> None:
    address = f"file://{tmp_path}/data"
    patterns = ("{name}.dat", "{name}", "x-{name}.dat")
    besides: list[Any] = [
        FsspecStash(address, pattern=pattern).beside("notes") for pattern in patterns
    ]
    assert os.listdir(tmp_path) == []
    for beside, pattern in zip(besides, patterns, strict=True):
        beside["key"] = pattern
    assert [dict(beside) for beside in besides] == [{"key": p} for p in patterns]
    assert os.listdir(tmp_path) == [".data.beside"]


def test_beside_of_a_chain(tmp_path: Path) -> None:
    assert FsspecStash(f"simplecache::file://{tmp_path}/data").beside("notes") is None


def test_beside_is_in_the_same_bucket(s3_url: str) -> None:
    stash: Any = open_stash(f"{s3_url}&timeout=20&lease=7")
    beside = stash.beside("notes")
    whole = FsspecStash[Any](
        stash.address.removesuffix("/some/prefix"),
        storage_options=stash.storage_options,
    )
    other: Any = whole.beside("notes")
    beside["a"] = other["b"] = {"done": True}
    assert (list(stash.keys()), list(whole.keys())) == ([], [])
    client = s3_client(stash.storage_options["endpoint_url"])
    bucket = urlsplit(stash.address).netloc
    names = [o["Key"] for o in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert names == ["..beside/notes/b.dat", "some/.prefix.beside/notes/a.dat"]
    assert (beside.timeout, beside.lease) == (20, 7)
    assert beside.entry_info("a").codec == "json"
    client.close()
    for one in (stash, beside, whole, other):
        one.close()
