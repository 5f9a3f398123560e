"""A local folder, used as those of remote file systems are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..error import PersistableError
from ..files import (
    Sweeper,
    folds_case,
    key_lock_path,
    make_folder,
    path_lock,
    write_atomic,
)
from .remote import RemoteFolder

__all__ = ["LocalFolder"]


class LocalFolder(RemoteFolder):
    """The files of a local folder.  A file has its old content or the new one,
    whatever is killed when.

    Safe to use from many threads and processes.

    >>> import tempfile
    >>> folder = LocalFolder(f"file://{tempfile.mkdtemp()}/data", {})
    >>> folder.write("a", b"data")
    >>> folder.read("a"), list(folder.scan())
    (b'data', ['a'])

    """

    def __init__(self, address: str, options: Mapping[str, Any]) -> None:
        super().__init__(address, options)
        self._sweeper = Sweeper(self.path)
        self._folds: bool | None = None

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as e:
            reason = e.strerror or e
            raise PersistableError(f"Can't use {self.address}: {reason}") from e

    def write_many(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._sweeper.sweep()
        with self.errors():
            for name, data in files:
                path = self.prefix + name
                try:
                    write_atomic(path, [data])
                except FileNotFoundError:
                    make_folder(self.path)
                    write_atomic(path, [data])

    def scan(self) -> Iterator[str]:
        try:
            with self.errors(), os.scandir(self.path) as entries:
                for entry in entries:
                    if entry.is_file():
                        yield entry.name
        except FileNotFoundError:
            return

    def folds(self) -> bool:
        if self._folds is None and os.path.isdir(self.path):
            self._folds = folds_case(self.path)
        return bool(self._folds)

    def lock(self, key: str, timeout: float | None) -> AbstractContextManager[None]:
        return path_lock(key_lock_path(self.path, key), timeout)
