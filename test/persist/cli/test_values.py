from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from zensols.persist import DirectoryStash, open_stash


def test_get(call: Any, filled: Any) -> None:
    assert call("get", "dir:data", "b").stdout == "{'x': None}\n"
    assert json.loads(call("get", "dir:data", "b", "--json").stdout) == {"x": None}


def test_none_is_a_value(call: Any, in_tmp: Path) -> None:
    call("put", "dir:data", "k", "--json", "null")
    assert call("get", "dir:data", "k").stdout == "None\n"
    done = call("get", "dir:data", "other", code=1)
    assert done.stdout == ""
    assert done.stderr == "stash: No such key: other\n"


def test_json_goes_both_ways(call: Any, in_tmp: Path) -> None:
    values = open_stash("dir:data")
    values["a"] = [dt.date(2024, 2, 29), (1, b"x"), {2: {3}}]
    text = call("get", "dir:data", "a", "--json").stdout
    call("put", "dir:data", "b", "--json", text)
    call("put", "dir:data", "c", "--as", "json", stdin=text)
    assert values["a"] == values["b"] == values["c"]


def test_what_json_has_no_form_for(call: Any, in_tmp: Path) -> None:
    open_stash("dir:data")["a"] = object()
    done = call("get", "dir:data", "a", "--json", code=4)
    assert "JSON has no form for object" in done.stderr


def test_what_cannot_be_shown(call: Any, in_tmp: Path) -> None:
    class Shy:
        def __repr__(self) -> str:
            raise ValueError("not me")

    open_stash("dir:data")["a"] = Shy()
    assert "a: ValueError: not me" in call("get", "dir:data", "a", code=4).stderr


def test_raw_entry_goes_both_ways(
    stash: Any, filled: Any, command: str, clean_environment: Any
) -> None:
    def call(*arguments: str, data: bytes = b"") -> bytes:
        return subprocess.run(
            [command, *arguments],
            input=data,
            stdout=subprocess.PIPE,
            env=clean_environment,
            check=True,
        ).stdout

    entry = call("get", "dir:data", "a", "--raw")
    assert entry == Path("data", "a.dat").read_bytes()
    call("put", "dir:copy", "a", "--as", "entry", data=entry)
    assert Path("copy", "a.dat").read_bytes() == entry
    Path("a.entry").write_bytes(entry)
    done = stash("put", "dir:copy", "b", "a.entry", "--as", "entry", code=2)
    assert "entry of key 'a'" in done.stderr
    stash("put", "dir:copy", "b", "--as", "entry", stdin="no entry", code=4)
    stash("get", "dir:data", "other", "--raw", code=1)


def test_files(call: Any, in_tmp: Path) -> None:
    values = open_stash("dir:data")
    Path("page").write_bytes("é".encode())
    call("put", "dir:data", "bytes", "page")
    call("put", "dir:data", "text", "page", "--as", "text")
    call("put", "dir:data", "stdin", "-", stdin="from a pipe")
    assert dict(values) == {
        "bytes": "é".encode(),
        "text": "é",
        "stdin": b"from a pipe",
    }
    Path("page").write_bytes(b"\xff")
    call("put", "dir:data", "text", "page", "--as", "text", code=2)
    assert values["text"] == "é"


def test_escaped_key(call: Any, in_tmp: Path) -> None:
    call("put", "-e", "dir:data", r"a\tb\udc80", "--json", "1")
    assert list(open_stash("dir:data").keys()) == ["a\tb\udc80"]
    key = call("ls", "dir:data").stdout.split("\t")[0]
    assert call("get", "-e", "dir:data", key).stdout == "1\n"
    call("rm", "-ey", "dir:data", key)
    assert list(open_stash("dir:data").keys()) == []


def test_time_to_live(call: Any, in_tmp: Path) -> None:
    call("put", "dir:data?ttl=3600", "a", "--json", "[1]")
    assert call("get", "dir:data?ttl=3600", "a").stdout == "[1]\n"
    call("rm", "dir:data?ttl=3600", "a", "--yes")
    assert os.listdir("data") == []


def test_rm(call: Any, filled: Any) -> None:
    done = call("rm", "dir:data", "a", "nothing", "--yes", code=1)
    assert done.stderr == "stash: No such key: nothing\n"
    assert set(filled.keys()) == {"b", "long"}
    Path("data", "other.txt").write_text("not of the stash")
    call("rm", "dir:data", "--all", "--yes")
    assert os.listdir("data") == ["other.txt"]


def test_rm_of_a_forged_entry(call: Any, filled: Any) -> None:
    Path("data", "a.dat").write_bytes(b"N.")
    call("rm", "dir:data?ttl=60", "a", "--yes")
    assert set(filled.keys()) == {"b", "long"}


def test_read_only_store_says_so(call: Any, in_tmp: Path) -> None:
    import zipfile

    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("x.txt", "text")
    assert call("get", "zip:a.zip", "x.txt").stdout == "b'text'\n"
    for arguments in (
        ("put", "zip:a.zip", "y", "--json", "1"),
        ("rm", "zip:a.zip", "x.txt", "--yes"),
        ("rm", "zip:a.zip", "--all", "--yes"),
    ):
        assert "read-only" in call(*arguments, code=4).stderr


def test_rm_asks(filled: Any, answer: Any) -> None:
    for given, code, left in ((b"n\n", 1, 3), (b"\x04", 1, 3), (b"y\n", 0, 0)):
        found, asked = answer("rm", "dir:data", "--all", given=given)
        assert found == code
        assert asked.startswith("Delete all 3 entries in dir:data? [y/N] ")
        assert len(DirectoryStash[Any](Path("data"))) == left
