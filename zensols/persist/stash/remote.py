"""A folder in any file system that fsspec knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Final

from ..codec import EntryInfo
from ..codec.entry import Header
from ..codec.info import info_of
from ..domain.lock import stash_lock
from ..error import PersistableError, StoreUnavailableError

__all__ = ["RemoteFolder", "make_filesystem"]

_EXTRAS: Final = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
_FRONT: Final = 1 << 16
"""How many bytes of an entry nearly always tell all that it tells of itself."""


def make_filesystem(address: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """Return a file system that nobody else uses, and the path in it.  It is for
    this process only: most don't survive a fork.

    :param address: a URL as fsspec knows them

    :param options: what the file system's constructor takes

    :raises PersistableError: if there is no such file system, or its package is
                              missing

    >>> make_filesystem("memory://data/a", {})[1]
    '/data/a'

    """
    protocol = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        # What others write must be seen at once.
        found: tuple[Any, str] = url_to_fs(
            address,
            skip_instance_cache=True,
            use_listings_cache=False,
            **options,
        )
        return found
    except ImportError as e:
        extra = _EXTRAS.get(protocol, "s3")
        hint = f"pip install 'zensols.persist[{extra}]'"
        raise PersistableError(f"Can't use {address}: {e}; {hint}") from e
    except (TypeError, ValueError) as e:
        raise PersistableError(f"Can't use {address}: {e}") from e


class RemoteFolder:
    """The files of one folder, each read and written as a whole.

    As safe with threads as the file system.

    >>> folder = RemoteFolder("memory://example", {})
    >>> folder.write("a", b"data")
    >>> folder.read("a"), list(folder.scan())
    (b'data', ['a'])

    """

    batch: int = 16
    """How many files are read or written at once."""

    deletes: int = 16
    """How many files are deleted at once."""

    def __init__(self, address: str, options: Mapping[str, Any]) -> None:
        """
        :param address: a URL as fsspec knows them

        :param options: what the file system's constructor takes

        :raises PersistableError: if there is no such file system

        """
        self.address = address
        with self.errors():
            self.fs, path = make_filesystem(address, options)
        self.path: str = path.rstrip("/")
        self.prefix = f"{self.path}/"

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the file system raises into an error that says what to check;
        that a file is missing is left as it is.

        """
        try:
            yield
        except (FileNotFoundError, PersistableError):
            raise
        except Exception as e:  # file systems raise what they like
            raise self.unavailable(e) from e

    def unavailable(self, cause: object) -> StoreUnavailableError:
        """Return the error for a file system that doesn't answer as it should.

        :param cause: what it did

        """
        return StoreUnavailableError(
            f"Can't use {self.address}: {_describe(cause)}; check that it can be "
            f"reached, and the credentials, which are taken from the environment"
        )

    def read(self, name: str) -> bytes | None:
        """Return what is in a file, or None if there is none."""
        return self.read_many([name])[0]

    def read_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Return what is in some files, None for those that there aren't."""
        return self._each("cat_file", [(self.prefix + name,) for name in names])

    def read_front(self, name: str, end: int) -> tuple[bytes, int]:
        """Return the first bytes of a file, and the size of the whole.

        :param name: the file

        :param end: how many bytes to read

        :raises FileNotFoundError: if there is no such file

        """
        path = self.prefix + name
        with self.errors():
            size = self.fs.info(path)["size"]
            return self.fs.cat_file(path, start=0, end=min(end, size)), size

    def info(self, name: str, source: str) -> EntryInfo | None:
        """Return what the entry in a file tells of itself, without reading the
        whole, or None if there is none.

        :param name: the file

        :param source: names the entry in errors

        :raises PersistableError: if it is no entry, or damaged

        """
        try:
            front, size = self.read_front(name, _FRONT)
            header = Header(front, size, source)
            if header.meta > len(front):
                front, size = self.read_front(name, header.meta)
        except FileNotFoundError:
            return None
        header.open(front)
        return info_of(header, size)

    def write(self, name: str, data: bytes) -> None:
        """Store a file, at once and as a whole."""
        self.write_many([(name, data)])

    def write_many(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Store some files, each as a whole."""
        calls = [(self.prefix + name, data) for name, data in files]
        self._each("pipe_file", calls)

    def has(self, name: str) -> bool:
        """Return whether there is a file."""
        try:
            with self.errors():
                return bool(self.fs.info(self.prefix + name)["type"] == "file")
        except FileNotFoundError:
            return False

    def remove_many(self, names: Sequence[str]) -> None:
        """Delete some files, those that there are."""
        self._each("rm_file", [(self.prefix + name,) for name in names])

    def scan(self) -> Iterator[str]:
        """Return the names of the files that there are now."""
        try:
            with self.errors():
                found = self.fs.ls(self.path, detail=True, refresh=True)
        except FileNotFoundError:
            return
        for info in found:
            if info["type"] == "file":
                yield info["name"].rpartition("/")[2]

    def folds(self) -> bool:
        """Return whether names that differ in case only are the same."""
        return False

    def lock(self, key: str, timeout: float | None) -> AbstractContextManager[None]:
        """Return a lock on a key."""
        if self.address.startswith("memory://"):
            # The files are those of all such file systems of this process.
            return stash_lock(self.fs.store, f"{self.path}\0{key}", timeout)
        raise PersistableError(
            f"Can't lock key {key!r} at {self.address}: that file system has no locks "
            f"that all its users share; use a store that has, such as s3:// or "
            f"redis://"
        )

    def close(self) -> None:
        """Free what this holds."""

    def _each(self, method: str, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        if not calls:
            return []
        with self.errors():
            if getattr(self.fs, "async_impl", False):
                run = getattr(self.fs, f"_{method}")
                return self.together([partial(run, *args) for args in calls])
            run = getattr(self.fs, method)
            return [_found(run, args) for args in calls]

    def together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """Return what some coroutines do, at once, in the file system's loop; None
        for a file that is missing.

        :param calls: each returns a coroutine

        """
        from asyncio import gather

        from fsspec.asyn import sync

        async def run() -> list[Any]:
            return await gather(*(call() for call in calls), return_exceptions=True)

        results: list[Any] = sync(self.fs.loop, run)
        for number, result in enumerate(results):
            if isinstance(result, BaseException):
                self.check_missing(result)
                results[number] = None
        return results

    def check_missing(self, error: BaseException) -> None:
        """Raise an error unless it says that a file is missing."""
        if not isinstance(error, FileNotFoundError):
            raise error


def _found(run: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return run(*arguments)
    except FileNotFoundError:
        return None


def _describe(cause: object) -> str:
    text = str(cause).rstrip(".")
    if isinstance(cause, BaseException):
        text = f"{type(cause).__name__}: {text}" if text else type(cause).__name__
    return text
