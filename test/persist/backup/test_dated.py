from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from zensols.persist.backup.dated import DatedFile, DatedFolder, Part
from zensols.persist.error import PersistableError


@pytest.fixture
def folder(tmp_path: Path) -> DatedFolder:
    return DatedFolder(str(tmp_path / "a" / "backups"))


def add(folder: DatedFolder, data: bytes = b"data") -> DatedFile:
    with folder.lock():
        return folder.add([data], lambda number: f"x_{number}.json")


def test_folder_is_made_when_it_is_written_to(folder: DatedFolder) -> None:
    assert folder.scan(str) == []
    assert not os.path.exists(folder.path)
    file = add(folder)
    assert Path(file.path).read_bytes() == b"data"
    assert folder.scan(str) == [("x_1.json", file)]


def test_names_are_never_used_again(folder: DatedFolder) -> None:
    files = [add(folder, b"%d" % number) for number in range(3)]
    assert [os.path.basename(f.path) for f in files] == [
        *("x_1.json", "x_2.json", "x_3.json")
    ]
    assert [Path(f.path).read_bytes() for f in files] == [b"0", b"1", b"2"]


def test_the_newest_is_newest_though_the_clock_was_set_back(
    folder: DatedFolder,
) -> None:
    first = add(folder)
    os.utime(first.path, ns=(0, first.modified_ns + 3600 * 10**9))
    other = DatedFolder(folder.path)
    later = [add(other), add(other)]
    times = [os.stat(file.path).st_mtime_ns for file in (first, *later)]
    assert times == sorted(set(times))
    assert [file.modified_ns for file in later] == times[1:]


def test_what_a_killed_writer_left_is_removed(folder: DatedFolder) -> None:
    add(folder)
    left = Path(folder.path, "%!00c0ffee-12-0.tmp")
    left.touch()
    os.utime(left, (0, 0))
    add(DatedFolder(folder.path))
    assert not left.exists()


def test_removing_what_is_gone(folder: DatedFolder) -> None:
    one, other = add(folder), add(folder)
    os.unlink(one.path)
    assert folder.remove([one.path, other.path]) == 1
    assert folder.scan(str) == []


def test_what_cannot_be_removed_is_told(folder: DatedFolder) -> None:
    file = add(folder)
    blocked = Path(folder.path, "blocked")
    blocked.mkdir()
    with pytest.raises(PersistableError, match=r"1 old backups.*blocked"):
        folder.remove([str(blocked), file.path])
    assert not os.path.exists(file.path), "the others are"


def test_place_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = DatedFolder(str(tmp_path / "file" / "backups"))
    with pytest.raises(PersistableError, match="file"):
        add(folder)


def test_failed_write_tells_where(folder: DatedFolder) -> None:
    with folder.lock(), pytest.raises(PersistableError, match=r"Can't write.*/no/x"):
        folder.add([b"data"], lambda _: "no/x")
    assert add(folder).size == 4


@pytest.mark.skipif(sys.platform != "linux", reason="as root elsewhere")
def test_listing_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PersistableError, match="Can't list the backups in"):
        DatedFolder(str(tmp_path / "file")).scan(str)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.integers(0, 2 * 10**18))
@example(1_795_315_799_573_918_000)
def test_seconds_are_those_of_getmtime(tmp_path: Path, modified_ns: int) -> None:
    path = tmp_path / "a"
    path.touch()
    os.utime(path, ns=(modified_ns, modified_ns))
    modified_ns = path.stat().st_mtime_ns  # as far as the file system keeps it
    assert DatedFile(str(path), 0, modified_ns).modified == os.path.getmtime(path)


def test_part() -> None:
    file = DatedFile("a", 1, 1_500_000_000)
    assert Part("x", [file]).files[0] is file
