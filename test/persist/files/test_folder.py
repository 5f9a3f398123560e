from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.files import folds_case, make_folder

StartPython = Callable[..., "Popen[str]"]

MAKE_AND_REMOVE = """
import os, sys
from contextlib import suppress
from zensols.persist.files import make_folder
for _ in range(500):
    make_folder(sys.argv[1])
    with suppress(OSError):
        os.removedirs(sys.argv[1])
"""


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that takes nothing away."""
    old = os.umask(0)
    yield
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_make_folder_is_private_at_each_level(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_folder(str(tmp_path / "a" / "b" / "c"))
    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "a") == 0o700
    assert mode(tmp_path / "a/b") == 0o700
    assert mode(tmp_path / "a/b/c") == 0o700


def test_make_folder_leaves_an_existing_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_folder(str(tmp_path))
    make_folder(f"{tmp_path}/")
    assert mode(tmp_path) == 0o750


def test_make_folder_takes_relative_and_slashed_paths(in_tmp: Path) -> None:
    make_folder("a/b//")
    make_folder("c")
    assert (in_tmp / "a/b").is_dir()
    assert (in_tmp / "c").is_dir()


def test_make_folder_takes_a_link_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    make_folder(str(tmp_path / "link"))
    make_folder(str(tmp_path / "link" / "a"))
    assert (tmp_path / "real" / "a").is_dir()


def test_make_folder_names_the_path_that_a_file_is_in_the_way_of(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("missing")
    for name in ("file", "file/a", "file/a/b", "nowhere"):
        path = tmp_path / name
        with pytest.raises(PersistableError, match=f"'{path}'|'{path.parent}'"):
            make_folder(str(path))


def test_make_folder_without_a_path() -> None:
    with pytest.raises(FileNotFoundError):
        make_folder("")


def test_make_folder_from_many_threads(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)

    def make(number: int) -> None:
        for turn in range(100):
            barrier.wait()
            make_folder(str(tmp_path / str(turn) / "a" / "b"))

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(make, range(8)))) == 8
    assert len(list(tmp_path.glob("*/a/b"))) == 100


def test_make_folder_while_others_remove_it(
    start_python: StartPython, tmp_path: Path
) -> None:
    (tmp_path / "keep").touch()
    path = tmp_path / "a" / "b"
    children = [start_python(MAKE_AND_REMOVE, path) for _ in range(4)]
    assert [child.wait() for child in children] == [0, 0, 0, 0]
    assert os.listdir(tmp_path) == ["keep"]


def test_folds_case_agrees_with_the_file_system(tmp_path: Path) -> None:
    (tmp_path / "Name").touch()
    assert folds_case(str(tmp_path)) is (tmp_path / "nAME").exists()
    assert os.listdir(tmp_path) == ["Name"]


def test_folds_case_of_a_missing_folder(tmp_path: Path) -> None:
    assert folds_case(str(tmp_path / "missing")) is False
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_folds_case_where_nothing_can_be_written() -> None:
    assert folds_case("/proc/self") is False
