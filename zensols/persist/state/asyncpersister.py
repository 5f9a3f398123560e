"""Asynchronous persisters, on any records."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from .addressed import Addressed
from .asynchronous import AsyncBaseStatePersister
from .diff import Difference
from .interface import PersistedStateData, Status
from .logic import Logic
from .past import HistoryItem
from .records import ANY
from .schema import Migration
from .serde import StateSerde
from .steps import Steps, drive_async
from .upkeep import Pruned

__all__ = ["AsyncPersister"]

T = TypeVar("T")


class AsyncPersister(Addressed, AsyncBaseStatePersister):
    """What :class:`.Persister` is, with coroutines.

    For the coroutines of one event loop.

    >>> import asyncio
    >>> from zensols.persist.state import AsyncInMemoryPersister, State
    >>> async def chat():
    ...     persister = AsyncInMemoryPersister()
    ...     await persister.save("user 1", "chat", 1, "ask", State(n=1), "completed")
    ...     return await persister.load("user 1", "chat")
    >>> asyncio.run(chat())["state"]["n"]
    1

    """

    def __init__(
        self,
        records: Any,
        *,
        types: Iterable[type] = (),
        schema_version: int | None = None,
        migrations: Sequence[Migration] = (),
    ) -> None:
        """
        :param records: the database: what :class:`.Records` has, as coroutines

        :param types: as for :class:`.Persister`, like all that follow

        """
        self._records = records
        self._logic = Logic(StateSerde(types, schema_version, migrations))

    def _do(self, steps: Steps[T]) -> Coroutine[Any, Any, T]:
        # Not one itself, since each that waits for another one takes time.
        return drive_async(steps, self._records)

    async def initialize(self) -> None:
        """See :meth:`.Persister.initialize`."""
        await self._records.set_up()

    async def is_initialized(self) -> bool:
        """See :meth:`.Persister.is_initialized`."""
        return bool(await self._records.is_set_up())

    async def save(
        self,
        partition_key: str | None,
        app_id: str,
        sequence_id: int,
        position: str,
        state: Mapping[str, Any],
        status: Status,
        *,
        expected_sequence: Any = ANY,
        **kwargs: Any,
    ) -> None:
        """See :meth:`.Persister.save`."""
        await self._do(
            self._logic.saver.save(
                partition_key,
                app_id,
                sequence_id,
                position,
                state,
                status,
                expected_sequence,
            )
        )

    async def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> PersistedStateData | None:
        """See :meth:`.Persister.load`."""
        return await self._do(
            self._logic.reader.load(partition_key, app_id, sequence_id)
        )

    async def list_app_ids(self, partition_key: Any, **kwargs: Any) -> list[str]:
        """See :meth:`.Persister.list_app_ids`."""
        return await self._do(self._logic.past.list_app_ids(partition_key))

    async def history(
        self, partition_key: str | None, app_id: str
    ) -> list[HistoryItem]:
        """See :meth:`.Persister.history`."""
        return await self._do(self._logic.past.history(partition_key, app_id))

    async def diff(
        self, partition_key: str | None, app_id: str, a: int, b: int
    ) -> list[Difference]:
        """See :meth:`.Persister.diff`."""
        return await self._do(self._logic.past.diff(partition_key, app_id, a, b))

    async def fork(
        self, partition_key: str | None, app_id: str, sequence_id: int, new_app_id: str
    ) -> None:
        """See :meth:`.Persister.fork`."""
        await self._do(
            self._logic.past.fork(partition_key, app_id, sequence_id, new_app_id)
        )

    async def truncate(
        self, partition_key: str | None, app_id: str, *, keep: int
    ) -> int:
        """See :meth:`.Persister.truncate`."""
        return await self._do(self._logic.upkeep.truncate(partition_key, app_id, keep))

    async def delete(self, partition_key: str | None, app_id: str) -> bool:
        """See :meth:`.Persister.delete`."""
        return await self._do(self._logic.upkeep.delete(partition_key, app_id))

    async def prune(
        self,
        partition_key: Any,
        *,
        max_age: timedelta | None = None,
        keep_apps: int | None = None,
        keep_states: int | None = None,
        dry_run: bool = False,
    ) -> list[Pruned]:
        """See :meth:`.Persister.prune`."""
        return await self._do(
            self._logic.upkeep.prune(
                partition_key, max_age, keep_apps, keep_states, dry_run
            )
        )

    async def cleanup(self) -> None:
        """See :meth:`.Persister.cleanup`."""
        await self._records.close()
