"""States as they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..error import CorruptDataError
from .chain import Piece, rebuild
from .interface import Status
from .record import Record
from .seal import unseal
from .steps import Steps

__all__ = ["RawFork", "RawReader", "RawState", "batches"]

_BATCH: Final = 200
"""How many states are read at once, unless they have too many bytes."""

_BYTES: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class RawState:
    """A state as it is stored, and what it was saved with.

    >>> RawState("user 1", "chat", 1, "ask", "completed",
    ...          "2026-01-02T03:04:05+00:00", None, b'{"n":1}').data
    b'{"n":1}'

    """

    partition_key: str | None
    """What the application belongs to, such as a user."""

    app_id: str
    """The application."""

    sequence_id: int
    """Which step of the application it is the state after."""

    position: str
    """What that step was."""

    status: Status
    """Whether the step succeeded."""

    created_at: str
    """When it was saved: ISO 8601, in UTC."""

    schema_version: int | None
    """The version that the program gave to its states then, if it did."""

    data: bytes
    """The state as JSON, with tags for what JSON has no form for; see
    :class:`.JsonCodec`.
    """


@dataclass(frozen=True, slots=True)
class RawFork:
    """What an application has of another one's past.

    >>> RawFork("user 1", "other chat", "chat", 3, 3, "ask", "completed",
    ...         "2026-01-02T03:04:05+00:00").of
    'chat'

    """

    partition_key: str | None
    """The partition of both."""

    app_id: str
    """The application."""

    of: str
    """The other one."""

    states: int
    """How many states they share, one after the other."""

    sequence_id: int
    """That of the last of these, as all that follow."""

    position: str
    status: Status
    created_at: str


class RawReader:
    """Reads what records hold, step by step; in a row, since each is mostly what
    changed since the one before.

    For one thread.

    """

    def __init__(self) -> None:
        # What it takes to rebuild the state that was read last, each as a whole.
        self._known: dict[int, bytes] = {}

    def read(self, records: Sequence[Record]) -> Steps[list[bytes | CorruptDataError]]:
        """Return the states of records as bytes, or what is wrong with them.

        :param records: the records, which may lack their payloads

        """
        wanted = {id_ for record in records for id_ in _ids(record)}
        pieces = yield "find_pieces", sorted(wanted - self._known.keys())
        found: list[bytes | CorruptDataError] = []
        for record in records:
            try:
                found.append(self._rebuild(record, pieces))
            except CorruptDataError as e:
                found.append(e)
        return found

    def _rebuild(self, record: Record, pieces: dict[int, Piece]) -> bytes:
        known: dict[int, bytes] = {}
        data = b""
        for id_ in _ids(record):
            if id_ in self._known:
                data = self._known[id_]
            else:
                data = rebuild([("whole", data), unseal(id_, pieces.get(id_))])
            known[id_] = data
        self._known = known
        return data


def batches(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Return records in groups, such that the states of each fit into memory.

    :param records: the records

    >>> list(batches([]))
    []

    """
    batch: list[Record] = []
    size = 0
    for record in records:
        if batch and (len(batch) == _BATCH or size + record.size > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += record.size
    if batch:
        yield batch


def _ids(record: Record) -> tuple[int, ...]:
    return *record.stored.path, record.id
