"""A stash that keeps its values in one of the standard library's shelves."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, KeysView
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

from ..codec import Codec, JsonCodec, default_codec
from ..domain import (
    CloseableStash,
    EntryStore,
    StashURL,
    V,
    codec_options,
    require_key,
)
from ..error import PersistableError
from ..files import beside_path, key_lock_path, path_lock
from .shelf import OpenShelf, remove_shelf, shelf_errors, shelf_files

if TYPE_CHECKING:
    from .shelf import EntryShelf

__all__ = ["ShelveStash"]


@dataclass
class ShelveStash(CloseableStash[V], EntryStore, Generic[V]):
    """Keeps its values in a shelf (see :mod:`shelve`), whichever database this
    Python has for it, as signed entries: what was not written with the user's
    key is not unpickled.

    Safe to use from many threads and processes: each use waits for the others,
    up to :attr:`lock_timeout`.  The database itself isn't safe against a process
    that is killed while it writes, and so its :attr:`reach` is this process;
    :class:`.DirectoryStash` is.

    >>> import tempfile
    >>> stash = ShelveStash(Path(tempfile.mkdtemp()) / "shelf")
    >>> stash["a"] = [1, 2]
    >>> stash["a"], stash.keys()
    ([1, 2], ('a',))

    """

    path: Path
    """The shelf, to which the database may add an extension."""

    writeback: bool = True
    """Whether objects that are changed in place are stored when the shelf is
    closed, given that it was kept open.
    """

    auto_close: bool = True
    """Whether to close the shelf after each use, so that others can use it."""

    codec: Codec | None = field(default=None, kw_only=True)
    """Turns values into entries; by default :func:`.default_codec`."""

    lock_timeout: float = field(default=60, kw_only=True)
    """How many seconds to wait for others that keep the shelf open."""

    def __post_init__(self) -> None:
        if not isinstance(self.path, Path):
            raise PersistableError(
                f"Expecting a pathlib.Path as the shelf of {type(self).__name__} but "
                f"got: {self.path!r} ({type(self.path).__name__})"
            )
        self._init_open()

    def _init_open(self) -> None:
        self._open: OpenShelf | None = None
        self._guard = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_open"], state["_guard"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._init_open()

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> ShelveStash[V]:
        """Return the stash of a URL such as ``shelve:data/shelf``; see
        :data:`.Opener`.

        """
        fields = url.read(lock_timeout=float)
        return cls(url.path, codec=codec, **fields)

    @property
    def url(self) -> StashURL:
        timeout = None if self.lock_timeout == 60 else self.lock_timeout
        options = {"lock_timeout": timeout, **codec_options(self.codec)}
        return StashURL.of_path("shelve", self.path, options)

    @classmethod
    def get_extension(cls) -> str | None:
        """Return the extension, without the dot, that this Python's database
        adds to the path, or None if it adds none.

        """
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "shelf")
            OpenShelf(path, default_codec(), writeback=False, timeout=60).close()
            return os.path.splitext(shelf_files(path)[0])[1][1:] or None

    @property
    def real_path(self) -> Path:
        """The file that is really made; of several, the first."""
        if files := shelf_files(str(self.path)):
            return Path(files[0])
        extension = self.get_extension()
        if extension is None:
            return self.path
        return self.path.with_name(f"{self.path.name}.{extension}")

    @property
    def shelve(self) -> EntryShelf:
        """The shelf, opened, and open until :meth:`close`; what it reads is
        verified.

        :raises LockTimeoutError: if others keep it open

        :raises PersistableError: if it can't be opened

        """
        with self._guard:
            if self._open is None:
                self._open = self._open_shelf(self.writeback)
            return self._open.shelf

    def _open_shelf(self, writeback: bool) -> OpenShelf:
        return OpenShelf(
            str(self.path),
            self.entry_codec,
            writeback=writeback,
            timeout=self.lock_timeout,
        )

    @contextmanager
    def _use(self) -> Iterator[EntryShelf]:
        with self._guard:
            kept = self._open is not None or not self.auto_close
            try:
                with shelf_errors(str(self.path)):
                    if kept:
                        yield self.shelve
                    else:
                        # Nobody gets to change an object before it is closed.
                        self._open = self._open_shelf(writeback=False)
                        yield self._open.shelf
            finally:
                if not kept:
                    self.close()

    def load(self, name: str) -> V | None:
        """Return the value of a key, or None if there is none.

        :param name: the key

        :raises PersistableError: if it can't be read or is not to be trusted

        """
        with self._use() as shelf:
            value: V | None = shelf.get(str(name))
            return value

    def get(self, name: str, default: Any = None) -> Any:
        with self._use():
            value = self.load(name)
            return default if value is None and not self.exists(name) else value

    def dump(self, name: str, inst: V) -> None:
        with self._use() as shelf:
            shelf[str(name)] = inst

    @property
    def entry_codec(self) -> Codec:
        return self.codec or default_codec()

    def load_entry(self, name: str) -> bytes | None:
        with self._use() as shelf:
            return shelf.load_entry(str(name)) if str(name) in shelf else None

    def dump_entry(self, name: str, entry: bytes) -> None:
        with self._use() as shelf:
            shelf.dump_entry(str(name), entry)
            shelf.cache.pop(str(name), None)

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

    def _make_beside(self, name: str) -> ShelveStash[Any]:
        path = Path(beside_path(str(self.path), name))
        return ShelveStash(path, codec=JsonCodec(), lock_timeout=self.lock_timeout)

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a lock on a key, shared by all processes that use the shelf, kept
        in a folder beside it while it is held.  It doesn't keep the shelf open.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        """
        return path_lock(key_lock_path(str(self.path), str(key)), timeout)

    def clear(self) -> None:
        """Close the shelf and remove its files."""
        with self._guard:
            self.close()
            remove_shelf(str(self.path), self.lock_timeout)

    def close(self) -> None:
        """Close the shelf if it is open; the next use opens it again.

        :raises PersistableError: if what was changed in it can't be stored

        """
        with self._guard:
            opened, self._open = self._open, None
            if opened is not None:
                with shelf_errors(str(self.path)):
                    opened.close()
