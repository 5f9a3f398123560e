from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DictionaryStash, Stash, open_stash
from zensols.persist.backup import recovery
from zensols.persist.backup.contents import TornError, take
from zensols.persist.backup.folder import BackupFolder
from zensols.persist.backup.recovery import Recovery
from zensols.persist.backup.store import CacheStore
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import PersistableError

WHEN = datetime.fromisoformat("2025-11-15T16:11:18.027451")
WANTED = take("users", DictionaryStash[Any]({"a": 1, "b": (2,)}), WHEN)


class Killed(BaseException):
    pass


@pytest.fixture
def stash(tmp_path: Path) -> Stash[Any]:
    stash = open_stash(f"dir:{tmp_path / 'users'}")
    stash["x"] = 0
    return stash


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def make(stash: Stash[Any] | None, backups: Path) -> Recovery:
    store = CacheStore()
    if stash is not None:
        store.create_cache("users", stash=stash)
    return Recovery(store, BackupFolder(str(backups)), Tagger())


def kill(stash: Stash[Any], backups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore and be killed when a value has been stored."""

    def replace(stash: Stash[Any], document: Any) -> None:
        stash["a"] = 1
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(recovery, "replace", replace)
        patch.setattr(os, "unlink", lambda path: None)
        with pytest.raises(Killed):
            make(stash, backups).restore(WANTED)
    assert dict(stash) == {"x": 0, "a": 1}


def test_cache_is_made_if_there_is_none(backups: Path) -> None:
    store = CacheStore()
    Recovery(store, BackupFolder(str(backups)), Tagger()).restore(WANTED)
    assert dict(store["users"]) == WANTED.items


def test_cache_at_rest_is_restored(stash: Stash[Any], backups: Path) -> None:
    make(stash, backups).restore(WANTED)
    assert dict(stash) == WANTED.items
    assert os.listdir(backups) == []


def test_what_is_torn_is_finished_later(
    stash: Stash[Any], backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tear(stash: Stash[Any], document: Any) -> None:
        raise TornError("in part")

    with monkeypatch.context() as patch:
        patch.setattr(recovery, "replace", tear)
        with pytest.raises(TornError):
            make(stash, backups).restore(WANTED)
    make(stash, backups).finish_all()
    assert dict(stash) == WANTED.items
    assert os.listdir(backups) == []


@pytest.mark.parametrize("how", ["all", "one"])
def test_what_was_cut_off_is_finished(
    stash: Stash[Any], backups: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    kill(stash, backups, monkeypatch)
    again = make(stash, backups)
    again.finish_all() if how == "all" else again.finish("users")
    assert dict(stash) == WANTED.items
    assert os.listdir(backups) == []


def test_what_was_cut_off_is_not_that_of_another_program(
    stash: Stash[Any], backups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill(stash, backups, monkeypatch)
    other = open_stash(f"dir:{tmp_path / 'others'}")
    make(other, backups).finish_all()
    make(None, backups).finish_all()
    assert dict(other) == {}
    assert len(os.listdir(backups)) == 1


def test_failure_leaves_no_note(stash: Stash[Any], backups: Path) -> None:
    class Frail(type(stash)):  # type: ignore[misc]  # made for this one
        def delete_many(self, names: Any) -> None:
            if "x" in names:
                raise PersistableError("can't delete")
            super().delete_many(names)

    stash.__class__ = Frail
    with pytest.raises(PersistableError, match="can't delete"):
        make(stash, backups).restore(WANTED)
    assert dict(stash) == {"x": 0}
    assert os.listdir(backups) == []


def test_nothing_is_touched_without_a_note(
    stash: Stash[Any], backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str, parts: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recovery, "write_atomic", full)
    with pytest.raises(PersistableError, match=r"'users', since a note.*No space left"):
        make(stash, backups).restore(WANTED)
    assert dict(stash) == {"x": 0}


def test_missing_folder_has_nothing_to_finish(
    stash: Stash[Any], tmp_path: Path
) -> None:
    make(stash, tmp_path / "none").finish_all()
    assert not (tmp_path / "none").exists()
