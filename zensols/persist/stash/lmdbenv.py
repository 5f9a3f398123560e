"""LMDB environments, of which a process may have but one for each folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..error import PersistableError, StoreUnavailableError
from ..files import make_folder
from .gate import Gate
from .lmdbdriver import FILE, identify, import_lmdb

if TYPE_CHECKING:
    from lmdb import Environment, Transaction

__all__ = ["LmdbEnvironment"]

T = TypeVar("T")

_PATIENCE: Final = 30.0
"""Seconds to wait for the transactions of other threads to end."""

_MAX_READERS: Final = 1024
"""How many transactions of all processes together may read at once."""

_inherited: Final[list[Any]] = []
"""What children of a fork must neither use nor close."""

_STEP: Final = 1 << 20
"""Of which the sizes of maps are multiples, in bytes."""


class LmdbEnvironment:
    """The environment of a folder: what this process has mapped of it.

    It is opened on first use, and anew with a larger map whenever what is to be
    stored doesn't fit, or others have stored more than is mapped.  LMDB demands
    that no transaction is going on then, and that no child process inherits an
    open environment; both are seen to here.

    Safe to use from several threads, and on both sides of a fork.

    >>> import tempfile
    >>> environment = LmdbEnvironment(tempfile.mkdtemp(), 1 << 20, sync=False)
    >>> environment.write(lambda transaction: transaction.put(b"a", b"1"))
    True
    >>> environment.read(lambda transaction: bytes(transaction.get(b"a")), None)
    b'1'

    """

    def __init__(self, folder: str, map_size: int, *, sync: bool) -> None:
        """
        :param folder: the folder, made when first written to

        :param map_size: how many bytes to map at first

        :param sync: whether writing waits for the disk

        """
        self.folder = folder
        self.sync = sync
        self._map_size = map_size
        self._lmdb: Any = import_lmdb()
        self._gate = Gate()
        self._own = self._gate.own
        self._opening = threading.Lock()
        self._environment: Environment | None = None
        self._file: tuple[int, int] | None = None

    def __del__(self) -> None:
        if getattr(self, "_environment", None) is not None:
            self._close()

    @property
    def is_made(self) -> bool:
        """Whether there is a store in the folder."""
        if self._environment is not None:
            return True
        return os.path.exists(os.path.join(self.folder, FILE))

    def read(self, use: Callable[..., T], default: T, *arguments: Any) -> T:
        """Return what a function finds in the store as it is now.

        :param use: called with a transaction that ends with the call, and with it
                    all memory that it has handed out

        :param default: returned if there is no store yet

        :param arguments: what else to call it with

        :raises PersistableError: if the store can't be read

        """
        environment = None
        try:
            with self._own.lock:
                environment = self._environment
                if environment is None:
                    if not self.is_made:
                        return default
                    environment = self._open()
                with environment.begin(None, None, False, True) as transaction:
                    return use(transaction, *arguments)
        except self._lmdb.Error as e:
            self._recover(e, environment, 0)
        return self.read(use, default, *arguments)

    def get(
        self, name: bytes, decode: Callable[[memoryview, str], T], key: str
    ) -> T | None:
        """Return what a function makes of an entry, or None if there is none.

        :param name: the name of the entry

        :param decode: called with the entry, which is gone when it returns, and
                       the key

        :param key: the key

        :raises PersistableError: if the store can't be read

        """
        environment = None
        try:
            with self._own.lock:
                environment = self._environment
                if environment is None:
                    if not self.is_made:
                        return None
                    environment = self._open()
                # Not in a with statement, which takes longer than this.
                transaction = environment.begin(None, None, False, True)
                try:
                    entry = transaction.get(name)
                    return None if entry is None else decode(entry, key)
                finally:
                    transaction.abort()
        except self._lmdb.Error as e:
            self._recover(e, environment, 0)
        return self.get(name, decode, key)

    def write(self, use: Callable[[Transaction[bytes]], T], size: int = 0) -> T:
        """Let a function change the store; nothing is changed if it raises.

        :param use: called with a transaction, more than once if the map has to
                    grow for it

        :param size: how many bytes it is going to store, roughly

        :raises PersistableError: if the store can't be written

        """
        environment = None
        try:
            with self._own.lock:
                environment = self._environment or self._open()
                with environment.begin(write=True) as transaction:
                    return use(transaction)
        except self._lmdb.Error as e:
            self._recover(e, environment, size)
        return self.write(use, size)

    def clear(self) -> None:
        """Delete everything.

        :raises PersistableError: if the store can't be written

        """

        def drop(transaction: Transaction[bytes]) -> None:
            database = self._open().open_db(txn=transaction)
            transaction.drop(database, delete=False)

        if self.is_made:
            self.write(drop)

    def strengthen(self) -> None:
        """Make writing wait for the disk from now on."""
        while not self.sync:
            self._replace(self._environment, self._map_size, sync=True)

    def is_current(self) -> bool:
        """Return whether the folder still has the file that is open here."""
        return self._file is None or self._file == identify(self.folder)

    def suspend(self) -> bool:
        """Close until :meth:`resume`, with nobody using it; return whether that
        could be done.

        """
        if not self._gate.shut(_PATIENCE):
            return False
        self._close()
        return True

    def resume(self) -> None:
        """Let it be used again."""
        self._gate.reopen()

    def forget(self) -> None:
        """Forget what the parent process had, after a fork."""
        self._gate = Gate()
        self._own = self._gate.own
        self._opening = threading.Lock()
        if self._environment is not None:
            # Closing it would end what the parent is reading.
            _inherited.append(self._environment)
            self._environment = None

    def _open(self) -> Environment:
        with self._opening:
            while self._environment is None:
                make_folder(self.folder)
                try:
                    self._environment = environment = self._lmdb.open(
                        self.folder,
                        map_size=self._map_size,
                        mode=0o600,
                        sync=self.sync,
                        max_readers=_MAX_READERS,
                        max_spare_txns=1,
                    )
                except self._lmdb.MapResizedError:
                    # Others have stored more since it looked how much there is.
                    continue
                except (self._lmdb.Error, OSError) as e:
                    raise StoreUnavailableError(
                        f"Can't open the LMDB store in {self.folder}: {e}; check that "
                        f"the folder is one, is writable by this user, on a local "
                        f"disk, and that nothing but LMDB wrote its {FILE}"
                    ) from e
                self._map_size = environment.info()["map_size"]
                self._file = identify(self.folder)
                environment.reader_check()
            return self._environment

    def _close(self) -> None:
        environment, self._environment = self._environment, None
        if environment is not None:
            environment.close()

    def _recover(
        self, error: Exception, environment: Environment | None, size: int
    ) -> None:
        """Do what gives trying again a chance, or raise an error."""
        lmdb = self._lmdb
        if environment is not None:
            if isinstance(error, lmdb.MapFullError):
                # The pages that dead processes were reading can be written over.
                if not self._free_readers(environment):
                    wanted = max(2 * self._map_size, self._map_size + 2 * size)
                    self._replace(environment, wanted, sync=self.sync)
                return
            if isinstance(error, lmdb.MapResizedError):
                self._replace(environment, self._map_size, sync=self.sync)
                return
            if isinstance(error, lmdb.ReadersFullError) and self._free_readers(
                environment
            ):
                return
        # Any system error, of which LMDB makes "Input/output error" if the disk is full.
        hint = "; is its disk full?" if type(error) is lmdb.Error else ""
        raise PersistableError(
            f"Can't use the LMDB store in {self.folder}: {error}{hint}"
        ) from error

    def _free_readers(self, environment: Environment) -> bool:
        """Return whether there were dead readers, which are now forgotten."""
        with self._own.lock:
            return self._environment is environment and environment.reader_check() > 0

    def _replace(
        self, environment: Environment | None, map_size: int, *, sync: bool
    ) -> None:
        """Open the store anew, unless another thread has."""
        if not self._gate.shut(_PATIENCE):
            raise PersistableError(
                f"Can't map more of the LMDB store in {self.folder}, since a value is "
                f"being loaded from it meanwhile, by another thread for more than "
                f"{_PATIENCE:g} seconds or by this one: give a larger map_size"
            )
        try:
            if self._environment is environment:
                before = self._map_size
                self._close()
                self.sync = sync
                self._map_size = -(-map_size // _STEP) * _STEP
                try:
                    self._open()
                except PersistableError:
                    # So that what is there can be used.
                    self._map_size = before
                    raise
        finally:
            self._gate.reopen()
