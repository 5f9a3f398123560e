from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import persisted
from zensols.persist.codec import (
    BarePickleCodec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
    read_info,
)
from zensols.persist.domain import DelegateStash, Stash, open_stash
from zensols.persist.error import PersistableError
from zensols.persist.stash import (
    DictionaryStash,
    DirectoryStash,
    EncodedStash,
    ExpiringStash,
    IncrementKeyDirectoryStash,
)

URLS = [
    "memory:",
    "memory:?codec=json",
    "memory:?codec=pickle&compress=zlib",
    "dir:data",
    "dir:data?ttl=3600",
    # No round number, but longer than any test takes.
    "dir:data?codec=json&ttl=3600.5",
    "dir:data?pattern={name}.json&codec=json",
    "dir:data?durability=fsync&compress=zstd",
    "dir:data?codec=json&compress=lz4",
    "shelve:data/shelf",
    "shelve:data/shelf?lock_timeout=2.5&codec=json",
    "lmdb:data/store?codec=json",
    "sqlite:data/store.db?table=words",
]


@pytest.mark.parametrize("url", URLS)
def test_opens(url: str, in_tmp: Path) -> None:
    stash = open_stash(url)
    stash["a"] = [1, None, "ü"]
    assert stash["a"] == [1, None, "ü"]
    assert sorted(in_tmp.iterdir()) == ([] if "memory" in url else [in_tmp / "data"])


@pytest.mark.parametrize("url", URLS)
def test_url_gives_it_back(url: str, in_tmp: Path) -> None:
    stash = open_stash(url)
    again = open_stash(stash.url)
    assert again.url == stash.url
    assert type(again) is type(stash)
    if "memory" not in url:
        stash["a"] = [1]
        assert again["a"] == [1]
    assert in_tmp.exists()


@pytest.mark.parametrize("engine", ["mongo", "postgres", "redis", "s3"])
def test_servers(engine: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{engine}_url")
    stash: Any = open_stash(url)
    again: Any = open_stash(stash.url)
    try:
        stash["a"] = [1, None, "ü"]
        assert again["a"] == [1, None, "ü"]
        assert again.url == stash.url
    finally:
        stash.close()
        again.close()


def test_opening_makes_nothing(in_tmp: Path) -> None:
    for url in URLS:
        open_stash(url)
    assert not list(in_tmp.iterdir())


def test_zip(in_tmp: Path) -> None:
    import zipfile

    with zipfile.ZipFile("c.zip", "w") as archive:
        archive.writestr("docs/a.txt", "some text")
    stash = open_stash("zip:c.zip?root=docs&encoding=UTF-8")
    assert dict(stash) == {"a.txt": "some text"}
    assert dict(open_stash(stash.url)) == {"a.txt": "some text"}


def test_absolute_paths(tmp_path: Path) -> None:
    stash = open_stash(f"dir://{tmp_path}/data")
    assert stash == DirectoryStash(tmp_path / "data")
    assert stash.url.reveal() == f"dir://{tmp_path}/data"


def test_codecs(in_tmp: Path) -> None:
    for url, codec, compression in (
        ("dir:data", "pickle", None),
        ("dir:data?codec=json", "json", None),
        ("dir:data?compress=zlib", "pickle", "zlib"),
        ("dir:data?codec=json&compress=lz4", "json", "lz4"),
    ):
        open_stash(url)["a"] = "x" * 1000
        info = read_info((in_tmp / "data" / "a.dat").read_bytes())
        assert (info.codec, info.compression) == (codec, compression)


def test_time_to_live(in_tmp: Path) -> None:
    stash: Any = open_stash("dir:data?ttl=60&codec=json")
    assert isinstance(stash, ExpiringStash)
    now = 0.0
    stash.clock = lambda: now
    stash["a"] = 1
    assert dict(stash) == {"a": 1}
    now = 60.0
    assert dict(stash) == {}


NATIVE = """
from zensols.persist import DictionaryStash
class Store(DictionaryStash):
    native_ttl = True
    @classmethod
    def open_url(cls, url, codec):
        return cls(url.read(ttl=float))
"""


def test_store_that_expires_by_itself_is_given_the_time(plugins: Path) -> None:
    (plugins / "third_party.py").write_text(NATIVE)
    out = run(
        "from zensols.persist.domain import open_stash\n"
        "for url in ('party:x?ttl=2.5&codec=json', 'party:x'):\n"
        "    print(dict(open_stash(url)))",
        plugins,
    )
    assert out.splitlines() == ["{'ttl': 2.5}", "{}"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("dri:data", "unknown scheme 'dri'; known: dir, gs, lmdb, memory, mongodb"),
        ("dir:data?codec=yaml", "unknown codec 'yaml'; allowed: pickle, json"),
        ("dir:data?compress=rar", "'compress': Unknown compression 'rar': use one of"),
        ("dir:data?ttl=soon", "'ttl' is 'soon': give a number of seconds above 0"),
        ("dir:data?ttl=0", "'ttl' is '0'"),
        ("dir:data?ttl=nan", "'ttl' is 'nan'"),
        (
            "dir:data?patern={name}",
            "unknown option 'patern'; allowed: codec, compress, durability, pattern, ttl",
        ),
        ("dir:data?pattern=x", "value 'x' of option 'pattern': .*placeholders"),
        ("dir:data?durability=no", "'no' of option 'durability': use one of process"),
        ("dir:", "no path"),
        ("memory:place", "memory has no places"),
        ("memory:?pattern=x", "unknown option 'pattern'"),
        ("zip:a.zip?codec=json", "options 'codec' and 'compress'"),
        ("zip:a.zip?encoding=no", "unknown encoding"),
        ("zip:a.zip?root=/a", "forward slash"),
        ("shelve:a?lock_timeout=x", "'x' of option 'lock_timeout'"),
        ("dir:data?trust=any", "'trust': whether foreign pickles are read can't"),
    ],
)
def test_wrong_urls(url: str, reason: str, in_tmp: Path) -> None:
    with pytest.raises(PersistableError, match=reason) as error:
        open_stash(url)
    location, _, _ = url.partition("?")
    assert f"Wrong stash URL '{location}" in str(error.value)


