"""Write files so that a reader, or a crash, finds the old or the new content
and never a mixture.

Content goes to a temporary file in the folder of its target, which then
replaces the target.  The name of a temporary file tells who writes it, so that
the next writer can remove those that a killed process left behind.

"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from functools import cache
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ..error import PersistableError

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "AtomicFile",
    "Sweeper",
    "is_temporary",
    "make_folder",
    "remove_dead",
    "temporary_path",
    "write_atomic",
]

_PREFIX: Final = "%!"
_TEMPORARY: Final = re.compile(r"%!([0-9a-f]{8})-([0-9]{1,19})-[0-9]+\.tmp", re.ASCII)

_MAX_AGE: Final = 24 * 60 * 60
"""Seconds after which a temporary file is dead whoever its writer is: one on
another machine, or one whose process id has since been given to another."""

_JOINED: Final = 1 << 16
"""Bytes up to which joining parts is cheaper than a system call for each."""

# O_EXCL also refuses a symbolic link that somebody else laid in our way.
_CREATE: Final = os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

_counter: Final = count()


@cache
def _token() -> str:
    """Identify the set of processes within which a process id is unique, as far
    as the system tells: this host, since it was booted, in this container.

    """
    from platform import node
    from zlib import crc32

    parts = [node()]
    try:
        with open("/proc/sys/kernel/random/boot_id") as f:
            parts.append(f.read())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        pass
    return f"{crc32(' '.join(parts).encode()):08x}"


if hasattr(os, "register_at_fork"):
    # A child can be born into another process id name space.
    os.register_at_fork(after_in_child=_token.cache_clear)


def temporary_path(path: str) -> str:
    """Return a path, in the folder of ``path``, that no other process or thread
    uses.

    :param path: the file to be replaced

    :return: where to write it first

    >>> from zensols.persist.files import is_temporary, temporary_path
    >>> is_temporary(temporary_path("data/a.dat").removeprefix("data/"))
    True

    """
    # Slower by a tenth of a whole write with os.path.
    folder = path[: max(path.rfind("/"), path.rfind(os.sep)) + 1]
    return f"{folder}{_PREFIX}{_token()}-{os.getpid()}-{next(_counter)}.tmp"


def is_temporary(name: str) -> bool:
    """Return whether a name is one that only our temporary files have.

    :param name: a file's name, without its folder

    :return: true for names that begin with ``%!``, which no key maps to

    >>> from zensols.persist.files import is_temporary
    >>> is_temporary("%!00c0ffee-12-0.tmp"), is_temporary("a.dat")
    (True, False)

    """
    return name.startswith(_PREFIX)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        # Where os.kill would end the process; age has to do.
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return True


def remove_dead(folder: str) -> None:
    """Remove the temporary files of killed writers: those whose process is gone
    and, since that can't be known of other machines, any not written to for 24
    hours.  Any number of processes can do so at once.

    :param folder: where to look, not including its sub-folders; may be missing

    >>> import os, tempfile
    >>> from zensols.persist.files import remove_dead
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "%!00c0ffee-12-0.tmp")
    ...     open(path, "w").close()
    ...     os.utime(path, (0, 0))
    ...     remove_dead(folder)
    ...     os.path.exists(path)
    False

    """
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name.startswith(_PREFIX)]
    except OSError:
        return
    for entry in found:
        match = _TEMPORARY.fullmatch(entry.name)
        if match is None:
            continue
        try:
            dead = match[1] == _token() and not _is_alive(int(match[2]))
            if not dead:
                modified = entry.stat(follow_symlinks=False).st_mtime
                dead = time.time() - modified > _MAX_AGE
            if dead:
                os.unlink(entry.path)
        except OSError:
            # Finished or removed by somebody else.
            pass


class Sweeper:
    """Removes what killed writers left in a folder, as often as it can while
    costing at most one percent of the time: a small folder is scanned at nearly
    every write, one of a million files every half a minute.

    Safe to use from several threads and processes.

    >>> from zensols.persist.files import Sweeper
    >>> sweeper = Sweeper("data")
    >>> sweeper.sweep()

    """

    __slots__ = ("_due", "_folder")

    def __init__(self, folder: str) -> None:
        """
        :param folder: the folder to keep clean; may be missing

        """
        self._folder = folder
        self._due = float("-inf")

    def sweep(self) -> None:
        """Call :func:`remove_dead`, unless it is too early for that.  To be
        called before each write.

        """
        start = time.perf_counter()
        if start >= self._due:
            remove_dead(self._folder)
            end = time.perf_counter()
            self._due = end + 100 * (end - start)

    def __reduce__(self) -> tuple[type[Sweeper], tuple[str]]:
        # The clock of another process or machine starts elsewhere.
        return Sweeper, (self._folder,)


def make_folder(path: str) -> None:
    """Make a folder and those above it that are missing, all of them for the
    user alone (mode 0700, less what the umask takes away).  One that exists is
    left as it is.  Any number of processes can do so at once.

    :param path: the folder

    :raises PersistableError: if a file is in the way

    >>> import os, tempfile
    >>> from zensols.persist.files import make_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_folder(f"{folder}/a/b")
    ...     os.listdir(folder)
    ['a']

    """
    try:
        os.mkdir(path, 0o700)
    except FileNotFoundError:
        parent = os.path.dirname(path.rstrip(os.sep))
        if not parent:
            raise
        make_folder(parent)
        make_folder(path)
    except OSError as e:
        if os.path.isdir(path):
            return
        if isinstance(e, (FileExistsError, NotADirectoryError)):
            raise PersistableError(
                f"Can't make folder '{path}', since a file is in the way: "
                "remove it or choose another folder"
            ) from e
        raise


def _write(fd: int, parts: Sequence[Buffer]) -> None:
    if len(parts) > 1 and sum(memoryview(p).nbytes for p in parts) <= _JOINED:
        parts = (b"".join(parts),)
    for part in parts:
        rest = memoryview(part)
        written = os.write(fd, rest)
        if written < rest.nbytes:
            rest = rest.cast("B")[written:]
            while rest:
                rest = rest[os.write(fd, rest) :]


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _sync_folder(path: str) -> None:
    if os.name != "nt":
        fd = os.open(os.path.dirname(path) or os.curdir, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _write_once(path: str, parts: Sequence[Buffer], fsync: bool) -> None:
    temporary = temporary_path(path)
    fd = os.open(temporary, _CREATE | os.O_WRONLY, 0o600)
    try:
        try:
            _write(fd, parts)
            if fsync:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except BaseException:
        _discard(temporary)
        raise


def write_atomic(path: str, parts: Sequence[Buffer], *, fsync: bool = False) -> None:
    """Write a file whole or not at all.  The file is readable by the user only
    (mode 0600), whatever mode the replaced file had; a symbolic link is replaced
    rather than followed.

    Safe to use from several threads and processes; the last one wins.

    :param path: the file, in a folder that exists

    :param parts: its content, as C-contiguous buffers to be written one after
        the other

    :param fsync: whether to wait until the content and its name are on disk and
        would survive a power failure

    :raises OSError: if it could not be written, in which case the old file is
        as it was

    >>> import pathlib, tempfile
    >>> from zensols.persist.files import write_atomic
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(f"{folder}/a.dat", [b"con", b"tent"])
    ...     pathlib.Path(folder, "a.dat").read_bytes()
    b'content'

    """
    try:
        _write_once(path, parts, fsync)
    except FileNotFoundError:
        # Either there is no folder, and this fails again, or somebody cleaned up
        # while this process was suspended for longer than _MAX_AGE.
        _write_once(path, parts, fsync)
    if fsync:
        _sync_folder(path)


class AtomicFile:
    """A file written piecemeal that replaces its target when the ``with`` block
    ends, and is discarded when the block raises.

    Use one object in one thread; several threads and processes can have one of
    their own for the same target, and the last one wins.

    >>> import os, pathlib, tempfile
    >>> from zensols.persist.files import AtomicFile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.dat")
    ...     with AtomicFile(str(path)) as file:
    ...         n = os.write(file.fd, b"content")
    ...         print(path.exists())
    ...     path.read_bytes()
    False
    b'content'

    """

    __slots__ = ("_fsync", "_path", "_temporary", "fd")

    fd: int
    """The descriptor to write to, opened for reading and writing, in the ``with``
    block; -1 outside it."""

    def __init__(self, path: str, *, fsync: bool = False) -> None:
        """
        :param path: the file, in a folder that exists

        :param fsync: whether to wait until the content and its name are on disk
            and would survive a power failure

        """
        self._path = path
        self._fsync = fsync
        self._temporary = ""
        self.fd = -1

    def __enter__(self) -> Self:
        """Open the temporary file.

        :raises OSError: if that fails, such as for a missing folder

        """
        self._temporary = temporary_path(self._path)
        self.fd = os.open(self._temporary, _CREATE | os.O_RDWR, 0o600)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        fd, self.fd = self.fd, -1
        try:
            try:
                if exc_type is None and self._fsync:
                    os.fsync(fd)
            finally:
                os.close(fd)
            if exc_type is None:
                os.replace(self._temporary, self._path)
        except BaseException:
            _discard(self._temporary)
            raise
        if exc_type is not None:
            _discard(self._temporary)
        elif self._fsync:
            _sync_folder(self._path)
