from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import zensols.persist
from zensols.persist import open_stash
from zensols.persist.backup.handler import PersistenceHandler, default_folder
from zensols.persist.backup.pace import Pace
from zensols.persist.backup.store import CacheStore
from zensols.persist.error import CorruptDataError, PersistableError
from zensols.persist.files import HOME

ROOT = Path(zensols.persist.__file__).parents[2]
DAY = 86400
# Local, and in no hour that exists twice.
WHEN = datetime(2025, 11, 15, 16, 11, 18, 27451).astimezone().timestamp()


@pytest.fixture
def store() -> CacheStore:
    store = CacheStore()
    store.create_cache("users")["user:1"] = "alice@example.com"
    store.create_cache("old_users")["user:0"] = "zoe@example.com"
    store.default["a"] = 1
    return store


@pytest.fixture
def handler(store: CacheStore, tmp_path: Path) -> PersistenceHandler:
    return PersistenceHandler(tmp_path / "b", 0, store, wall_clock=lambda: WHEN)


def newest(handler: PersistenceHandler, name: str | None = None) -> str:
    path: str = handler.list_backups(name)[0]["filepath"]
    return path


def age(handler: PersistenceHandler, path: str, days: float) -> None:
    os.utime(path, (0, WHEN - days * DAY))


def test_files_are_named_as_in_the_guide(
    handler: PersistenceHandler, tmp_path: Path
) -> None:
    results = handler.backup_all()
    assert sum(results.values()) == 3
    assert {name: Path(str(r.filepath)).name for name, r in results.items()} == {
        "users": "cache_users_20251115_161118.json",
        "old_users": "cache_old_users_20251115_161118.json",
        "default": "default_store_20251115_161118.json",
    }
    plain = json.loads((tmp_path / "b/cache_users_20251115_161118.json").read_bytes())
    del plain["checksum"]
    assert plain == {
        "type": "named_cache",
        "cache_name": "users",
        "timestamp": "20251115_161118",
        "datetime": "2025-11-15T16:11:18.027451",
        "item_count": 1,
        "format_version": 1,
        "data": {"user:1": "alice@example.com"},
    }


def test_result_tells_what_was_made(handler: PersistenceHandler) -> None:
    result = handler.backup_cache("users")
    assert result
    assert result.filepath == newest(handler)
    assert result.size == os.stat(result.filepath).st_size
    assert (result.cache_name, result.item_count) == ("users", 1)


def test_backup_asked_for_is_never_skipped(handler: PersistenceHandler) -> None:
    assert all(handler.backup_cache("users") for _ in range(3))
    listed = [backup["filename"] for backup in handler.list_backups()]
    assert listed == [
        "cache_users_20251115_161118_3.json",
        "cache_users_20251115_161118_2.json",
        "cache_users_20251115_161118.json",
    ]


