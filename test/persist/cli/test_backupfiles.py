from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash, open_stash
from zensols.persist.backup import BackupSchedule, CacheStore, PersistenceHandler
from zensols.persist.cli.backupfiles import file_rows, folder_of


@pytest.fixture
def store(in_tmp: Path) -> CacheStore:
    """Two caches, backed up to ``backups``, one of them twice."""
    store = CacheStore()
    store.create_cache("users")["a"] = 1
    handler = PersistenceHandler("backups", 0, store)
    assert sum(handler.backup_all().values()) == 2
    store["users"]["b"] = 2
    assert handler.backup_cache("users")
    return store


def rows() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in file_rows(open_stash("dir:backups")):
        found.setdefault(row["name"], []).append((row["entries"], row["state"]))
    return found


def test_caches(store: CacheStore) -> None:
    assert rows() == {
        "users": [(2, "good"), (1, "good")],
        "default": [(0, "good")],
    }
    row = next(file_rows(open_stash("dir:backups")))
    path = Path("backups", row["id"])
    assert row["id"].startswith("cache_users_")
    assert row["size"] == row["added"] == path.stat().st_size
    assert row["created"].endswith("+00:00")


def test_damaged(store: CacheStore) -> None:
    newest = next(file_rows(open_stash("dir:backups")))["id"]
    with open(Path("backups", newest), "r+b") as file:
        file.truncate(100)
    assert rows()["users"] == [(None, "corrupt"), (1, "good")]


def test_modules(in_tmp: Path) -> None:
    Path("states").mkdir()
    with BackupSchedule("03:00", "backups", source="states", start=False) as schedule:
        assert len(schedule.run()) == 1
    assert rows() == {"modules": [(None, "good")]}


def test_other_files_are_none(in_tmp: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(Path("backups"))
    stash["a"] = 1
    Path("backups", "cache.json").write_text("{}")
    assert rows() == {}


def test_what_has_no_folder(in_tmp: Path) -> None:
    assert folder_of(open_stash("dir:typo")) is None
    Path("a.db").touch()
    assert list(file_rows(open_stash("sqlite:a.db"))) == []
    assert list(file_rows(open_stash("memory:"))) == []
