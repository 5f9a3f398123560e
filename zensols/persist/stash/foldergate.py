"""Writing several files so that who copies their folder meanwhile gets all of them
or none.

"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from ..domain import BatchGate, Stash
from ..error import LockTimeoutError
from ..files import make_folder, on_network

try:
    import fcntl
except ImportError:  # pragma: no cover - on Windows
    fcntl = None  # type: ignore[assignment]  # checked where it is used

__all__ = ["FolderGate"]

_POLL: Final = 0.01
"""Seconds between attempts to be alone."""


class FolderGate(BatchGate):
    """A gate made of the lock of the folder itself, which takes a hundredth of the
    time that lock files take, and leaves nothing.  The kernel frees it if its owner
    dies.  On network file systems, where such locks may not work, and on Windows, it
    is made of lock files.

    Safe to use from many threads and processes.

    >>> import tempfile
    >>> from zensols.persist import DirectoryStash
    >>> stash = DirectoryStash(Path(tempfile.mkdtemp()))
    >>> with FolderGate(stash, stash.path, "batches").passing():
    ...     stash["a"] = stash["b"] = 1

    """

    def __init__(self, stash: Stash[Any], folder: str | Path, name: str) -> None:
        """
        :param stash: as for :class:`.BatchGate`

        :param folder: that of the stash

        :param name: as for :class:`.BatchGate`

        """
        super().__init__(stash, name)
        self._folder = os.path.abspath(folder)

    @contextmanager
    def passing(self) -> Iterator[None]:
        if self._folder in _inside.folders:
            yield
            return
        if not os.path.isdir(self._folder):
            make_folder(self._folder)
        while True:
            with ExitStack() as stack:
                descriptor = self._open(stack)
                if descriptor is None:
                    stack.enter_context(super().passing())
                else:
                    fcntl.flock(descriptor, fcntl.LOCK_SH)
                    if self._is_shut():
                        stack.close()
                        self._wait()
                        continue
                stack.enter_context(_inside.of(self._folder))
                yield
                return

    @contextmanager
    def shut(self, timeout: float | None = None) -> Iterator[None]:
        if self._folder in _alone.folders:
            # The kernel would let the thread wait for itself.
            yield
            return
        due = None if timeout is None else time.monotonic() + timeout
        with ExitStack() as stack:
            # First, so that nobody can pass any more who makes the folder.
            self._put_up_sign(stack, timeout)
            descriptor = self._open(stack)
            if descriptor is None:
                stack.enter_context(super().shut(timeout))
            else:
                self._be_alone(descriptor, due)
                stack.enter_context(_alone.of(self._folder))
            stack.enter_context(_inside.of(self._folder))
            yield

    def _open(self, stack: ExitStack) -> int | None:
        """Return what the folder can be locked by, or None if it can't."""
        if fcntl is None:
            return None
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        stack.callback(_leave, descriptor)
        if on_network(os.fstat(descriptor).st_dev):
            return None
        return descriptor

    def _be_alone(self, descriptor: int, due: float | None) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if due is not None and time.monotonic() >= due:
                    raise LockTimeoutError(
                        f"Somebody has been writing a batch to {self._folder} for "
                        f"longer than the given time: wait longer"
                    ) from None
                time.sleep(_POLL)
            else:
                return


def _leave(descriptor: int) -> None:
    # First, since a child that was forked meanwhile has it, too.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


class _Inside(threading.local):
    """The folders of the gates that the thread is in."""

    def __init__(self) -> None:
        self.folders: set[str] = set()

    @contextmanager
    def of(self, folder: str) -> Iterator[None]:
        self.folders.add(folder)
        try:
            yield
        finally:
            self.folders.discard(folder)


_inside: Final = _Inside()
_alone: Final = _Inside()
"""Those that it has shut."""
