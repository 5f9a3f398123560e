"""Persisters in memory."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from .asyncpersister import AsyncPersister
from .memory import MemoryRecords
from .persister import Persister
from .threadedrecords import InlineRecords

__all__ = ["AsyncInMemoryPersister", "InMemoryPersister"]

_ADDRESS: Final = "memory:"


class InMemoryPersister(Persister):
    """Saves and loads the states of applications for as long as it lives, for tests
    and trials.

    Safe to use from many threads; a pickled copy has the same states, and from then
    on its own.

    >>> persister = InMemoryPersister()
    >>> persister.load("user 1", "chat") is None
    True

    """

    twin: ClassVar[str] = "AsyncInMemoryPersister"

    def __init__(self, **options: Any) -> None:
        """
        :param options: as for :class:`.Persister`

        """
        super().__init__(MemoryRecords(), **options)
        self._set_address(_ADDRESS)


class AsyncInMemoryPersister(AsyncPersister):
    """What :class:`InMemoryPersister` is, with coroutines.

    For the coroutines of one event loop.

    >>> AsyncInMemoryPersister().is_async()
    True

    """

    def __init__(self, **options: Any) -> None:
        """
        :param options: as for :class:`.AsyncPersister`

        """
        super().__init__(InlineRecords(MemoryRecords()), **options)
        self._set_address(_ADDRESS)
