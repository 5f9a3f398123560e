"""Which process writes a module."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from ..error import PersistableError
from ..files import make_folder, work_lock_path

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = ["Owner"]


class Owner:
    """A process's right to a module's file.

    The first process to construct the module has it, until it ends, however it
    ends.  Processes that were started by :mod:`multiprocessing` import the script
    anew, and so construct its modules, too, as does the one in which NiceGUI serves
    a script that it reloads: these may.  The first process to *write* is then the
    only one.

    Not safe to use from two threads at a time.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     owner = Owner(f"{folder}/robot.json", "robot")
    ...     owner.claim()
    ...     owner.release()

    """

    def __init__(self, path: str, key: str) -> None:
        """
        :param path: the module's file

        :param key: the module's key, for errors

        """
        self._path = path
        self._key = key
        self._present: FileLock | None = None
        self._writing: FileLock | None = None

    def claim(self) -> None:
        """Claim the module, so that other programs can't have it.

        :raises PersistableError: if another process has it; the text tells which

        """
        if self._present is not None:
            return
        path = work_lock_path(self._path)
        try:
            make_folder(os.path.dirname(self._path))
            present = _try(path)
            if present is None:
                if not _is_started_by_program():
                    raise self._refusal(path)
                return
            # One that a program left behind can still be at it.
            writing = _try(self._writer_path())
        except OSError:
            # Nothing can be written here; writing tries again, and tells.
            return
        if writing is None:
            _release(present)
            raise self._refusal(self._writer_path())
        _release(writing)
        self._present = present

    def claim_writing(self) -> None:
        """Claim the right to write.

        :raises PersistableError: if another process has it; the text tells which

        :raises OSError: if the file can't be locked

        """
        if self._writing is None:
            self.claim()
            self._writing = _try(self._writer_path())
            if self._writing is None:
                raise self._refusal(self._writer_path())

    def release(self) -> None:
        """Give the module up."""
        for lock in (self._writing, self._present):
            if lock is not None:
                _release(lock)
        self._writing = self._present = None

    def _writer_path(self) -> str:
        return work_lock_path(f"{self._path}.writer")

    def _refusal(self, path: str) -> PersistableError:
        try:
            with open(path, "rb") as file:
                who = f"process {int(file.read(20))}"
        except (OSError, ValueError):
            who = "another process"
        return PersistableError(
            f"Module '{self._key}' is that of {who}, which keeps it in "
            f"'{self._path}': end that, or give one of them another persistence_key "
            "or persistence_folder"
        )


def _is_started_by_program() -> bool:
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and processes.parent_process() is not None:
        return True
    # While it imports the script, it doesn't know its parent yet; in others, this is
    # the main module by its other name.
    script = sys.modules.get("__mp_main__")
    return script is not None and script.__name__ == "__mp_main__"


def _try(path: str) -> FileLock | None:
    from filelock import FileLock, Timeout

    lock = FileLock(
        path,
        timeout=0,
        mode=0o600,
        thread_local=False,
        fallback_to_soft=False,
        on_acquired=_write_pid,
    )
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def _write_pid(fd: int) -> None:
    # For the errors of others only: on a full disk, they do without.
    with suppress(OSError):
        os.ftruncate(fd, 0)
        os.write(fd, b"%d\n" % os.getpid())


def _release(lock: FileLock) -> None:
    if os.name != "nt":
        # While it is still ours; who waits for it sees that it was removed.
        with suppress(OSError):
            os.unlink(lock.lock_file)
    lock.release()
