"""Locks between threads and processes, in files that exist only while somebody
has or wants the lock.

"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from ..error import LockTimeoutError, PersistableError
from .folder import make_folder
from .sidecar import digest, hidden_name

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["key_lock_path", "path_lock", "work_lock_path"]

_POLL: Final = 0.01
"""Seconds between attempts to get a lock that another process has."""

_UNUSABLE: Final = frozenset(
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "EROFS", "ENOSYS", "ENOLCK", "EOPNOTSUPP")
    if hasattr(errno, name)
)
"""Why there can't be a lock beside the data, though perhaps elsewhere."""


def key_lock_path(folder: str, key: str) -> str:
    """Return the file to lock while an entry is being made.

    :param folder: the folder of the entries; need not exist

    :param key: the entry's key

    :return: a path in a folder beside ``folder``

    >>> from zensols.persist.files import key_lock_path
    >>> key_lock_path("/data/stash", "a")
    '/data/.stash.locks/27c35e6e9373877f29e562464e46497e.lock'

    """
    parent, name = os.path.split(os.path.realpath(folder))
    file = f"{digest(key.encode('utf-8', 'surrogatepass'))}.lock"
    return os.path.join(parent, hidden_name(name, ".locks"), file)


def work_lock_path(file: str) -> str:
    """Return the file to lock while another file is being made.

    :param file: the file to be made; need not exist

    :return: a path in the same folder

    >>> from zensols.persist.files import work_lock_path
    >>> work_lock_path("/data/model.dat")
    '/data/.model.dat.lock'

    """
    parent, name = os.path.split(os.path.abspath(file))
    return os.path.join(os.path.realpath(parent), hidden_name(name, ".lock"))


def _is_lock_folder(folder: str) -> bool:
    name = os.path.basename(folder)
    return name.startswith(".") and name.endswith(".locks")


def _prepare(folder: str) -> None:
    if _is_lock_folder(folder):
        make_folder(folder)
    elif not os.path.isdir(folder):
        raise PersistableError(f"No such folder to lock a file in: '{folder}'")


def _fallback(path: str) -> str:
    from tempfile import gettempdir

    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = os.path.join(gettempdir(), f".zensols-persist-{user}.locks")
    make_folder(folder)
    with suppress(FileNotFoundError):
        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != user:
            raise PersistableError(
                f"Can't lock '{path}', whose folder is read-only, in '{folder}', "
                "which belongs to somebody else: have it removed"
            )
    return os.path.join(folder, f"{digest(os.fsencode(path))}.lock")


def _owner(path: str) -> str:
    try:
        with open(path, "rb") as f:
            pid = int(f.read(20))
    except (OSError, ValueError):
        return "another process"
    return f"process {pid}"


def _write_owner(fd: int) -> None:
    # For the errors of others only: on a full disk, they do without.
    with suppress(OSError):
        os.ftruncate(fd, 0)
        os.write(fd, b"%d\n" % os.getpid())


def _timeout_error(path: str, timeout: float | None, owner: str) -> LockTimeoutError:
    return LockTimeoutError(
        f"Could not lock '{path}' within {timeout} seconds, since {owner} has it: "
        "wait longer or, if it hangs, end it"
    )


