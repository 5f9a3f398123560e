from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from zensols.persist.backup.archive import Archive, CacheArchive, ModuleArchive
from zensols.persist.backup.dated import DatedFile, DatedFolder
from zensols.persist.backup.folder import BackupFolder
from zensols.persist.backup.store import CacheStore
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import PersistableError

WHEN = datetime.fromisoformat("2025-11-15T03:00:00+01:00")


@pytest.fixture
def states(tmp_path: Path) -> Path:
    folder = tmp_path / "states"
    folder.mkdir()
    (folder / "robot.json").write_text('{"speed": 1}')
    return folder


@pytest.fixture
def modules(states: Path, tmp_path: Path) -> ModuleArchive:
    return ModuleArchive(DatedFolder(str(tmp_path / "backups")), str(states), 1 << 20)


@pytest.fixture
def store() -> CacheStore:
    store = CacheStore()
    store.create_cache("users")["a"] = (1, 2)
    store.create_cache("sessions", ttl=1e6)["b"] = 1
    return store


@pytest.fixture
def caches(store: CacheStore, tmp_path: Path) -> CacheArchive:
    return CacheArchive(BackupFolder(str(tmp_path / "backups")), store, Tagger())


def back_up(archive: Archive, name: str) -> DatedFile | None:
    with archive.folder.lock():
        return archive.back_up(name, WHEN)


def test_states_are_one_file(modules: ModuleArchive) -> None:
    assert modules.names() == ["modules"]
    assert modules.parts() == []
    file = back_up(modules, "modules")
    assert file is not None
    assert os.path.basename(file.path) == "backup_20251115_030000.json"
    assert json.loads(Path(file.path).read_bytes()) == {"robot": {"speed": 1}}
    assert modules.parts() == [("modules", [file])]
    assert modules.is_good(file)


def test_same_states_are_not_backed_up_again(
    modules: ModuleArchive, states: Path
) -> None:
    assert back_up(modules, "modules")
    assert back_up(modules, "modules") is None
    (states / "robot.json").write_text('{"speed":    1}')
    assert back_up(modules, "modules") is None
    (states / "robot.json").write_text('{"speed": 2}')
    newer = back_up(modules, "modules")
    assert newer is not None
    assert os.path.basename(newer.path) == "backup_20251115_030000_2.json"
    assert modules.parts()[0].files[0] == newer


@pytest.mark.parametrize("damaged", ["", "{", "[]", "[" * 100_000])
def test_damaged_states_are_backed_up_again(
    modules: ModuleArchive, damaged: str
) -> None:
    file = back_up(modules, "modules")
    assert file is not None
    Path(file.path).write_text(damaged)
    assert not modules.is_good(file)
    again = back_up(modules, "modules")
    assert again is not None
    assert modules.is_good(again)
    assert again.path != file.path


def test_older_good_one_tells_whether_states_changed(
    modules: ModuleArchive, states: Path
) -> None:
    back_up(modules, "modules")
    (states / "robot.json").write_text('{"speed": 2}')
    newer = back_up(modules, "modules")
    assert newer is not None
    Path(newer.path).write_text("{")
    (states / "robot.json").write_text('{"speed": 1}')
    assert back_up(modules, "modules") is None


def test_each_cache_is_a_file(caches: CacheArchive) -> None:
    assert caches.names() == ["sessions", "users", "default"]
    made = {name: back_up(caches, name) for name in caches.names()}
    assert {part.name: [*part.files] for part in caches.parts()} == {
        name: [file] for name, file in made.items()
    }
    assert all(caches.is_good(file) for file in made.values() if file)
    assert all("_20251115_030000" in file.path for file in made.values() if file)


def test_same_values_are_not_backed_up_again(
    caches: CacheArchive, store: CacheStore
) -> None:
    for name in caches.names():
        assert back_up(caches, name)
        assert back_up(caches, name) is None, "also where less time is left"
    store["users"]["c"] = 1
    assert back_up(caches, "users")
    store["users"].delete("c")
    assert back_up(caches, "users"), "it is compared to the newest one"


def test_damaged_cache_is_compared_to_an_older_one(
    caches: CacheArchive, store: CacheStore
) -> None:
    back_up(caches, "users")
    store["users"]["c"] = 1
    newer = back_up(caches, "users")
    assert newer is not None
    Path(newer.path).write_text("{")
    assert not caches.is_good(newer)
    assert back_up(caches, "users")


def test_cache_that_cannot_be_stored(caches: CacheArchive, store: CacheStore) -> None:
    store["users"]["c"] = object()
    with pytest.raises(PersistableError, match=r"value\['c'\]"):
        back_up(caches, "users")
