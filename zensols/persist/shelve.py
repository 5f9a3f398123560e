"""A stash that keeps its values in one of the standard library's shelves.

"""

from __future__ import annotations

import os
import shelve as std
import tempfile
import threading
from collections.abc import Iterable, Iterator, KeysView
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic

from .codec import Codec, default_codec
from .codec.entry import decode_key, encode_key
from .domain import CloseableStash, V, require_key
from .error import LockTimeoutError, PersistableError
from .files import make_folder, work_lock_path

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["ShelveStash", "shelve"]

_SUFFIXES: Final = {
    "dbm.dumb": (".dat", ".dir", ".bak"),
    "dbm.ndbm": (".db", ".pag", ".dir"),
}
"""What each kind of database appends to the path, where it appends anything."""


class _EntryShelf(std.Shelf[Any]):
    """A shelf of entries rather than of bare pickles."""

    def __init__(self, dbm: Any, codec: Codec, source: str, writeback: bool) -> None:
        super().__init__(dbm, writeback=writeback)
        self._codec = codec
        self._source = source

    def __getitem__(self, key: str) -> Any:
        with suppress(KeyError):
            return self.cache[key]
        data = self.dict[encode_key(key)]
        value = self._codec.decode(data, key, source=f"{self._source}[{key!r}]")
        if self.writeback:
            self.cache[key] = value
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        data = bytes(self._codec.encode(value, key))
        self.dict[encode_key(key)] = data
        if self.writeback:
            self.cache[key] = value

    def __delitem__(self, key: str) -> None:
        del self.dict[encode_key(key)]
        self.cache.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return encode_key(str(key)) in self.dict

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default

    def __iter__(self) -> Iterator[str]:
        return (decode_key(bytes(key)) for key in self.dict.keys())


class _Session:
    """An open shelf, which no other process or thread opens meanwhile."""

    def __init__(self, stash: ShelveStash[Any]) -> None:
        self._lock = _acquire(stash)
        try:
            path = str(stash.path)
            # What is closed after each use can't be changed in place.
            writeback = stash.writeback and not stash.auto_close
            codec = stash.codec or default_codec()
            self.shelf = _EntryShelf(_open(path), codec, path, writeback)
        except BaseException:
            _release(self._lock)
            raise

    def close(self) -> None:
        try:
            self.shelf.close()
        finally:
            _release(self._lock)


def _acquire(stash: ShelveStash[Any]) -> BaseFileLock:
    from filelock import FileLock, Timeout

    path = str(stash.path)
    make_folder(os.path.dirname(path) or os.curdir)
    # For any thread to close what another one has opened.
    lock = FileLock(work_lock_path(path), thread_local=False, poll_interval=0.005)
    try:
        lock.acquire(timeout=stash.lock_timeout)
    except Timeout as e:
        raise LockTimeoutError(
            f"The shelf {path} is kept open by another process, thread or stash for "
            f"over {stash.lock_timeout} seconds: close it there, or give a longer "
            f"lock_timeout"
        ) from e
    return lock


def _release(lock: BaseFileLock) -> None:
    # Removed first, since after that another one may hold it.
    with suppress(OSError):
        os.unlink(lock.lock_file)
    lock.release()


def _open(path: str) -> Any:
    import dbm

    try:
        return dbm.open(path, "c", 0o600)
    except (OSError, *dbm.error) as e:
        raise PersistableError(f"Can't open the shelf {path}: {e}") from e


def _files(path: str) -> list[str]:
    """Return the files of a shelf that exist, the main one first."""
    import dbm

    suffixes = _SUFFIXES.get(dbm.whichdb(path) or "", ("",))
    return [path + suffix for suffix in suffixes if os.path.exists(path + suffix)]


@cache
def _extension() -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "shelf")
        _open(path).close()
        return os.path.splitext(_files(path)[0])[1][1:] or None


