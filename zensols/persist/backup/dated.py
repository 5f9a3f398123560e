"""Files that are added to a folder and never changed, each the newest when it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Literal, NamedTuple, TypeVar

from ..error import PersistableError
from ..files import Sweeper, make_folder, path_lock, work_lock_path, write_atomic

__all__ = ["DatedFile", "DatedFolder", "Durability", "Part"]

Durability = Literal["process", "fsync"]
"""Whether files outlive the process that writes them, or a loss of power, too."""

N = TypeVar("N")


class DatedFile(NamedTuple):
    """A file as it is listed.

    >>> DatedFile("backups/a.json", 3, 1_000_000_000).modified
    1.0

    """

    path: str
    """Where it is."""

    size: int
    """How many bytes it has."""

    modified_ns: int
    """When it was modified, in nanoseconds since 1970."""

    @property
    def modified(self) -> float:
        """The same in seconds, to the last digit as :func:`os.path.getmtime` has it."""
        seconds, rest = divmod(self.modified_ns, 10**9)
        return seconds + 1e-9 * rest


class Part(NamedTuple):
    """What is backed up by itself, such as a cache.

    >>> Part("users", ())
    Part(name='users', files=())

    """

    name: str
    """What it is called."""

    files: Sequence[DatedFile]
    """Its backups, the newest first."""


class DatedFolder:
    """A folder of files each of which is written whole, under a name that no other has.

    Safe to use from several threads and processes.

    >>> import tempfile
    >>> folder = DatedFolder(tempfile.mkdtemp())
    >>> with folder.lock():
    ...     file = folder.add([b"con", b"tent"], lambda number: f"a_{number}.json")
    >>> os.path.basename(file.path), file.size
    ('a_1.json', 7)

    """

    def __init__(self, path: str, durability: Durability = "process") -> None:
        """
        :param path: the folder, which is made when it is first written to

        :param durability: ``fsync`` has files outlive a loss of power

        """
        self.path = path
        self._fsync = durability == "fsync"
        self._sweeper = Sweeper(path)
        self._newest_ns: int | None = None

    def lock(self) -> AbstractContextManager[None]:
        """Return a re-entrant lock that other processes with this folder heed.

        :raises PersistableError: if the folder can't be made or locked

        """
        try:
            make_folder(self.path)
        except OSError as e:
            raise PersistableError(
                f"Can't make the folder of backups '{self.path}': {e}: make it, or "
                "choose another one"
            ) from e
        return path_lock(work_lock_path(self.path))

    def add(
        self, parts: Sequence[bytes | memoryview], name: Callable[[int], str]
    ) -> DatedFile:
        """Write a file, as the newest one even if the clock was set back.  Call this in
        the block of :meth:`lock`.

        :param parts: its content

        :param name: returns a name, with a number from 1 on, if the one with the
                     number before is taken

        :raises PersistableError: if that fails

        """
        self._sweeper.sweep()
        number = 1
        while os.path.lexists(path := os.path.join(self.path, name(number))):
            number += 1
        try:
            write_atomic(path, parts, fsync=self._fsync)
            modified_ns = self._put_last(path)
        except OSError as e:
            raise PersistableError(
                f"Can't write the backup '{path}': {e}: make room or choose another "
                "folder"
            ) from e
        return DatedFile(path, sum(map(len, parts)), modified_ns)

    def _put_last(self, path: str) -> int:
        if self._newest_ns is None:
            others = (f.modified_ns for _, f in self.scan(bool) if f.path != path)
            self._newest_ns = max(others, default=0)
        modified_ns = os.stat(path).st_mtime_ns
        if modified_ns <= self._newest_ns:
            # Some file systems have but microseconds.
            modified_ns = self._newest_ns + 1000
            os.utime(path, ns=(modified_ns, modified_ns))
        self._newest_ns = modified_ns
        return modified_ns

    def scan(self, parse: Callable[[str], N | None]) -> list[tuple[N, DatedFile]]:
        """Return the files, in any order.

        :param parse: returns what a name tells; those of which it is nothing are left
                      out

        :raises PersistableError: if the folder can't be read

        """
        found: list[tuple[N, DatedFile]] = []
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    told = parse(entry.name)
                    if told:
                        # Somebody else may remove it meanwhile.
                        with suppress(FileNotFoundError):
                            path = os.path.join(self.path, entry.name)
                            status = entry.stat()
                            file = DatedFile(path, status.st_size, status.st_mtime_ns)
                            found.append((told, file))
        except FileNotFoundError:
            return []
        except OSError as e:
            raise PersistableError(
                f"Can't list the backups in '{self.path}': {e}"
            ) from e
        return found

    def remove(self, paths: Iterable[str]) -> int:
        """Remove files.

        :param paths: where they are

        :return: how many were there

        :raises PersistableError: if any can't be removed; the others are

        """
        removed = 0
        errors: list[OSError] = []
        for path in paths:
            try:
                os.unlink(path)
                removed += 1
            except FileNotFoundError:
                pass
            except OSError as e:
                errors.append(e)
        if errors:
            raise PersistableError(
                f"Can't remove {len(errors)} old backups, such as "
                f"'{errors[0].filename}': {errors[0].strerror}: remove them by hand"
            )
        return removed