class _Lock:
    """A lock as this process sees it: its threads compete for the first part and
    the winner competes with other processes for the file.

    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._pid = os.getpid()
        self._threads = threading.RLock()
        self._depth = 0
        self._file: BaseFileLock | None = None

    def acquire(self, timeout: float | None) -> None:
        seconds = -1.0
        if timeout is not None:
            seconds = min(max(timeout, 0.0), threading.TIMEOUT_MAX)
        deadline = time.monotonic() + seconds
        if not self._threads.acquire(timeout=seconds):
            owner = f"another thread of this process, {self._pid},"
            if self._file is None:
                # That thread is waiting, too.
                owner = _owner(self._path)
            raise _timeout_error(self._path, timeout, owner)
        try:
            if self._depth == 0:
                self._acquire_file(timeout, deadline)
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise

    def _acquire_file(self, timeout: float | None, deadline: float) -> None:
        from filelock import Timeout

        path = self._path
        while self._file is None:
            try:
                self._file = self._try(path, timeout, deadline)
            except Timeout:
                raise _timeout_error(path, timeout, _owner(path)) from None
            except (FileNotFoundError, FileExistsError):
                # The folder is being removed by the last one to need it.
                pass
            except OSError as e:
                if path != self._path or e.errno not in _UNUSABLE:
                    raise PersistableError(f"Can't lock '{path}': {e}") from e
                path = _fallback(self._path)

    def _try(self, path: str, timeout: float | None, deadline: float) -> BaseFileLock:
        from filelock import FileLock

        folder = os.path.dirname(path)
        _prepare(folder)
        lock = FileLock(
            path,
            mode=0o600,
            thread_local=False,
            poll_interval=_POLL,
            fallback_to_soft=False,
            on_acquired=_write_owner,
        )
        seconds = -1.0 if timeout is None else max(deadline - time.monotonic(), 0.0)
        lock.acquire(timeout=seconds)
        if _is_lock_folder(folder):
            # Where it was removed since, the lock made it anew, for all to see.
            with suppress(OSError):
                os.chmod(folder, 0o700)
        return lock

    def release(self) -> None:
        if self._pid != os.getpid():
            # A child that was forked inside its parent's block leaves it.
            return
        try:
            self._depth -= 1
            if self._depth == 0 and self._file is not None:
                self._release_file(self._file)
        finally:
            self._threads.release()

    def _release_file(self, lock: BaseFileLock) -> None:
        self._file = None
        path = lock.lock_file
        if os.name != "nt":
            # While it is still ours.  Who has it open and gets its lock next sees
            # that it was removed and tries again with a new one.
            with suppress(OSError):
                os.unlink(path)
        lock.release()
        folder = os.path.dirname(path)
        if _is_lock_folder(folder):
            with suppress(OSError):
                os.rmdir(folder)


class _Registry:
    """The locks of this process that somebody has or waits for, by path."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, _Lock] = WeakValueDictionary()

    def lock(self, path: str) -> _Lock:
        with self._guard:
            lock = self._locks.get(path)
            if lock is None:
                lock = self._locks[path] = _Lock(path)
        return lock


_registry: Final = _Registry()

if hasattr(os, "register_at_fork"):
    # What this process holds, its child doesn't.
    os.register_at_fork(after_in_child=_registry.forget)


@contextmanager
def path_lock(path: str, timeout: float | None = None) -> Iterator[None]:
    """Hold a lock while the ``with`` block runs.  One thread of one process has
    it at a time, and may enter as many blocks with the same path as it likes.
    The kernel frees the lock of a process that dies.

    The file is removed afterwards, and so is its folder if made for locks (see
    :func:`key_lock_path`).  Where its folder is read-only, a file in the user's
    own folder for temporary files stands in for it.

    :param path: the file to lock; its content is ours

    :param timeout: how many seconds to wait at most; None, the default, waits as
        long as it takes, and 0 not at all

    :raises LockTimeoutError: if somebody else still has the lock by then, whose
        process id it tells

    :raises PersistableError: if the file can't be locked at all

    >>> import os, tempfile
    >>> from zensols.persist.files import path_lock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with path_lock(f"{folder}/a.lock"):
    ...         with path_lock(f"{folder}/a.lock"):
    ...             print(os.listdir(folder))
    ...     print(os.listdir(folder))
    ['a.lock']
    []

    """
    parent, name = os.path.split(os.path.abspath(path))
    lock = _registry.lock(os.path.join(os.path.realpath(parent), name))
    lock.acquire(timeout)
    try:
        yield
    finally:
        lock.release()