@dataclass
class ShelveStash(CloseableStash[V], Generic[V]):
    """Keeps its values in a shelf (see :mod:`shelve`), whichever database this
    Python has for it, as signed entries: what was not written with the user's
    key is not unpickled.

    Safe to use from many threads and processes: each use waits for the others,
    up to :attr:`lock_timeout`.  The database itself isn't safe against a process
    that is killed while it writes; :class:`.DirectoryStash` is.

    >>> import tempfile
    >>> stash = ShelveStash(Path(tempfile.mkdtemp()) / "shelf")
    >>> stash["a"] = [1, 2]
    >>> stash["a"], stash.keys()
    ([1, 2], ('a',))

    """

    path: Path
    """The shelf, to which the database may add an extension."""

    writeback: bool = True
    """Whether objects changed in place are stored when the shelf is closed,
    given that it stays open.
    """

    auto_close: bool = True
    """Whether to close the shelf after each use, so that others can use it."""

    codec: Codec | None = field(default=None, kw_only=True)
    """Turns values into entries; by default :func:`.default_codec`."""

    lock_timeout: float = field(default=60, kw_only=True)
    """How many seconds to wait for others that have the shelf open."""

    def __post_init__(self) -> None:
        if not isinstance(self.path, Path):
            raise PersistableError(
                f"Expecting a pathlib.Path as the shelf of {type(self).__name__} but "
                f"got: {self.path!r} ({type(self.path).__name__})"
            )
        self._init_session()

    def _init_session(self) -> None:
        self._session: _Session | None = None
        self._guard = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_session"], state["_guard"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._init_session()

    @classmethod
    def get_extension(cls) -> str | None:
        """Return the extension, without the dot, that this Python's database
        adds to the path, or None if it adds none.

        """
        return _extension()

    @property
    def real_path(self) -> Path:
        """The file that is really made."""
        extension = self.get_extension()
        if extension is None:
            return self.path
        return self.path.with_name(f"{self.path.name}.{extension}")

    @property
    def shelve(self) -> std.Shelf[V]:
        """The shelf, opened, and open until :meth:`close`; what it reads is
        verified.

        :raises LockTimeoutError: if others keep it open

        :raises PersistableError: if it can't be opened

        """
        with self._guard:
            if self._session is None:
                self._session = _Session(self)
            return self._session.shelf

    @contextmanager
    def _use(self) -> Iterator[std.Shelf[V]]:
        with self._guard:
            nested = self._session is not None
            try:
                yield self.shelve
            finally:
                if self.auto_close and not nested:
                    self.close()

    def load(self, name: str) -> V | None:
        """Return the value of a key, or None if there is none.

        :param name: the key

        :raises PersistableError: if it can't be read or is not to be trusted

        """
        with self._use() as shelf:
            return shelf.get(str(name))

    def get(self, name: str, default: Any = None) -> Any:
        with self._use():
            value = self.load(name)
            return default if value is None and not self.exists(name) else value

    def dump(self, name: str, inst: V) -> None:
        with self._use() as shelf:
            shelf[str(name)] = inst

    def exists(self, name: str) -> bool:
        with self._use() as shelf:
            return str(name) in shelf

    def delete(self, name: str | None = None) -> None:
        key = str(require_key(self, name))
        with self._use() as shelf:
            if key in shelf:
                del shelf[key]

    def keys(self) -> Iterable[str]:
        """Return the keys, as a tuple if the shelf is closed after each use,
        else as a view.

        """
        with self._use() as shelf:
            return tuple(shelf) if self.auto_close else KeysView(shelf)

    def clear(self) -> None:
        """Close the shelf and remove its files."""
        with self._guard:
            self.close()
            lock = _acquire(self)
            try:
                for file in _files(str(self.path)):
                    os.unlink(file)
            finally:
                _release(lock)

    def close(self) -> None:
        """Close the shelf if it is open; the next use opens it again."""
        with self._guard:
            session, self._session = self._session, None
            if session is not None:
                session.close()


class shelve:  # noqa: N801  a context manager's name, as clients import it
    """A context manager that closes a :class:`.ShelveStash` in the end.

    >>> import tempfile
    >>> with shelve(Path(tempfile.mkdtemp()) / "shelf") as stash:
    ...     stash["a"] = 1
    ...     len(stash)
    1

    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """
        :param args: given to the stash

        :param kwargs: given to the stash

        """
        self.stash = ShelveStash[Any](*args, **kwargs)

    def __enter__(self) -> ShelveStash[Any]:
        return self.stash

    def __exit__(self, *exc_info: object) -> None:
        self.stash.close()
