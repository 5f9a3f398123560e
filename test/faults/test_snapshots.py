"""Snapshots where things go wrong: killed processes, full disks, clocks and damage."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import zensols.persist
from zensols.persist import DictionaryStash, DirectoryStash, PersistableError
from zensols.persist.backup import (
    newest,
    prune,
    restorations,
    restore,
    snapshot,
    snapshots,
    undo,
    verify,
)
from zensols.persist.domain import open_stash
from zensols.persist.error import CorruptDataError

SCRIPT = Path(__file__).parent / "killedsnapshots.py"
ROOT = Path(zensols.persist.__file__).parents[2]
SOAK = [pytest.mark.soak, pytest.mark.timeout(3600)]


def run_killed(kind: str, store: str, folder: Path, kills: int) -> None:
    seed = os.environ.get("PERSIST_SEED") or random.SystemRandom().getrandbits(40)
    done = subprocess.run(
        [sys.executable, SCRIPT, kind, store, folder, str(seed), str(kills)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks children to kill them")
@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=SOAK)])
@pytest.mark.parametrize(
    ("kind", "store"),
    [
        ("taking", "dir"),
        ("restoring", "dir"),
        ("restoring", "sqlite"),
        ("restoring", "lmdb"),
        ("pruning", "dir"),
    ],
)
def test_killed(kind: str, store: str, kills: int, tmp_path: Path) -> None:
    run_killed(kind, store, tmp_path, kills)


def test_resumed(tmp_path: Path) -> None:
    """What a snapshot that was stopped has written, the next one doesn't."""
    stash = DictionaryStash({str(n): f"{n}" * 500 for n in range(3000)})
    into = DirectoryStash[bytes](tmp_path / "backups")

    def stop(done: int, total: int) -> None:
        assert total == 3000
        if done >= 2000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        snapshot(stash, into, progress=stop)
    assert snapshots(into) == []
    there = {key for key in into.keys() if key.startswith("object-")}
    assert len(there) >= 1000
    times = {key: into.key_to_path(key).stat().st_mtime_ns for key in there}
    taken = snapshot(stash, into)
    assert dict(taken.as_stash()) == dict(stash)
    assert {k: into.key_to_path(k).stat().st_mtime_ns for k in there} == times


FULL = """
import resource, sys
from pathlib import Path
from zensols.persist import DirectoryStash, PersistableError
from zensols.persist.backup import restore, snapshot, snapshots, undo, verify
from zensols.persist.domain import open_stash

url, into, folder = sys.argv[1:]
stash = open_stash(url)
stash["a"] = "old"
first = snapshot(stash, into)
stash["b"] = b"x" * (1 << 20)
second = snapshot(stash, into)
del stash["b"]
stash["c"] = b"y" * (1 << 20)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))
for action in (
    lambda: snapshot(stash, into),
    lambda: restore(second, stash),
    lambda: restore(first, stash, mode="replace"),
):
    before = dict(stash)
    try:
        action()
        print("done")
    except PersistableError as e:
        print("refused" if folder in str(e) else e)
    print(dict(stash) == before, [s.id for s in snapshots(into)] == [second.id, first.id])
    print(list(verify(into)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")
@pytest.mark.parametrize("store", ["dir", "sqlite"])
def test_full_disk(store: str, tmp_path: Path, run_python: Callable[..., str]) -> None:
    into = f"dir://{tmp_path}/backups"
    said = run_python(FULL, f"{store}://{tmp_path}/data", into, tmp_path)
    assert said.splitlines() == ["refused", "True True", "[]"] * 3


def test_unwritable(tmp_path: Path) -> None:
    into = DirectoryStash[Any](tmp_path / "file" / "backups")
    (tmp_path / "file").write_text("in the way")
    stash = DictionaryStash({"a": 1})
    with pytest.raises(PersistableError, match="backups"):
        snapshot(stash, into)
    assert dict(stash) == {"a": 1}


def test_read_only_stash_folder(tmp_path: Path) -> None:
    """Of which a snapshot can be taken nevertheless."""
    folder = tmp_path / "data"
    DirectoryStash[Any](folder)["a"] = 1
    os.chmod(folder, 0o500)
    os.chmod(tmp_path, 0o500)
    try:
        taken = snapshot(DirectoryStash[Any](folder), DictionaryStash[Any]())
    finally:
        os.chmod(tmp_path, 0o700)
        os.chmod(folder, 0o700)
    assert dict(taken.as_stash()) == {"a": 1}


def test_clock_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots are in the order in which they were taken."""
    stash, into = DictionaryStash[Any](), DictionaryStash[Any]()
    times = [datetime(2025, 11, 15, tzinfo=UTC) - timedelta(days=n) for n in range(3)]
    for number, time in enumerate(times):
        monkeypatch.setattr("zensols.persist.backup.snapshotting.now", lambda t=time: t)
        stash["a"] = number
        snapshot(stash, into)
    assert [taken.created for taken in snapshots(into)] == times[::-1]
    assert newest(into).as_stash()["a"] == 2
    restore(newest(into), stash)