def test_stashes_without_url(tmp_path: Path) -> None:
    folder = DirectoryStash[Any](tmp_path)
    for stash in (
        DelegateStash(folder),
        IncrementKeyDirectoryStash(tmp_path),
        EncodedStash(folder),
        DirectoryStash(tmp_path, codec=BarePickleCodec()),
        DirectoryStash(tmp_path, codec=JsonCodec([Point])),
        DirectoryStash(tmp_path, codec=SignedPickleCodec(key="42" * 32)),
        DirectoryStash(tmp_path, codec=CompressedCodec(BarePickleCodec())),
    ):
        with pytest.raises(PersistableError, match="has no URL"):
            _ = stash.url


class Point(str):
    __slots__ = ()


def test_persisted_by_url(in_tmp: Path) -> None:
    class Corpus:
        def __init__(self) -> None:
            self.computed = 0

        @persisted(stash="dir:data?codec=json", key="words")
        def words(self) -> list[str]:
            self.computed += 1
            return ["a", "b"]

    first, second = Corpus(), Corpus()
    assert first.words() == second.words() == ["a", "b"]
    assert (first.computed, second.computed) == (1, 0)
    assert dict(open_stash("dir:data?codec=json")) == {"words": ["a", "b"]}


PLUGIN = """
from zensols.persist import DictionaryStash
class Store(DictionaryStash):
    @classmethod
    def open_url(cls, url, codec):
        return cls({"location": url.location, **url.read(size=int)})
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder of packages, one of which registers stores."""
    folder = tmp_path / "site"
    metadata = folder / "third_party-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "third_party.py").write_text(PLUGIN)
    (metadata / "METADATA").write_text("Name: third-party\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[zensols.persist.stash]\nparty = third_party:Store\ngone = no_such_module:X\n"
    )
    return folder


def run(code: str, plugins: Path) -> str:
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(plugins)])},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_third_party_stores(plugins: Path) -> None:
    out = run(
        "from zensols.persist.domain import open_stash\n"
        "print(dict(open_stash('party://here?size=3')))",
        plugins,
    )
    assert out.strip() == "{'location': '//here', 'size': 3}"


def test_third_party_store_that_is_broken(plugins: Path) -> None:
    out = run(
        "from zensols.persist.domain import open_stash\n"
        "from zensols.persist.error import PersistableError\n"
        "for url in ('gone:x', 'other:x'):\n"
        "    try:\n"
        "        open_stash(url)\n"
        "    except PersistableError as e:\n"
        "        print(e)\n",
        plugins,
    )
    gone, other = out.splitlines()
    assert "no_such_module:X" in gone
    assert "gone, gs" in other
    assert "party" in other


def test_memory_is_new_each_time() -> None:
    first: Stash[Any] = open_stash("memory:")
    assert isinstance(first, DictionaryStash)
    first["a"] = 1
    assert dict(open_stash("memory:")) == {}
