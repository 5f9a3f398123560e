"""The names of temporary files, which tell who writes them, so that the next
writer can remove those that a killed process left behind.

"""

from __future__ import annotations

import os
import re
import time
from functools import cache
from itertools import count
from typing import Final

__all__ = ["Sweeper", "is_temporary", "remove_dead", "temporary_path"]

_PREFIX: Final = "%!"
_NAME: Final = re.compile(r"%!([0-9a-f]{8})-([0-9]{1,19})-[0-9]+\.tmp")

_MAX_AGE: Final = 24 * 60 * 60
"""Seconds after which a temporary file is dead whoever its writer is: one on
another machine, or one whose process id has since been given to another."""

_numbers: Final = count()


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


@cache
def _stem() -> str:
    return f"{_PREFIX}{_token()}-{os.getpid()}-"


def _forget() -> None:
    _token.cache_clear()
    _stem.cache_clear()


if hasattr(os, "register_at_fork"):
    # A child has another process id, and perhaps another name space of them.
    os.register_at_fork(after_in_child=_forget)


def temporary_path(path: str) -> str:
    """Return a path, in the folder of ``path``, that no other process or thread
    uses.

    :param path: the file to be replaced

    :return: where to write it first

    >>> from zensols.persist.files import is_temporary, temporary_path
    >>> is_temporary(temporary_path("data/a.dat").removeprefix("data/"))
    True

    """
    # os.path would take a tenth of the time of a whole write.
    if os.altsep:
        path = path.replace(os.altsep, os.sep)
    return f"{path[: path.rfind(os.sep) + 1]}{_stem()}{next(_numbers)}.tmp"


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


def _is_dead(entry: os.DirEntry[str]) -> bool:
    match = _NAME.fullmatch(entry.name)
    if match is None:
        return False
    if match[1] == _token() and not _is_alive(int(match[2])):
        return True
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > _MAX_AGE


def remove_dead(folder: str) -> None:
    """Remove the temporary files of killed writers: those whose process is gone
    and, since that can't be known of other machines, any not written to for 24
    hours.  Any number of threads and processes can do so at once.

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
            found = [entry for entry in entries if is_temporary(entry.name)]
    except OSError:
        return
    for entry in found:
        try:
            if _is_dead(entry):
                os.unlink(entry.path)
        except OSError:
            # Finished, or removed by somebody else.
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
