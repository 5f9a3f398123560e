from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash, ExpiringStash, ShelveStash, open_stash
from zensols.persist.codec import JsonCodec, dump_file
from zensols.persist.stash.wording import unescape


def test_columns_are_separated_by_tabs(call: Any, filled: Any) -> None:
    lines = call("ls", "dir:data").stdout.splitlines()
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in lines}
    assert rows.keys() == {"a", "b", "long"}
    size, age, kind, codec, seconds = rows["long"]
    assert int(size) == Path("data", "long.dat").stat().st_size
    assert 0 <= int(age) < 3600
    assert (kind, codec, seconds) == ("builtins.str", "pickle", "-")


def test_seconds_of_the_computation(call: Any, in_tmp: Path) -> None:
    Path("data").mkdir()
    dump_file(JsonCodec(), [1], "data/a.dat", "a", seconds=2.5)
    row = json.loads(call("ls", "--json", "dir:data?codec=json").stdout)
    assert row["seconds"] == 2.5
    assert (row["codec"], row["signed"]) == ("json", False)


def test_nothing_is_unpickled(call: Any, in_tmp: Path) -> None:
    data: DirectoryStash[Any] = DirectoryStash(Path("data"))
    data["a"] = Bomb()
    assert "a\t" in call("ls", "dir:data", ZENSOLS_PERSIST_TRUST="any").stdout
    call("info", "dir:data", ZENSOLS_PERSIST_TRUST="any")
    call("verify", "dir:data", ZENSOLS_PERSIST_TRUST="any")
    call("ls", "dir:data?ttl=60", ZENSOLS_PERSIST_TRUST="any")
    assert not Path("exploded").exists()
    # So that the above means something:
    call("get", "dir:data", "a")
    assert Path("exploded").exists()


class Bomb:
    def __reduce__(self) -> Any:
        return os.open, ("exploded", os.O_CREAT)


def test_bare_pickle_is_listed(call: Any, filled: Any) -> None:
    Path("data", "bare.dat").write_bytes(b"N.")
    done = call("ls", "dir:data", "--match", "bare", code=1)
    assert done.stdout == "bare\t-\t-\t-\t-\t-\n"
    row = json.loads(call("ls", "dir:data", "--match", "b*e", "--json", code=1).stdout)
    assert row["key"] == "bare"
    assert "Not an entry" in row["problem"]


@pytest.mark.parametrize("key", ["a\tb", "\n", "\\t", "\x1b[31m", "é", "\udc80", "\0"])
def test_odd_keys_are_told(call: Any, in_tmp: Path, key: str) -> None:
    open_stash("dir:data")[key] = 1
    line = call("ls", "dir:data").stdout
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert unescape(line.split("\t")[0]) == key
    assert json.loads(call("ls", "dir:data", "--json").stdout)["key"] == key


def test_sorted(call: Any, filled: Any) -> None:
    by_size = call("ls", "dir:data", "--sort", "size").stdout.splitlines()
    assert by_size[0].startswith("long\t")
    by_key = call("ls", "dir:data", "--sort", "key").stdout.splitlines()
    assert [line[0] for line in by_key] == ["a", "b", "l"]


def test_store_below_a_time_to_live(call: Any, in_tmp: Path) -> None:
    ExpiringStash(DirectoryStash(Path("data")), 60)["a"] = 1
    assert "expiring.Expiring" in call("ls", "dir:data?ttl=60").stdout


def test_store_without_entries_shows_keys(call: Any, in_tmp: Path) -> None:
    import zipfile

    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("x.txt", "text")
    assert call("ls", "zip:a.zip").stdout == "x.txt\t-\t-\t-\t-\t-\n"


def test_shelf(call: Any, in_tmp: Path) -> None:
    ShelveStash(Path("shelf"))["a"] = [1]
    assert call("ls", "shelve:shelf").stdout.startswith("a\t")


def test_nothing_there_is_said(call: Any, in_tmp: Path) -> None:
    done = call("ls", "dir:typo")
    assert done.stdout == ""
    assert "nothing at typo" in done.stderr
    assert not Path("typo").exists()
