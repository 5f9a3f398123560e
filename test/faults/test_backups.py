"""Backups and restores that are killed, have no room or are handed something hostile:
what was there stays, or what is new is there.

"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zensols.persist.backup import CacheStore, PersistenceHandler

KILLS = [20, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]

PRELUDE = """
import os, random, signal, sys, time
from pathlib import Path
from zensols.persist import open_stash
from zensols.persist.backup import BackupSchedule, CacheStore, PersistenceHandler

def left(folder):
    return [p.name for p in folder.iterdir() if p.name.startswith(("%!", ".rest"))]

def kill_in(work, seed):
    # Fork, wait until the work begins, and kill it somewhere.
    begun, begin = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(begun)
        try:
            work(lambda: os.write(begin, b"x"))
        finally:
            os._exit(9)
    os.close(begin)
    assert os.read(begun, 1) == b"x"
    os.close(begun)
    end = time.perf_counter() + random.Random(seed).random() ** 2 * 0.03
    while time.perf_counter() < end:
        pass
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL, "it ended by itself"

folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
"""

BACKUPS = (
    PRELUDE
    + """
store = CacheStore()
for name in "abcd":
    store.create_cache(name).dump_many((str(n), [n] * 50) for n in range(2000))

def work(begin):
    handler = PersistenceHandler(folder, 0, store)
    begin()
    while True:
        assert sum(handler.backup_all().values()) == 5

for turn in range(kills):
    kill_in(work, seed + turn)
    handler = PersistenceHandler(folder, 0, CacheStore())
    for backup in handler.list_backups():
        name = handler.restore_cache(backup["filepath"])
        if name != "default":
            assert dict(handler.store[name]) == dict(store[name]), turn
    # The next writer, which is a new process as a rule, cleans up.
    PersistenceHandler(folder, 0, CacheStore()).backup_all()
    assert left(folder) == [], turn
    for backup in handler.list_backups()[5:]:
        os.unlink(backup["filepath"])
print("done")
"""
)

RESTORES = (
    PRELUDE
    + """
contents = [
    {f"{which}{n}": [which] * 50 for n in range(size)}
    for which, size in (("a", int(sys.argv[5])), ("b", 5 * int(sys.argv[5])))
]
backups = folder / "backups"
files = []
for items in contents:
    store = CacheStore()
    store.create_cache("users").dump_many(items.items())
    handler = PersistenceHandler(backups, 0, store)
    files.append(handler.backup_cache("users").filepath)

def open_handler():
    store = CacheStore()
    stash = open_stash(sys.argv[4].format(folder))
    store.create_cache("users", stash=stash)
    return PersistenceHandler(backups, 0, store), stash

handler, stash = open_handler()
handler.restore_cache(files[0])
getattr(stash, "close", str)()

def work(begin):
    handler, stash = open_handler()
    begin()
    while True:
        for file in files:
            handler.restore_cache(file)

for turn in range(kills):
    kill_in(work, seed + turn)
    handler, stash = open_handler()
    assert dict(stash) in contents, turn
    handler.restore_cache(files[turn % 2])
    assert dict(stash) == contents[turn % 2], turn
    getattr(stash, "close", str)()
    assert handler.backup_cache("users")
    assert left(backups) == [], turn
    for backup in handler.list_backups()[:-2]:
        os.unlink(backup["filepath"])
print("done")
"""
)

SCHEDULES = (
    PRELUDE
    + """
states, backups = folder / "states", folder / "backups"
states.mkdir()

def work(begin):
    schedule = BackupSchedule("03:00", backups, 2, source=states, start=False)
    begin()
    number = 0
    while True:
        number += 1
        new = states / "new"
        new.write_text('{"number": [' + f"{number}," * 9999 + f"{number}]" + "}")
        os.replace(new, states / "robot.json")
        assert len(schedule.run()) == 1

for turn in range(kills):
    kill_in(work, seed + turn)
    schedule = BackupSchedule("03:00", backups, 2, source=states, start=False)
    for part in schedule._archive.parts():
        assert len(part.files) <= 3, turn
        assert all(map(schedule._archive.is_good, part.files)), turn
    (states / "robot.json").write_text('{"number": %d}' % -turn)
    (file,) = schedule.run()
    assert schedule.list_backups()[0] == file
    assert len(schedule.list_backups()) <= 2
    assert left(backups) == [], turn
