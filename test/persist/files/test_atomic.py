from __future__ import annotations

import fcntl
import os
import random
import signal
import stat
import termios
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import Popen

import pytest

from zensols.persist.files import AtomicFile, remove_dead, write_atomic
from zensols.persist.files.atomic import _write_all

StartPython = Callable[..., "Popen[str]"]
Write = Callable[[str, Sequence[bytes]], None]

WRITE_FOREVER = """
import sys
from zensols.persist.files import write_atomic
path, count = sys.argv[1], int(sys.argv[2])
contents = [bytes([c]) * 65536 for c in b"abcd"]
print("ready", flush=True)
while True:
    for content in contents:
        write_atomic(path, [content] * count)
"""

WRITE_HALF = """
import os, sys
from zensols.persist.files import AtomicFile
with AtomicFile(sys.argv[1]) as file:
    os.write(file.fd, b"half")
    print("ready", flush=True)
    sys.stdin.readline()
"""

FILL_DISK = """
import os, resource, sys
from zensols.persist.files import AtomicFile, write_atomic
path, limit = sys.argv[1], 100_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
write_atomic(path, [b"a" * 50_000, b"b" * 50_000])
for parts in ([b"x" * 150_000], [b"x" * 60_000, b"y" * 60_000]):
    try:
        write_atomic(path, parts)
    except OSError as e:
        print(e.strerror)
try:
    with AtomicFile(path) as file:
        data = memoryview(b"x" * 150_000)
        while data:
            data = data[os.write(file.fd, data):]
except OSError as e:
    print(e.strerror)
"""


def write_file(path: str, parts: Sequence[bytes]) -> None:
    with AtomicFile(path) as file:
        for part in parts:
            os.write(file.fd, part)


def write_synced(path: str, parts: Sequence[bytes]) -> None:
    write_atomic(path, parts, fsync=True)


def write_file_synced(path: str, parts: Sequence[bytes]) -> None:
    with AtomicFile(path, fsync=True) as file:
        for part in parts:
            os.write(file.fd, part)


every_writer = pytest.mark.parametrize(
    "write", [write_atomic, write_synced, write_file, write_file_synced]
)


