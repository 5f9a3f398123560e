"""What loads and saves the states of applications, from coroutines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self

from .interface import PersistedStateData, Status
from .values import Made

__all__ = [
    "AsyncBaseStateLoader",
    "AsyncBaseStatePersister",
    "AsyncBaseStateSaver",
]


class AsyncBaseStateLoader(ABC):
    """Loads the states of applications; see :class:`.BaseStateLoader`.

    >>> class Demonstration(AsyncBaseStateLoader):
    ...     async def list_app_ids(self, partition_key, **kwargs):
    ...         return ["demo"]
    ...     async def load(self, partition_key, app_id, sequence_id=None, **kwargs):
    ...         return None
    >>> import asyncio
    >>> asyncio.run(Demonstration().load("user 1", "chat"))

    """

    @abstractmethod
    async def list_app_ids(self, partition_key: str | None, **kwargs: Any) -> list[str]:
        """See :meth:`.BaseStateLoader.list_app_ids`."""

    @abstractmethod
    async def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> PersistedStateData | None:
        """See :meth:`.BaseStateLoader.load`."""


class AsyncBaseStateSaver(ABC):
    """Saves the states of applications; see :class:`.BaseStateSaver`.

    >>> class Printer(AsyncBaseStateSaver):
    ...     async def save(self, partition_key, app_id, sequence_id, position, state,
    ...                    status, **kwargs):
    ...         print(app_id, sequence_id, position, dict(state), status)
    >>> import asyncio
    >>> asyncio.run(
    ...     Printer().save(None, "chat", 1, "ask", {"text": "hello"}, "completed")
    ... )
    chat 1 ask {'text': 'hello'} completed

    """

    async def initialize(self) -> None:  # noqa: B027  most have nothing to do
        """Make what saving needs, such as a table, if it isn't there."""

    async def is_initialized(self) -> bool:
        """Return whether there is what saving needs."""
        return True

    @abstractmethod
    async def save(
        self,
        partition_key: str | None,
        app_id: str,
        sequence_id: int,
        position: str,
        state: Mapping[str, Any],
        status: Status,
        **kwargs: Any,
    ) -> None:
        """See :meth:`.BaseStateSaver.save`."""

    def is_async(self) -> bool:
        """Return whether the other methods are coroutines: they are."""
        return True


class AsyncBaseStatePersister(AsyncBaseStateLoader, AsyncBaseStateSaver):
    """Loads and saves the states of applications; see :class:`.BaseStatePersister`.

    It can be pickled if it keeps open connections, locks and the like out of its
    pickled state.  What its class says of threads holds.

    >>> class Memory(AsyncBaseStatePersister):
    ...     def __init__(self, name="memory"):
    ...         self.name = name
    ...     async def list_app_ids(self, partition_key, **kwargs):
    ...         return []
    ...     async def load(self, partition_key, app_id, sequence_id=None, **kwargs):
    ...         return None
    ...     async def save(self, partition_key, app_id, sequence_id, position, state,
    ...                    status, **kwargs):
    ...         pass
    >>> async def main():
    ...     async with await Memory.from_config({"name": "other"}) as persister:
    ...         return persister.copy().name
    >>> import asyncio
    >>> asyncio.run(main())
    'other'

    """

    @classmethod
    def from_values(cls, *args: Any, **values: Any) -> Made[Self]:
        """Return a persister that makes its own connections, to be awaited or used
        with ``async with``.

        :param args: what the class takes

        :param values: what the class takes, by name

        """
        return Made(cls(*args, **values))

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Made[Self]:
        """Return a persister for a section of a configuration, to be awaited or used
        with ``async with``.

        :param config: what :meth:`from_values` takes, by name

        """
        return cls.from_values(**config)

    async def cleanup(self) -> None:
        """Free what it holds, such as connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cleanup()

    def copy(self) -> Self:
        """Return another persister of the same database, with connections of its
        own, as a pickled copy is.
        """
        return deepcopy(self)