print("done")
"""
)

RunPython = Callable[..., str]


def seed() -> int:
    return int(os.environ.get("PERSIST_SEED") or random.SystemRandom().getrandbits(40))


@pytest.mark.parametrize("kills", KILLS)
def test_killed_backup(kills: int, tmp_path: Path, run_python: RunPython) -> None:
    assert run_python(BACKUPS, tmp_path, kills, seed()) == "done\n"


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize(("url", "size"), [("sqlite:{}/a.db", 100), ("dir:{}/a", 10)])
def test_killed_restore(
    kills: int, url: str, size: int, tmp_path: Path, run_python: RunPython
) -> None:
    assert run_python(RESTORES, tmp_path, kills, seed(), url, size) == "done\n"


@pytest.mark.parametrize("kills", KILLS)
def test_killed_schedule(kills: int, tmp_path: Path, run_python: RunPython) -> None:
    assert run_python(SCHEDULES, tmp_path, kills, seed()) == "done\n"


FULL = """
import resource, sys
from pathlib import Path
from zensols.persist import open_stash
from zensols.persist.backup import CacheStore, PersistenceHandler, backup_status

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
store = CacheStore()
stash = open_stash("dir:" + sys.argv[3])
store.create_cache("files", stash=stash)
stash["a"] = 1
large = store.create_cache("large")
handler = PersistenceHandler(folder, 0, store)
assert sum(handler.backup_all().values()) == 3
before = handler.list_backups()
large["x"] = "x" * (3 << 20)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
results = handler.backup_all()
print([name for name, result in results.items() if not result])
print("Can't write the backup" in results["large"].error, "large" in results["large"].error)
print([b for b in before if b not in handler.list_backups()])
print([p.name for p in folder.iterdir() if p.name.startswith("%!")])
print(backup_status(folder)["caches"]["large"]["last_error"] is not None)
del large["x"]
print(sum(handler.backup_all().values()))
"""


def check_full(said: str) -> None:
    assert said.splitlines() == ["['large']", "True True", "[]", "[]", "True", "3"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")
def test_limited_file_size(tmp_path: Path, run_python: RunPython) -> None:
    check_full(run_python(FULL, tmp_path / "b", 1 << 20, tmp_path / "data"))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as e:
        pytest.skip(f"can't mount: {e}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_full_file_system(small: Path, tmp_path: Path, run_python: RunPython) -> None:
    check_full(run_python(FULL, small / "b", 0, tmp_path / "data"))


NOT_WRITABLE = """
import os, sys
from zensols.persist import open_stash
from zensols.persist.backup import BackupSchedule, CacheStore, PersistenceHandler
store = CacheStore()
store.create_cache("users")["a"] = 1
if os.geteuid() == 0:
    # To whom all is writable; what is imported later may be not to another.
    warm = PersistenceHandler(sys.argv[2], 0, store)
    warm.restore_cache(warm.backup_cache("users").filepath)
    BackupSchedule("03:00", sys.argv[2], source=store, start=False).run()
    os.setgid(65534)
    os.setuid(65534)
handler = PersistenceHandler(sys.argv[1], 0, store)
before = handler.list_backups()
results = handler.backup_all()
print(sum(results.values()), sys.argv[1] in results["users"].error)
print(handler.list_backups() == before, len(before))
store["users"]["a"] = 2
print(handler.restore_cache(handler.list_backups("users")[0]["filepath"]))
print(dict(store["users"]))
store["users"]["a"] = 3
schedule = BackupSchedule("03:00", sys.argv[1], source=store, start=False)
try:
    schedule.run()
except Exception as e:
    print(type(e).__name__, sys.argv[1] in str(e))
"""


def test_folder_that_is_not_writable(tmp_path: Path, run_python: RunPython) -> None:
    # Not below one that others can't enter.
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = Path(name, "b")
        store = CacheStore()
        store.create_cache("users")["a"] = 1
        PersistenceHandler(folder, 0, store).backup_all()
        for path in folder.iterdir():
            path.chmod(0o644)
        folder.chmod(0o555)
        try:
            said = run_python(NOT_WRITABLE, folder, tmp_path).splitlines()
        finally:
            folder.chmod(0o755)
    assert said == ["0 True", "True 2", "users", "{'a': 1}", "PersistableError True"]
