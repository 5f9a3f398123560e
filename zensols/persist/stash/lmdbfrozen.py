"""An LMDB store as it is at one time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..error import PersistableError
from .lmdbenv import LmdbEnvironment

if TYPE_CHECKING:
    from lmdb import Transaction

__all__ = ["FreezableEnvironment", "FrozenEnvironment"]

T = TypeVar("T")

_ROOM: Final = 1 << 34
"""How many bytes others of this process can add at least while a store is frozen.
They take up addresses only.
"""


class FreezableEnvironment(LmdbEnvironment):
    """An environment that can show the store as it is at one time.

    Safe to use from several threads, and on both sides of a fork.

    """

    @contextmanager
    def frozen(self) -> Iterator[FrozenEnvironment]:
        """Show the store as it is now while the ``with`` block runs, to one thread.
        What is written meanwhile takes new space.  A fork of this process waits for
        the end, for half a minute at most.

        :raises PersistableError: if the store can't be read, or a value is being
                                  loaded from it for long

        """
        with suppress(PersistableError):
            # The map can't grow before the end.
            self._make_room()
        with self._own.lock:
            environment = self._environment or self._open()
            with environment.begin(buffers=True) as transaction:
                yield FrozenEnvironment(self, transaction)

    def _make_room(self) -> None:
        with self._own.lock:
            environment = self._environment or self._open()
            info = environment.info()
        page = environment.stat()["psize"]
        wanted = 2 * info["last_pgno"] * page + _ROOM
        # Where the file is as large as the map, addresses aren't all it takes.
        if info["map_size"] < wanted and os.name != "nt":
            self._replace(environment, wanted, sync=self.sync)


class FrozenEnvironment(FreezableEnvironment):
    """Reads in one transaction, for one thread."""

    def __init__(
        self,
        environment: FreezableEnvironment,
        transaction: Transaction[memoryview],
    ) -> None:
        """
        :param environment: whose transaction it is

        :param transaction: one that reads

        """
        self.folder = environment.folder
        self._transaction = transaction

    @property
    def is_made(self) -> bool:
        return True

    def read(self, use: Callable[..., T], default: T, *arguments: Any) -> T:
        return use(self._transaction, *arguments)

    def get(
        self, name: bytes, decode: Callable[[memoryview, str], T], key: str
    ) -> T | None:
        entry = self._transaction.get(name)
        return None if entry is None else decode(entry, key)

    def write(self, use: Callable[[Transaction[bytes]], T], size: int = 0) -> T:
        raise PersistableError(
            f"Can't write to the LMDB store in {self.folder} by what shows it as it was"
        )
