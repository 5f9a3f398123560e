from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash
from zensols.persist.domain import open_stash
from zensols.persist.stash import stamps as module
from zensols.persist.stash.folder import StashFolder
from zensols.persist.stash.stamps import file_stamp, stamps

WRITE = """
import sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
stash["c"] = 1
stash.close()
"""


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryStash[Any]:
    stash = DirectoryStash[Any](tmp_path / "data")
    stash["a"], stash["b"], stash["long" * 100] = 1, 2, 3
    return stash


def find(stash: DirectoryStash[Any]) -> dict[str, bytes]:
    found = stamps(StashFolder(stash.path, stash.pattern, None))
    assert found is not None
    return dict(found)


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the disk was written long ago."""
    later = time.time_ns() + 10**10
    monkeypatch.setattr(module.time, "time_ns", lambda: later)


def tick(file: Path) -> None:
    """Wait until what is changed next has another time than a file has."""
    probe = file.with_name("probe")
    while True:
        probe.write_text("")
        if probe.stat().st_ctime_ns > file.stat().st_ctime_ns:
            break
    probe.unlink()


def test_change_with_the_file(
    stash: DirectoryStash[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch)
    before = find(stash)
    assert set(before) == {"a", "b", "long" * 100}
    assert all(before.values())
    assert find(stash) == before
    stash["a"] = 1
    changed = find(stash)
    assert changed.pop("a") != before["a"]
    assert changed == {key: before[key] for key in changed}
    # In place, by another program, and with the old time.
    file = stash.key_to_path("b")
    status = file.stat()
    tick(file)
    file.write_bytes(b"x" * status.st_size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert find(stash)["b"] != before["b"]


def test_nothing_is_known_of_new_files(stash: DirectoryStash[Any]) -> None:
    now = time.time_ns()
    # Of which the clock tells nothing, either.
    os.utime(stash.key_to_path("a"), ns=(now, now + 10**12))
    assert find(stash)["a"] == b""


def test_whole_seconds(
    stash: DirectoryStash[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a clock that ticks slowly more time has to pass."""
    file = stash.key_to_path("a")
    second = time.time_ns() // 10**9 * 10**9 + 10**10
    os.utime(file, ns=(second, second))
    for after, is_known in ((10**9, False), (3 * 10**9, True)):
        monkeypatch.setattr(module.time, "time_ns", lambda n=second + after: n)
        assert bool(find(stash)["a"]) == is_known


def test_no_folder(tmp_path: Path) -> None:
    assert stamps(StashFolder(tmp_path / "none", "{name}.dat", None)) is None


def test_network(stash: DirectoryStash[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "on_network", lambda _device: True)
    assert stash.entry_stamps() is None


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    assert file_stamp(one, other) is None
    Path(one).write_text("1")
    # However long it takes to get here.
    written = os.stat(one).st_ctime_ns
    monkeypatch.setattr(module.time, "time_ns", lambda: written + 1_000_000)
    assert file_stamp(one) is None, "too young"
    settle(monkeypatch)
    alone = file_stamp(one, other)
    assert alone is not None
    Path(other).write_text("2")
    settle(monkeypatch)
    both = file_stamp(one, other)
    assert both is not None
    assert both != alone
    assert file_stamp(other, one) != both


@pytest.mark.parametrize("kind", ["lmdb", "sqlite"])
def test_of_stores(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They tell of each write, also one by another process."""
    monkeypatch.setattr(module, "_TICK", -(10**12))
    url = f"{kind}://{tmp_path}/data"
    stash: Any = open_stash(url)
    assert stash.store_stamp() is None
    found = []
    for write in (
        lambda: stash.dump("a", 1),
        lambda: stash.dump("a", 1),
        lambda: stash.dump("a", 2),
        lambda: stash.delete("a"),
        lambda: stash.dump_many([("b", 1)]),
        lambda: subprocess.run([sys.executable, "-c", WRITE, url], check=True),
    ):
        write()
        found.append(stash.store_stamp())
        assert dict(stash) == dict(stash)
        assert stash.store_stamp() == found[-1]
    assert len(set(found)) == 6
    assert None not in found
    stash.close()
    shutil.rmtree(tmp_path)
    stash["a"] = 1
    assert stash.store_stamp() not in found
    stash.close()
