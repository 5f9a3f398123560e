from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from zensols.persist.backup.dated import DatedFile
from zensols.persist.backup.document import CacheDocument
from zensols.persist.backup.folder import BackupFolder, read_limited
from zensols.persist.error import CorruptDataError, PersistableError

WHEN = datetime.fromisoformat("2025-11-15T16:11:18.027451")


@pytest.fixture
def folder(tmp_path: Path) -> BackupFolder:
    return BackupFolder(str(tmp_path))


def write(folder: BackupFolder, name: str, value: object = 1) -> DatedFile:
    with folder.lock():
        return folder.write(CacheDocument("named_cache", name, WHEN, {"a": value}))


def test_backups_of_one_second_are_told_apart(folder: BackupFolder) -> None:
    files = [write(folder, "users", number) for number in range(3)]
    assert [os.path.basename(file.path) for file in files] == [
        "cache_users_20251115_161118.json",
        "cache_users_20251115_161118_2.json",
        "cache_users_20251115_161118_3.json",
    ]
    assert folder.files() == [("users", file) for file in reversed(files)]


def test_number_decides_where_times_are_the_same(folder: BackupFolder) -> None:
    files = [write(folder, "users", number) for number in range(12)]
    for file in files:
        os.utime(file.path, (1, 1))
    listed = [file.path for _, file in folder.files()]
    assert listed == [file.path for file in reversed(files)]


def test_names_with_underscores_are_their_own(folder: BackupFolder) -> None:
    names = ["users", "users_old", "users_20251115_161118", "_", "u" * 300]
    for name in names:
        write(folder, name)
    for name in names:
        assert [found for found, _ in folder.files(name)] == [name]
    assert {part.name for part in folder.parts()} == set(names)


def test_long_name_of_a_damaged_file(folder: BackupFolder) -> None:
    file = write(folder, "u" * 300)
    Path(file.path).write_bytes(b"damaged")
    assert folder.files()[0][0] == os.path.basename(file.path)
    Path(file.path).write_bytes(b'"cache_name": "\xff"')
    assert folder.files()[0][0] == os.path.basename(file.path)


def test_other_files_are_left_out(folder: BackupFolder) -> None:
    write(folder, "users")
    Path(folder.path, "notes.json").write_text("{}")
    Path(folder.path, "%!00c0ffee-12-0.tmp").touch()
    assert len(folder.files()) == 1


def test_good_and_damaged(folder: BackupFolder) -> None:
    file = write(folder, "users")
    assert folder.is_good(file)
    with open(file.path, "r+b") as f:
        f.truncate(100)
    assert not folder.is_good(file)
    os.unlink(file.path)
    assert not folder.is_good(file)


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "cache_users_20251115_161118.json"
    with path.open("wb") as f:
        f.truncate(1 << 40)
    with pytest.raises(PersistableError, match=f"{1 << 40} bytes, more than"):
        BackupFolder(str(tmp_path)).read(str(path))
    file = write(BackupFolder(str(tmp_path)), "users")
    with pytest.raises(PersistableError, match="larger max_size"):
        BackupFolder(str(tmp_path), max_size=file.size - 1).read(file.path)
    assert BackupFolder(str(tmp_path), max_size=file.size).is_good(file)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        with pytest.raises(CorruptDataError, match="is not a file"):
            read_limited(str(path), 100)
    with pytest.raises(PersistableError, match="Can't read the backup"):
        read_limited(str(tmp_path / "none"), 100)


def test_synchronized_files_are_the_same(tmp_path: Path) -> None:
    file = write(BackupFolder(str(tmp_path), durability="fsync"), "users")
    assert BackupFolder(str(tmp_path)).is_good(file)
