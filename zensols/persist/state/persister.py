"""Persisters, on any records."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from .addressed import Addressed
from .asynccaller import is_called_by_coroutine
from .diff import Difference
from .interface import BaseStatePersister, PersistedStateData, Status
from .logic import Logic
from .past import HistoryItem
from .records import ANY, Records
from .schema import Migration
from .serde import StateSerde
from .steps import Steps, drive
from .upkeep import Pruned

if TYPE_CHECKING:
    from .exchange import StateExchange

__all__ = ["Persister"]

T = TypeVar("T")


class Persister(Addressed, BaseStatePersister):
    """Saves and loads the states of applications; what database does that, its
    subclasses say.

    A state is saved once: saving the same again does nothing, saving another one
    with the same partition, application, sequence number and position raises
    :class:`.StateConflictError`, unless the one before was of a step that failed.

    Safe to use from many threads and, if its database is, processes.  To be used
    from coroutines, each has an asynchronous twin.

    >>> from zensols.persist.state import InMemoryPersister, State
    >>> persister = InMemoryPersister()
    >>> persister.save("user 1", "chat", 1, "ask", State(text="hello"), "completed")
    >>> persister.load("user 1", "chat")["state"]["text"]
    'hello'

    """

    twin: ClassVar[str] = "AsyncPersister"
    """Its asynchronous twin."""

    def __init__(
        self,
        records: Records,
        *,
        types: Iterable[type] = (),
        schema_version: int | None = None,
        migrations: Sequence[Migration] = (),
    ) -> None:
        """
        :param records: the database

        :param types: the classes that states may have instances of, besides simple
                      ones: dataclasses, msgspec structs, pydantic models, Enums,
                      named tuples; nothing in the database decides which class is
                      used

        :param schema_version: that of this program's states, which are saved with it

        :param migrations: what makes the states of each version those of the next,
                           in order

        """
        self._records = records
        self._logic = Logic(StateSerde(types, schema_version, migrations))
        self._warned = False

    def _do(self, steps: Steps[T]) -> T:
        if not self._warned and is_called_by_coroutine():
            self._warned = True
            warnings.warn(
                f"{type(self).__name__} is called from a coroutine, and all others "
                f"wait meanwhile: use {self.twin}",
                RuntimeWarning,
                stacklevel=3,
            )
        return drive(steps, self._records)

    def initialize(self) -> None:
        """Make the tables, or whatever the database needs, if there are none; the
        first save does so, too.

        """
        self._records.set_up()

    def is_initialized(self) -> bool:
        """Return whether there is all that the database needs."""
        return self._records.is_set_up()

    def save(
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
        """Save a state.

        :param partition_key: what the application belongs to, such as a user

        :param app_id: the application

        :param sequence_id: which step of the application it is the state after

        :param position: what that step was

        :param state: the state

        :param status: whether the step succeeded: ``completed`` or ``failed``

        :param expected_sequence: the sequence number of the newest state, or None if
                                  there must be none; by default any will do

        :param kwargs: ignored

        :raises StateConflictError: if there is another state of this step, or the
                                    newest state is not the one expected

        :raises StoreUnavailableError: if the database can't be reached

        :raises PersistableError: if the state can't be saved; the text gives the path
                                  to what can't

        """
        self._do(
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

    def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> PersistedStateData | None:
        """Return a state and what it was saved with, or None if there is no such.

        :param partition_key: the partition

        :param app_id: the application, or None for that of the partition that was
                       saved last

        :param sequence_id: which step, by default the one that was saved last

        :param kwargs: ignored

        :raises CorruptDataError: if it is damaged; the text says which can still be
                                  read

        :raises StateVersionError: if a newer version of the program saved it

        """
        return self._do(self._logic.reader.load(partition_key, app_id, sequence_id))

    def list_app_ids(self, partition_key: Any, **kwargs: Any) -> list[str]:
        """Return the applications of a partition, the one saved last first.

        :param partition_key: the partition, or ``ALL`` for those of all

        :param kwargs: ignored

        """
        return self._do(self._logic.past.list_app_ids(partition_key))

    def history(self, partition_key: str | None, app_id: str) -> list[HistoryItem]:
        """Return what was saved of an application, in order, without the states.

        :param partition_key: the partition

        :param app_id: the application

        """
        return self._do(self._logic.past.history(partition_key, app_id))

    def diff(
        self, partition_key: str | None, app_id: str, a: int, b: int
    ) -> list[Difference]:
        """Return what differs between two states of an application.

        :param partition_key: the partition

        :param app_id: the application

        :param a: the sequence number of one

        :param b: the sequence number of the other

        :raises PersistableError: if there is no such state

        """
        return self._do(self._logic.past.diff(partition_key, app_id, a, b))

    def fork(
        self, partition_key: str | None, app_id: str, sequence_id: int, new_app_id: str
    ) -> None:
        """Make an application that has the past of another one, and a future of its
        own.  Nothing is copied.

        :param partition_key: the partition of both

        :param app_id: the other one

        :param sequence_id: the last state of the past

        :param new_app_id: the new application

        :raises PersistableError: if there is no such state, or the new application
                                  exists

        """
        self._do(self._logic.past.fork(partition_key, app_id, sequence_id, new_app_id))

    def truncate(self, partition_key: str | None, app_id: str, *, keep: int) -> int:
        """Drop the oldest states of an application, and return how many these are.

        :param partition_key: the partition

        :param app_id: the application

        :param keep: how many to keep, at least 1

        """
        return self._do(self._logic.upkeep.truncate(partition_key, app_id, keep))

    def delete(self, partition_key: str | None, app_id: str) -> bool:
        """Delete an application, but for what forks have of it, and return whether
        there was one.

        :param partition_key: the partition

        :param app_id: the application

        """
        return self._do(self._logic.upkeep.delete(partition_key, app_id))

    def prune(
        self,
        partition_key: Any,
        *,
        max_age: timedelta | None = None,
        keep_apps: int | None = None,
        keep_states: int | None = None,
        dry_run: bool = False,
    ) -> list[Pruned]:
        """Drop what is too old or too much, and return what that is.

        :param partition_key: the partition, or ``ALL`` for each one

        :param max_age: how old states may be

        :param keep_apps: how many applications of a partition to keep, those that
                          were saved last

        :param keep_states: how many states of each application to keep

        :param dry_run: whether to drop nothing

        """
        return self._do(
            self._logic.upkeep.prune(
                partition_key, max_age, keep_apps, keep_states, dry_run
            )
        )

    def exchange(self) -> StateExchange:
        """Return what reads and adds states as they are stored, as tools need it."""
        from .exchange import StateExchange

        return StateExchange(self._records, self._logic)

    def cleanup(self) -> None:
        """Free what it holds, such as connections, until it is used again."""
        self._records.close()