def test_damaged_newest() -> None:
    """The error names it and the newest good one, which can be restored."""
    stash, into = DictionaryStash({"a": 1}), DictionaryStash[Any]()
    good, bad = snapshot(stash, into), snapshot(stash, into)
    name = f"snapshot-{bad.id}"
    into[name] = into[name][:-3] + b"}\n}"
    with pytest.raises(CorruptDataError, match=f"{bad.id}.*good one is {good.id}"):
        newest(into)
    assert [taken.id for taken in snapshots(into)] == [good.id]
    assert [problem.snapshot for problem in verify(into)] == [bad.id]
    # The next one comes after both.
    assert snapshot(stash, into).id > bad.id
    del into["snapshots"]
    assert newest(into).id > bad.id


def flip(into: DictionaryStash[bytes], kind: str) -> str:
    name = max(
        (key for key in into.keys() if key.startswith(kind)), key=lambda k: len(into[k])
    )
    data = into[name]
    into[name] = data[:-1] + bytes([data[-1] ^ 1])
    return name


@pytest.mark.parametrize("kind", ["page", "object"])
def test_damaged_part(kind: str) -> None:
    """Nothing is restored of what is damaged, and a full snapshot mends it."""
    stash, into = DictionaryStash({"a": "x" * 500, "b": 1}), DictionaryStash[Any]()
    taken = snapshot(stash, into)
    flip(into, kind)
    stash["a"], stash["b"] = "new", "new"
    with pytest.raises(CorruptDataError, match=kind):
        restore(taken, stash)
    assert dict(stash) == {"a": "new", "b": "new"}
    assert restorations(into) == []
    problems = list(verify(into))
    assert [problem.snapshot for problem in problems] == [taken.id]
    assert kind in problems[0].reason
    stash["a"], stash["b"] = "x" * 500, 1
    if kind == "object":
        # Pages are new, since values of no store are encoded anew each time.
        snapshot(stash, into, full=True)
        assert list(verify(into)) == []


def test_damaged_page_is_no_obstacle(tmp_path: Path) -> None:
    """To the next snapshot, which mends it."""
    stash = open_stash(f"sqlite://{tmp_path}/data.db")
    stash["a"] = "x" * 500
    into = DictionaryStash[Any]()
    snapshot(stash, into)
    flip(into, "page")
    stash["b"] = 1
    taken = snapshot(stash, into)
    assert list(verify(taken)) == []
    assert dict(taken.as_stash()) == dict(stash)


def test_prune_refuses_to_guess(tmp_path: Path) -> None:
    """What a damaged snapshot needs isn't known, so nothing is deleted."""
    stash, into = DictionaryStash({"a": "x" * 500}), DictionaryStash[Any]()
    for number in range(3):
        stash["b"] = number
        snapshot(stash, into)
    flip(into, "page")
    before = dict(into)
    with pytest.raises(CorruptDataError, match="page"):
        prune(into, keep=3, name="nothing")
    assert dict(into) == before


def test_undo_by_another_process(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    stash = open_stash(f"sqlite://{tmp_path}/data.db")
    into = f"dir://{tmp_path}/backups"
    stash["a"] = 1
    taken = snapshot(stash, into)
    stash["a"], stash["b"] = 2, 3
    restore(taken, stash, mode="replace")
    code = """
import sys
from zensols.persist.backup import undo
from zensols.persist.domain import open_stash
done = undo(open_stash(sys.argv[1]), sys.argv[2])
print(done.state, list(done.changed), list(done.removed))
"""
    said = run_python(code, stash.url.reveal(), into)
    assert said == "undone ['a'] ['b']\n"
    assert dict(stash) == {"a": 2, "b": 3}
    with pytest.raises(PersistableError, match="Nothing to undo"):
        undo(stash, into)
