"""Shelves that hold entries rather than bare pickles, one user at a time."""

from __future__ import annotations

import os
import shelve
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from ..codec import Codec
from ..codec.entry import decode_key, encode_key
from ..error import LockTimeoutError, PersistableError
from ..files import make_folder, work_lock_path
from .sqlite import SqliteDatabase

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["EntryShelf", "OpenShelf", "remove_shelf", "shelf_errors", "shelf_files"]

_SQLITE: Final = "dbm.sqlite3"

_SUFFIXES: Final = {
    "dbm.dumb": (".dat", ".dir", ".bak"),
    "dbm.ndbm": (".db", ".pag", ".dir"),
    _SQLITE: ("", "-wal", "-shm", "-journal"),
}
"""What each kind of database appends to the path, where it isn't nothing."""

_POLL: Final = 0.005
"""Seconds between attempts to get a shelf that somebody else has."""


class EntryShelf(shelve.Shelf[Any]):
    """A shelf of entries, each of which is verified when it is read.

    Use it in one thread at a time.

    >>> from zensols.persist.codec import JsonCodec
    >>> shelf = EntryShelf({}, JsonCodec(), "memory", writeback=False)
    >>> shelf["a"] = [1, 2]
    >>> list(shelf.items())
    [('a', [1, 2])]

    """

    dict: Any
    cache: Any
    writeback: bool

    def __init__(self, dbm: Any, codec: Codec, source: str, writeback: bool) -> None:
        """
        :param dbm: the database, a mapping of bytes

        :param codec: turns values into entries

        :param source: names the shelf in errors

        :param writeback: whether to keep what is read and write it again when the
                          shelf is closed, since it may have been changed

        """
        super().__init__(dbm, writeback=writeback)
        self._codec = codec
        self._source = source

    def load_entry(self, key: str) -> bytes:
        """Return the entry of a key as it is.

        :param key: the key

        :raises KeyError: if there is none

        """
        try:
            return bytes(self.dict[encode_key(key)])
        except KeyError:
            raise KeyError(key) from None

    def dump_entry(self, key: str, entry: bytes) -> None:
        """Store an entry as it is.

        :param key: the key

        :param entry: what :meth:`load_entry` returned

        """
        self.dict[encode_key(key)] = entry

    def __getitem__(self, key: str) -> Any:
        with suppress(KeyError):
            return self.cache[key]
        data = self.load_entry(key)
        value = self._codec.decode(data, key, source=f"{self._source}[{key!r}]")
        if self.writeback:
            self.cache[key] = value
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self.dump_entry(key, bytes(self._codec.encode(value, key)))
        if self.writeback:
            self.cache[key] = value

    def __delitem__(self, key: str) -> None:
        try:
            del self.dict[encode_key(key)]
        except KeyError:
            raise KeyError(key) from None
        self.cache.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and encode_key(key) in self.dict

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default

    def __iter__(self) -> Iterator[str]:
        return (decode_key(bytes(key)) for key in self.dict.keys())


class OpenShelf:
    """A shelf that is open, which no other process or thread opens meanwhile.

    >>> import tempfile
    >>> from zensols.persist.codec import JsonCodec
    >>> path = os.path.join(tempfile.mkdtemp(), "shelf")
    >>> opened = OpenShelf(path, JsonCodec(), writeback=False, timeout=10)
    >>> opened.shelf["a"] = 1
    >>> opened.close()

    """

    def __init__(
        self, path: str, codec: Codec, *, writeback: bool, timeout: float
    ) -> None:
        """
        :param path: the shelf; made, with its folder, if there is none

        :param codec: see :class:`EntryShelf`

        :param writeback: see :class:`EntryShelf`

        :param timeout: how many seconds to wait for others to close it

        :raises LockTimeoutError: if they take longer

        :raises PersistableError: if it can't be opened

        """
        self._lock = _acquire(path, timeout)
        try:
            with shelf_errors(path):
                self._dbm = _open_database(path)
        except BaseException:
            _release(self._lock)
            raise
        self.shelf = EntryShelf(self._dbm, codec, path, writeback)

    def close(self) -> None:
        """Close the shelf.

        :raises PersistableError: if what was changed in it can't be written

        """
        try:
            try:
                self.shelf.close()
            finally:
                # Which the former leaves undone if it raises.
                self._dbm.close()
        finally:
            _release(self._lock)


def _open_database(path: str) -> Any:
    import dbm

    if dbm.whichdb(path) == _SQLITE:
        return SqliteDatabase(path)
    database = dbm.open(path, "c", 0o600)  # noqa: SIM115  see OpenShelf.close()
    if type(database).__module__ == _SQLITE:
        database.close()
        return SqliteDatabase(path)
    return database


def remove_shelf(path: str, timeout: float) -> None:
    """Remove the files of a shelf.

    :param path: the shelf

    :param timeout: how many seconds to wait for others to close it

    :raises LockTimeoutError: if they take longer

    """
    lock = _acquire(path, timeout)
    try:
        with shelf_errors(path):
            for file in shelf_files(path):
                os.unlink(file)
    finally:
        _release(lock)


def shelf_files(path: str) -> list[str]:
    """Return the files of a shelf that exist, the main one first.

    :param path: the shelf

    >>> shelf_files("no such shelf")
    []

    """
    import dbm

    suffixes = _SUFFIXES.get(dbm.whichdb(path) or "", ("",))
    return [path + suffix for suffix in suffixes if os.path.exists(path + suffix)]


@contextmanager
def shelf_errors(path: str) -> Iterator[None]:
    """Turn what the database raises into errors that name the shelf.

    :param path: the shelf

    :raises PersistableError: in place of an error of the database or system

    """
    import dbm

    try:
        yield
    except PersistableError:
        raise
    except (OSError, *dbm.error) as e:
        raise PersistableError(f"Can't use the shelf {path}: {e}") from e


def _acquire(path: str, timeout: float) -> BaseFileLock:
    from filelock import FileLock, Timeout

    with shelf_errors(path):
        make_folder(os.path.dirname(path) or os.curdir)
        lock = FileLock(
            work_lock_path(path),
            mode=0o600,
            # For any thread to close what another one has opened.
            thread_local=False,
            poll_interval=_POLL,
            fallback_to_soft=False,
            on_acquired=_write_owner,
        )
        try:
            # A negative one would wait for ever.
            lock.acquire(timeout=max(timeout, 0))
        except Timeout as e:
            raise LockTimeoutError(
                f"The shelf {path} has been kept open for over {timeout} seconds by "
                f"another thread or stash, in {_owner(lock.lock_file)}: close it "
                f"there, or give a longer lock_timeout"
            ) from e
    return lock


def _write_owner(fd: int) -> None:
    # For the errors of others only: on a full disk, they do without.
    with suppress(OSError):
        os.ftruncate(fd, 0)
        os.write(fd, b"%d\n" % os.getpid())


def _owner(lock_file: str) -> str:
    try:
        with open(lock_file, encoding="ascii") as file:
            return f"process {int(file.read(20))}"
    except (OSError, ValueError):
        return "an unknown process"


def _release(lock: BaseFileLock) -> None:
    # Removed first, since after that another one may hold it.
    with suppress(OSError):
        os.unlink(lock.lock_file)
    lock.release()
