"""Write files so that a reader, or a crash, finds the old or the new content
and never a mixture.

Content goes to a temporary file in the folder of its target, which then
replaces the target.

"""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from .temporary import temporary_path

__all__ = ["AtomicFile", "write_atomic"]

_JOINED: Final = 1 << 16
"""Bytes up to which joining parts is cheaper than a system call for each."""

# O_EXCL also refuses a symbolic link that somebody else laid in our way.
_CREATE: Final = os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_CREATE_TO_WRITE: Final = _CREATE | os.O_WRONLY
_CREATE_TO_UPDATE: Final = _CREATE | os.O_RDWR


def _write_all(fd: int, parts: Sequence[bytes | bytearray | memoryview]) -> None:
    if len(parts) > 1 and sum(map(len, parts)) <= _JOINED:
        parts = (b"".join(parts),)
    for part in parts:
        written = os.write(fd, part)
        if written != len(part):
            rest = memoryview(part).cast("B")[written:]
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


def _write_once(
    path: str, parts: Sequence[bytes | bytearray | memoryview], fsync: bool
) -> None:
    temporary = temporary_path(path)
    fd = os.open(temporary, _CREATE_TO_WRITE, 0o600)
    try:
        try:
            _write_all(fd, parts)
            if fsync:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except BaseException:
        _discard(temporary)
        raise


def write_atomic(
    path: str, parts: Sequence[bytes | bytearray | memoryview], *, fsync: bool = False
) -> None:
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
        # while this process was suspended for longer than a day.
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
        self.fd = os.open(self._temporary, _CREATE_TO_UPDATE, 0o600)
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
