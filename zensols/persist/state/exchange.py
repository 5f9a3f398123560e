"""Take states from one database to another, as they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ..codec.tagged import Tagger
from ..error import CorruptDataError, PersistableError
from .exporting import Family
from .importing import Importing, Outcome
from .items import describe
from .logic import Logic
from .raw import RawFork, RawReader, RawState, batches
from .record import Record
from .records import ALL, Records
from .steps import Steps, drive
from .wording import name_of

__all__ = ["RawLoss", "StateExchange"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RawLoss:
    """States that can't be exported."""

    partition_key: str | None
    """The partition."""

    app_id: str
    """The application."""

    states: int
    """How many they are."""

    error: PersistableError
    """Why."""


class StateExchange:
    """Reads and adds states of a persister as they are stored: they are not decoded,
    so it takes none of their classes, and no migrations.

    For one thread; other threads and processes may use the database meanwhile.

    >>> from zensols.persist.state import InMemoryPersister
    >>> source, target = InMemoryPersister(), InMemoryPersister()
    >>> source.save(None, "chat", 1, "ask", {"size": (3, 4)}, "completed")
    >>> exchange = target.exchange()
    >>> [exchange.add(item) for item in source.exchange().export()]
    ['added']
    >>> exchange.find(None, "chat").data
    b'{"size":{"$tuple":[3,4]}}'

    """

    def __init__(self, records: Records, logic: Logic) -> None:
        """
        :param records: the database

        :param logic: the persister's

        """
        self._records = records
        self._reader = logic.reader
        self._importing = Importing(logic.reader, logic.saver)

    def _do(self, steps: Steps[T]) -> T:
        return drive(steps, self._records)

    def list_apps(self, partition_key: Any = ALL) -> list[tuple[str | None, str]]:
        """Return partitions and their applications, those saved last first.

        :param partition_key: the partition, by default all

        """
        return self._records.list_apps(partition_key)

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None = None
    ) -> RawState | None:
        """Return a state, or None if there is no such.

        :param partition_key: the partition

        :param app_id: the application

        :param sequence_id: which step, by default the one that was saved last

        :raises CorruptDataError: if it is damaged

        """
        return self._do(self._find(partition_key, app_id, sequence_id))

    def _find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Steps[RawState | None]:
        record = yield from self._reader.find(partition_key, app_id, sequence_id)
        if record is None:
            return None
        (data,) = yield from RawReader().read([record])
        return _state(partition_key, app_id, record, data)

    def export(
        self, partition_key: Any = ALL, app_id: str | None = None
    ) -> Iterator[RawState | RawFork | RawLoss]:
        """Return all that :meth:`add` needs: applications, the one saved last at the
        end, and of each its states in order; of those that it shares with one that
        came before, only how many these are.

        What is saved meanwhile may be left out.

        :param partition_key: the partition, by default all

        :param app_id: the application, by default all

        """
        families: dict[int, Family] = {}
        for partition, name in reversed(self.list_apps(partition_key)):
            if app_id in (None, name):
                try:
                    yield from self._export(partition, name, families)
                except CorruptDataError as e:
                    yield RawLoss(partition, name, 1, e)

    def _export(
        self, partition_key: str | None, app_id: str, families: dict[int, Family]
    ) -> Iterator[RawState | RawFork | RawLoss]:
        records = self._do(self._reader.list_records(partition_key, app_id))
        ids = [record.id for record in records]
        family = self._family(partition_key, app_id, families)
        of, count = family.find(ids)
        if of is not None:
            yield from _fork(partition_key, app_id, of, records[:count], family.lost)
        raw = RawReader()
        for batch in batches(records[count:]):
            found = self._do(raw.read(batch))
            for record, data in zip(batch, found, strict=True):
                try:
                    yield _state(partition_key, app_id, record, data)
                except PersistableError as e:
                    family.lost.add(record.id)
                    yield RawLoss(partition_key, app_id, 1, e)
        family.add(app_id, ids)

    def _family(
        self, partition_key: str | None, app_id: str, families: dict[int, Family]
    ) -> Family:
        branch = self._records.find_branch(partition_key, app_id)
        if branch is None:
            return Family()
        branches = self._records.find_branches(branch.root)
        if sum(other.app_id is not None for other in branches) == 1:
            # Not kept, as most have none.
            return Family()
        return families.setdefault(branch.root, Family())

    def add(self, item: RawState | RawFork) -> Outcome:
        """Add a state, or an application's part of another one's past, as
        :meth:`export` returned it.

        What is there already is left as it is.  After one that can't be added, all
        others of its application are skipped, so that nothing comes after a gap.

        :param item: the state, or part; those of one application are added one after
                     the other, in order

        :return: ``added``, ``same`` if it was there, or ``skipped``

        :raises StateConflictError: if there is something else

        :raises StoreUnavailableError: if the database can't be reached

        :raises PersistableError: if it can't be added

        """
        return self._do(self._importing.add(item))


def _state(
    partition_key: str | None,
    app_id: str,
    record: Record,
    data: bytes | CorruptDataError,
) -> RawState:
    where = f"state {record.sequence_id} of {name_of(partition_key, app_id)}"
    if isinstance(data, CorruptDataError):
        raise CorruptDataError(f"Damaged: {where}: {data}") from data
    plain = Tagger.parse(data, where)
    if type(plain) is not dict:
        raise CorruptDataError(f"Damaged: {where} is {describe(plain)}")
    return RawState(
        partition_key,
        app_id,
        record.sequence_id,
        record.position,
        record.status,
        record.created_at,
        record.version,
        data,
    )


def _fork(
    partition_key: str | None,
    app_id: str,
    of: str,
    shared: list[Record],
    lost: set[int],
) -> Iterator[RawFork | RawLoss]:
    there = [record for record in shared if record.id not in lost]
    if len(there) < len(shared):
        error = CorruptDataError(
            f"What {name_of(partition_key, app_id)} has of {name_of(None, of)} is damaged"
        )
        yield RawLoss(partition_key, app_id, len(shared) - len(there), error)
    if there:
        last = there[-1]
        yield RawFork(
            partition_key,
            app_id,
            of,
            len(there),
            last.sequence_id,
            last.position,
            last.status,
            last.created_at,
        )
