from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zensols.persist.error import LockTimeoutError, PersistableError
from zensols.persist.stash.directory import DirectoryStash
from zensols.persist.stash.local import LocalFolder


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    return LocalFolder(f"file://{tmp_path}/data", {})


def test_folder_is_made_when_written_to(folder: LocalFolder, tmp_path: Path) -> None:
    assert list(folder.scan()) == []
    assert folder.read("a") is None
    assert not folder.folds()
    assert not (tmp_path / "data").exists()
    folder.write_many([("a", b"1"), ("b", b"2")])
    assert sorted(folder.scan()) == sorted(os.listdir(tmp_path / "data")) == ["a", "b"]
    assert not folder.folds()


def test_file_is_replaced_and_not_written_to(
    folder: LocalFolder, tmp_path: Path
) -> None:
    folder.write("a", b"old")
    with (tmp_path / "data" / "a").open("rb") as reader:
        folder.write("a", b"newer")
        assert reader.read() == b"old"
    assert folder.read("a") == b"newer"
    assert os.listdir(tmp_path / "data") == ["a"]


def test_what_dead_writers_left_is_removed(folder: LocalFolder, tmp_path: Path) -> None:
    folder.write("a", b"1")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        from zensols.persist.files.temporary import temporary_path

        left = temporary_path(str(tmp_path / "data" / "b"))
        Path(left).write_bytes(b"half")
        os.write(writer, left.encode())
        os._exit(0)
    os.waitpid(pid, 0)
    left = os.read(reader, 4096).decode()
    os.close(reader)
    os.close(writer)
    assert Path(left).exists()
    LocalFolder(folder.address, {}).write("a", b"2")
    assert os.listdir(tmp_path / "data") == ["a"]


def test_failure_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    folder = LocalFolder(f"file://{tmp_path}/data", {})
    with pytest.raises(PersistableError, match=r"Can't use file://.*/data: "):
        folder.write("a", b"1")
    with pytest.raises(PersistableError, match=r"Can't use file://.*/data: "):
        list(folder.scan())


def test_lock_is_that_of_a_directory_stash(folder: LocalFolder, tmp_path: Path) -> None:
    stash = DirectoryStash[int](tmp_path / "data")
    with (
        ThreadPoolExecutor(1) as executor,
        folder.lock("a", None),
        pytest.raises(LockTimeoutError),
    ):
        executor.submit(lambda: stash.lock("a", 0).__enter__()).result()
