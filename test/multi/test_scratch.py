"""Folders for what travels between a program and its workers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from zensols.multi.scratch import scratch_folder
from zensols.persist.files import path_lock

CODE = """
import sys, tempfile
from zensols.multi.scratch import scratch_folder
tempfile.tempdir = sys.argv[1]
with scratch_folder() as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def other() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, tempfile.gettempdir()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def age(folder: str) -> None:
    os.utime(folder, (0, 0))


def test_folder_is_private_and_removed_with_all_in_it(temporary: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch_folder() as folder:
        assert os.stat(folder).st_mode & 0o77 == 0
        (Path(folder) / "file").touch()
        with scratch_folder() as second:
            assert second != folder
        raise ZeroDivisionError
    assert list(temporary.iterdir()) == []


def test_folder_of_a_killed_program_is_removed(
    other: subprocess.Popen[str], temporary: Path
) -> None:
    with other:
        assert other.stdout is not None
        theirs = other.stdout.readline().strip()
        (Path(theirs) / "file").touch()
        age(theirs)
        with scratch_folder():
            assert os.path.isdir(theirs)
        other.kill()
        other.wait()
        age(theirs)
        with scratch_folder() as ours:
            assert [str(path) for path in temporary.iterdir()] == [ours]


def test_folder_that_is_about_to_be_locked_stays(temporary: Path) -> None:
    new = tempfile.mkdtemp(prefix="zensols-multi-")
    with scratch_folder():
        assert os.path.isdir(new)
    age(new)
    with path_lock(f"{new}/lock"), scratch_folder():
        assert os.path.isdir(new)


def test_old_folder_of_the_same_thread_stays() -> None:
    # As of a stash whose items are made of another one's, a minute later.
    with scratch_folder() as outer:
        age(outer)
        with scratch_folder():
            assert os.path.isdir(outer)


def test_what_is_not_ours_to_remove_stays(temporary: Path) -> None:
    file = temporary / "zensols-multi-file"
    file.touch()
    age(str(file))
    link = temporary / "zensols-multi-link"
    link.symlink_to("nowhere")
    os.utime(link, (0, 0), follow_symlinks=False)
    with scratch_folder():
        assert file.exists()
        assert link.is_symlink()