def test_many_threads_back_up_at_once(handler: PersistenceHandler) -> None:
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(handler.backup_all()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [sum(result.values()) for result in results] == [3] * 8
    files = {result.filepath for made in results for result in made.values()}
    assert len(files) == len(handler.list_backups()) == 24


def test_listing(handler: PersistenceHandler) -> None:
    assert handler.list_backups() == []
    handler.backup_all()
    listed = handler.list_backups("old_users")
    path = str(handler.backup_dir / "cache_old_users_20251115_161118.json")
    status = os.stat(path)
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    assert listed == [
        {
            "filename": "cache_old_users_20251115_161118.json",
            "filepath": path,
            "size": status.st_size,
            "modified": modified.astimezone().replace(tzinfo=None).isoformat(),
            "cache_name": "old_users",
        }
    ]
    assert len(handler.list_backups("users")) == 1, "not those of others"
    assert handler.list_backups("user") == []


def test_names_of_caches_are_any(handler: PersistenceHandler) -> None:
    names = [
        "../../etc/passwd",
        "a/b",
        "..",
        "é\n",
        "x" * 300,
        "_",
        "a_20251115_161118",
    ]
    for name in names:
        handler.store.create_cache(name)["name"] = name
    assert all(handler.backup_all().values())
    assert os.listdir(handler.backup_dir.parent) == ["b"]
    for name in names:
        handler.store.delete_cache(name)
        (backup,) = handler.list_backups(name)
        assert backup["cache_name"] == name
        assert handler.restore_cache(backup["filepath"]) == name
        assert dict(handler.store[name]) == {"name": name}


def test_failed_cache_does_not_stop_the_others(
    handler: PersistenceHandler, caplog: pytest.LogCaptureFixture
) -> None:
    handler.store.create_cache("bad")["x"] = {"y": [object()]}
    with caplog.at_level(logging.INFO):
        results = handler.backup_all()
    assert sum(results.values()) == 3
    assert not results["bad"]
    assert "value['x']['y'][0]" in str(results["bad"].error)
    assert "Can't back up cache 'bad'" in caplog.text
    assert "Backup completed: 3/4 successful" in caplog.text
    assert handler.list_backups("bad") == []


def test_unknown_cache_is_no_success(handler: PersistenceHandler) -> None:
    result = handler.backup_cache("user")
    assert not result
    assert "did you mean 'users'?" in str(result.error)


def test_folder_that_cannot_be_made(store: CacheStore, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    results = PersistenceHandler(tmp_path / "file" / "b", 0, store).backup_all()
    assert sum(results.values()) == 0
    assert all("file" in str(result.error) for result in results.values())


def test_values_come_back_with_their_types(handler: PersistenceHandler) -> None:
    values = {"a": (1, b"2"), "b": {3: {4}}, "c": date(2025, 1, 1), "d": None}
    users = handler.store["users"]
    users.dump_many(values.items())
    handler.backup_cache("users")
    users.clear()
    users["other"] = 1
    assert handler.restore_cache(newest(handler)) == "users"
    assert dict(users) == {"user:1": "alice@example.com", **values}


def test_keys_that_are_no_text(handler: PersistenceHandler) -> None:
    numbers: Any = handler.store.create_cache("numbers")
    numbers[1], numbers[None], numbers[(2, 3)] = "one", "none", "pair"
    handler.backup_cache("numbers")
    before = dict(numbers)
    handler.store.delete_cache("numbers")
    handler.restore_cache(newest(handler))
    assert dict(handler.store["numbers"]) == before


def test_registered_classes(store: CacheStore, tmp_path: Path) -> None:
    store["users"]["at"] = signal.SIGTERM
    handler = PersistenceHandler(tmp_path, 0, store, types=[signal.Signals])
    assert handler.backup_cache("users")
    store.delete_cache("users")
    handler.restore_cache(newest(handler))
    assert store["users"]["at"] is signal.SIGTERM


def test_expiring_cache_keeps_its_time(handler: PersistenceHandler) -> None:
    now = [1000.0]
    sessions: Any = handler.store.create_cache("sessions", ttl=60)
    sessions.clock = lambda: now[0]
    sessions["a"] = 1
    now[0] += 20
    handler.backup_cache("sessions")
    plain = json.loads(Path(newest(handler)).read_bytes())
    assert (plain["type"], plain["ttl"]) == ("expiring_store", 60)
    assert plain["time_to_live"] == {"a": 40}
    now[0] += 10_000
    assert dict(sessions) == {}
    handler.restore_cache(newest(handler))
    now[0] += 39
    assert dict(sessions) == {"a": 1}
    now[0] += 1
    assert dict(sessions) == {}


def test_default_cache_is_restored(handler: PersistenceHandler) -> None:
    handler.backup_all()
    handler.store.default.clear()
    assert handler.restore_cache(newest(handler, "default")) == "default"
    assert dict(handler.store.default) == {"a": 1}


def test_cache_at_rest_is_backed_up_and_restored(
    handler: PersistenceHandler, tmp_path: Path
) -> None:
    stash = open_stash(f"sqlite:{tmp_path / 'a.db'}")
    handler.store.create_cache("rest", stash=stash)
    stash.dump_many([("a", 1), ("b", (2,))])
    assert handler.backup_cache("rest")
    stash["c"] = 3
    stash["a"] = 0
    handler.restore_cache(newest(handler))
    assert dict(stash) == {"a": 1, "b": (2,)}


def test_damaged_newest_names_an_older_one(handler: PersistenceHandler) -> None:
    results = [handler.backup_cache("users") for _ in range(3)]
    paths = [str(result.filepath) for result in results]
    for path in paths[1:]:
        Path(path).write_text(Path(path).read_text().replace("alice", "malice"))
    handler.store["users"]["user:1"] = "now"
    with pytest.raises(CorruptDataError, match="an older one is") as e:
        handler.restore_cache(newest(handler))
    assert f"'{paths[2]}' doesn't match its checksum" in str(e.value)
    assert f"an older one is '{paths[0]}'" in str(e.value)
    assert dict(handler.store["users"]) == {"user:1": "now"}
    handler.restore_cache(paths[0])
    assert dict(handler.store["users"]) == {"user:1": "alice@example.com"}


def test_damaged_file_elsewhere(handler: PersistenceHandler, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(CorruptDataError, match=r"No backup.*x\.json"):
        handler.restore_cache(tmp_path / "x.json")
    with pytest.raises(PersistableError, match="Can't read the backup"):
        handler.restore_cache(tmp_path / "none.json")


def test_old_backups_are_removed(handler: PersistenceHandler) -> None:
    paths = [str(handler.backup_cache("users").filepath) for _ in range(4)]
    for path, days in zip(paths, (40, 31, 29, 0), strict=True):
        age(handler, path, days)
    assert handler.cleanup_old_backups(days=30) == 2
    assert [backup["filepath"] for backup in handler.list_backups()] == paths[:1:-1]
    assert handler.cleanup_old_backups(days=7) == 1
    assert handler.cleanup_old_backups(days=7) == 0


def test_last_good_one_of_a_cache_is_not_removed(handler: PersistenceHandler) -> None:
    kept = str(handler.backup_cache("users").filepath)
    damaged = str(handler.backup_cache("users").filepath)
    other = str(handler.backup_cache("old_users").filepath)
    Path(damaged).write_text("{")
    for path, days in ((kept, 90), (damaged, 80), (other, 70)):
        age(handler, path, days)
    assert handler.cleanup_old_backups(days=30) == 1
    listed = {backup["filepath"] for backup in handler.list_backups()}
    assert listed == {kept, other}


def test_wrong_age_is_refused(handler: PersistenceHandler) -> None:
    with pytest.raises(PersistableError, match="-1 days"):
        handler.cleanup_old_backups(days=-1)


def test_newest_is_first_though_the_clock_was_set_back(
    handler: PersistenceHandler,
) -> None:
    first = str(handler.backup_cache("users").filepath)
    handler._wall_clock = lambda: WHEN - 3600
    os.utime(first, (0, os.stat(first).st_mtime + 3600))
    later = PersistenceHandler(handler.backup_dir, 0, handler.store)
    result = later.backup_cache("users")
    assert newest(later) == result.filepath


@pytest.mark.parametrize("interval", [-1, float("nan"), float("inf")])
def test_wrong_interval_is_refused(interval: float) -> None:
    with pytest.raises(PersistableError, match="auto_backup_interval"):
        PersistenceHandler(auto_backup_interval=interval)


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, str(tmp_path / "home"))
    handler = PersistenceHandler()
    try:
        assert handler.backup_dir == default_folder() == tmp_path / "home/cache_backup"
        assert handler.auto_backup_interval == 300
        assert handler.store.list_caches() == []
        assert not handler.backup_dir.exists()
    finally:
        handler.stop(final_backup=False)


class Steps:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.time = 0.0
        self.changed = threading.Condition()
        self.waiting: list[threading.Event] = []

    def now(self) -> float:
        return self.time

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        with self.changed:
            self.waiting.append(stop)
            self.changed.notify_all()
            self.changed.wait(0.01)
            self.waiting.remove(stop)
        return stop.is_set()

    def go(self, seconds: float) -> None:
        with self.changed:
            self.time += seconds
            self.changed.notify_all()

    def go_once_awaited(self, seconds: float) -> None:
        """Go on when somebody waits, who would else miss what is due meanwhile."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: not all(stop.is_set() for stop in self.waiting), 60
            )
            self.go(seconds)


@pytest.fixture
def steps() -> Steps:
    return Steps()


class Counted(PersistenceHandler):
    """Tells when it has backed all up."""

    def backup_all(self) -> Any:
        results = super().backup_all()
        self.__dict__.setdefault("done", threading.Semaphore(0)).release()
        return results


def test_backs_up_by_itself(store: CacheStore, tmp_path: Path, steps: Steps) -> None:
    handler = Counted(tmp_path, 300, store, clock=steps)
    handler.done = done = threading.Semaphore(0)  # type: ignore[attr-defined]  # see above
    for number in range(1, 4):
        steps.go_once_awaited(300)
        assert done.acquire(timeout=60)
        assert len(handler.list_backups("users")) == number
    handler.stop()
    assert len(handler.list_backups("users")) == 4, "a final one"
    handler.stop()
    steps.go(300)
    assert len(handler.list_backups("users")) == 4


def test_newer_handler_takes_over(store: CacheStore, tmp_path: Path) -> None:
    steps = Steps()
    older = Counted(tmp_path, 300, store, clock=steps)
    newer = Counted(tmp_path, 600, store, clock=steps)
    newer.done = done = threading.Semaphore(0)  # type: ignore[attr-defined]  # see above
    steps.go_once_awaited(600)
    assert done.acquire(timeout=60)
    newer.stop(final_backup=False)
    assert len(newer.list_backups("users")) == 1
    older.stop(final_backup=False)


def test_final_backup_takes_no_breaks(
    store: CacheStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[Pace] = []
    monkeypatch.setattr(Pace, "rest", lambda self: rests.append(self))
    handler = PersistenceHandler(tmp_path, 0, store)
    handler.backup_all()
    assert len(rests) == 3
    handler.stop()
    assert len(rests) == 3
    assert len(handler.list_backups()) == 6


def test_stop_without_a_final_backup(store: CacheStore, tmp_path: Path) -> None:
    PersistenceHandler(tmp_path / "b", 300, store).stop(final_backup=False)
    assert not (tmp_path / "b").exists()


def test_block_ends_with_a_final_backup(store: CacheStore, tmp_path: Path) -> None:
    with PersistenceHandler(tmp_path, 300, store) as handler:
        assert handler.list_backups() == []
    assert len(handler.list_backups()) == 3


PROGRAM = """
import os, sys
from zensols.persist.backup import CacheStore, PersistenceHandler
store = CacheStore()
store.create_cache("users")["a"] = 1
handler = PersistenceHandler(sys.argv[1], float(sys.argv[2]), store)
"""


def run(code: str, *arguments: object, number: int = 0) -> int:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM + code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as child:
        assert child.stdout is not None
        if number:
            assert child.stdout.readline() == "ready\n"
            child.send_signal(number)
        child.communicate(timeout=60)
    return child.returncode


WAIT = "print('ready', flush=True); sys.stdin.read()"


def count(folder: Path) -> int:
    return len(PersistenceHandler(folder, 0).list_backups("users"))


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("", 0),
        ("raise ValueError", 0),
        ("sys.exit(3)", 0),
        (WAIT, signal.SIGTERM),
        (WAIT, signal.SIGINT),
        ("if not (pid := os.fork()): sys.exit()\nos.waitpid(pid, 0)", 0),
    ],
)
def test_final_backup_at_the_end(code: str, number: int, tmp_path: Path) -> None:
    run(code, tmp_path, 300, number=number)
    assert count(tmp_path) == 1


def test_none_at_the_end_if_none_is_automatic(tmp_path: Path) -> None:
    assert run("", tmp_path, 0) == 0
    assert count(tmp_path) == 0
