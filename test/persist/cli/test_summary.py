from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zensols.persist import DirectoryStash
from zensols.persist.cli.summary import Summary
from zensols.persist.codec import JsonCodec, dump_file
from zensols.persist.error import PersistableError
from zensols.persist.stash.survey import Found, survey


def test_sums_up(call: Any, filled: Any) -> None:
    sizes = {path.name: path.stat().st_size for path in Path("data").iterdir()}
    data = json.loads(call("info", "dir:data", "--json").stdout)
    assert data["url"] == "dir:data"
    assert data["entries"] == data["signed"] == 3
    assert data["bytes"] == sum(sizes.values())
    assert data["largest"] == {"key": "long", "size": sizes["long.dat"]}
    assert data["codecs"] == {"pickle": 3}
    assert data["types"]["builtins.str"] == 1
    assert data["oldest"] <= data["newest"]
    assert data["seconds"] is None
    for step in data["histogram"]:
        fitting = [n for n in sizes.values() if step["from"] <= n < step["below"]]
        assert len(fitting) == step["entries"]
    assert sum(step["entries"] for step in data["histogram"]) == 3


def test_people_read_it(call: Any, filled: Any) -> None:
    lines = call("info", "dir:data").stdout.splitlines()
    assert lines[0] == "store    DirectoryStash at dir:data"
    assert lines[1] == "entries  3"
    assert lines[-1].startswith("  1.0 KiB to   4.0 KiB") or "4.0 KiB" in lines[-1]
    assert lines[-1].endswith("  1")


def test_unreadable_entries(call: Any, filled: Any) -> None:
    Path("data", "bare.dat").write_bytes(b"N.")
    data = json.loads(call("info", "dir:data", "--json", code=1).stdout)
    assert (data["entries"], data["unreadable"]) == (4, 1)
    assert "unreadable  1" in call("info", "dir:data", code=1).stdout


def test_empty_store(call: Any, in_tmp: Path) -> None:
    assert "entries  0" in call("info", "dir:data").stdout
    data = json.loads(call("info", "memory:", "--json").stdout)
    assert data["entries"] == 0
    assert "bytes" not in data


def test_seconds(in_tmp: Path) -> None:
    Path("data").mkdir()
    for key in ("a", "b"):
        dump_file(JsonCodec(), 1, f"data/{key}.dat", key, seconds=1.5)
    summary = Summary()
    for found in survey(DirectoryStash(Path("data"), codec=JsonCodec())):
        summary.add(found)
    assert summary.data()["seconds"] == 3.0


def test_problem_is_counted() -> None:
    summary = Summary()
    summary.add(Found("a", None, PersistableError("no")))
    assert summary.data() == {"entries": 1, "unreadable": 1}