class Interrupting(Sequence[bytes]):
    """Parts of a file; doing something before the last one is written."""

    def __init__(self, parts: list[bytes], action: Callable[[], object]) -> None:
        self.parts = parts
        self.action = action

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: object) -> bytes:
        raise AssertionError(index)

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts[:-1]
        self.action()
        yield self.parts[-1]


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@every_writer
def test_content_is_written_and_replaced(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    for parts in ([b"one"], [], [b"", b"t", b"wo"], [b"x" * 70_000, b"y" * 70_000]):
        write(str(path), parts)
        assert path.read_bytes() == b"".join(parts)
    assert names(tmp_path) == ["a.dat"]


def test_buffers_of_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    write_atomic(str(path), [bytearray(b"ab"), memoryview(b"xcdx")[1:3]])
    assert path.read_bytes() == b"abcd"


@every_writer
def test_relative_path(write: Write, in_tmp: Path) -> None:
    write("a.dat", [b"content"])
    assert (in_tmp / "a.dat").read_bytes() == b"content"


@every_writer
def test_file_is_private(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.touch()
    path.chmod(0o666)
    old = os.umask(0)
    try:
        write(str(path), [b"content"])
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@every_writer
def test_link_is_replaced_and_not_followed(write: Write, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"target")
    link.symlink_to(target)
    write(str(link), [b"content"])
    assert not link.is_symlink()
    assert link.read_bytes() == b"content"
    assert target.read_bytes() == b"target"


@every_writer
def test_folder_in_the_way(write: Write, tmp_path: Path) -> None:
    (tmp_path / "a.dat").mkdir()
    with pytest.raises(OSError, match=r"a\.dat"):
        write(str(tmp_path / "a.dat"), [b"content"])
    assert names(tmp_path) == ["a.dat"]


@every_writer
def test_missing_folder(write: Write, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(str(tmp_path / "missing" / "a.dat"), [b"content"])
    assert names(tmp_path) == []


def test_interrupt_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(b"old")

    def interrupt() -> None:
        assert len(names(tmp_path)) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(str(path), Interrupting([b"new", b""], interrupt))
    with pytest.raises(KeyboardInterrupt), AtomicFile(str(path)):
        interrupt()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.dat"]


def test_temporary_file_that_somebody_removes_is_written_again(
    tmp_path: Path,
) -> None:
    removed = []

    def remove() -> None:
        if not removed:
            removed.extend(names(tmp_path))
            os.unlink(tmp_path / removed[0])

    write_atomic(str(tmp_path / "a.dat"), Interrupting([b"con", b"tent"], remove))
    assert len(removed) == 1
    assert (tmp_path / "a.dat").read_bytes() == b"content"


def test_atomic_file_can_be_read_while_written(tmp_path: Path) -> None:
    with AtomicFile(str(tmp_path / "a.dat")) as file:
        os.write(file.fd, b"content")
        assert os.pread(file.fd, 100, 0) == b"content"
        fd = file.fd
    assert file.fd == -1
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(fd)


def test_short_writes_are_continued() -> None:
    reader, writer = os.pipe()
    received = bytearray()
    main = threading.get_ident()

    def read() -> None:
        waiting = array("i", [0])
        while waiting[0] == 0:
            fcntl.ioctl(reader, termios.FIONREAD, waiting)
        # Cuts the write short that waits for room in the pipe.
        signal.pthread_kill(main, signal.SIGUSR1)
        while data := os.read(reader, 1 << 20):
            received.extend(data)

    interrupts: list[int] = []
    old = signal.signal(signal.SIGUSR1, lambda number, _: interrupts.append(number))
    thread = threading.Thread(target=read)
    thread.start()
    try:
        data = random.Random(0).randbytes(1_000_000)
        _write_all(writer, [data, b"end"])
    finally:
        os.close(writer)
        thread.join()
        os.close(reader)
        signal.signal(signal.SIGUSR1, old)
    assert received == data + b"end"
    assert len(interrupts) == 1


def test_full_disk_keeps_the_old_file(
    start_python: StartPython, tmp_path: Path
) -> None:
    path = tmp_path / "a.dat"
    child = start_python(FILL_DISK, path)
    assert child.communicate()[0].splitlines() == ["File too large"] * 3
    assert child.returncode == 0
    assert path.read_bytes() == b"a" * 50_000 + b"b" * 50_000
    assert names(tmp_path) == ["a.dat"]


def test_killed_half_way_keeps_the_old_file(
    start_python: StartPython, tmp_path: Path
) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(b"old")
    child = start_python(WRITE_HALF, path)
    assert child.stdout.readline() == "ready\n"
    remove_dead(str(tmp_path))
    assert len(names(tmp_path)) == 2
    child.kill()
    child.wait()
    assert len(names(tmp_path)) == 2
    remove_dead(str(tmp_path))
    assert names(tmp_path) == ["a.dat"]
    assert path.read_bytes() == b"old"


def test_killed_at_any_moment_leaves_old_or_new(
    start_python: StartPython, tmp_path: Path
) -> None:
    path = tmp_path / "a.dat"
    for count in (1, 4, 16, 64):
        child = start_python(WRITE_FOREVER, path, count)
        assert child.stdout.readline() == "ready\n"
        old = path.stat().st_ino if path.exists() else None
        while not path.exists() or path.stat().st_ino == old:
            assert child.poll() is None
        child.kill()
        child.wait()
        content = path.read_bytes()
        assert len(content) == count * 65536
        assert len(set(content)) == 1
        remove_dead(str(tmp_path))
        assert names(tmp_path) == ["a.dat"]


def test_readers_see_no_mixture_of_writers(
    start_python: StartPython, tmp_path: Path
) -> None:
    path = tmp_path / "a.dat"
    children = [start_python(WRITE_FOREVER, path, 4) for _ in range(4)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    write_atomic(str(path), [b"z" * 4 * 65536])
    seen: set[bytes] = set()
    reads = 0
    # However long it takes until a writer has its turn.
    while reads < 300 or len(seen) < 2:
        reads += 1
        content = path.read_bytes()
        assert len(content) == 4 * 65536
        assert content == content[:1] * len(content)
        seen.add(content[:1])
