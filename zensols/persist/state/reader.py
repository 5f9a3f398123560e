"""Find and read states."""

from __future__ import annotations

from typing import Any

from ..error import CorruptDataError, PersistableError
from .chain import Piece, rebuild
from .garbage import spans_of
from .interface import PersistedStateData
from .record import Record, Span
from .seal import unseal
from .serde import StateSerde
from .steps import Steps
from .wording import name_of, numbers_of

__all__ = ["Reader"]


class Reader:
    """Finds and reads states, step by step.

    Immutable.

    >>> from zensols.persist.state.memory import MemoryRecords
    >>> from zensols.persist.state.steps import drive
    >>> drive(Reader(StateSerde()).load(None, "chat", None), MemoryRecords()) is None
    True

    """

    def __init__(self, serde: StateSerde) -> None:
        """
        :param serde: turns bytes into states

        """
        self._serde = serde

    def load(
        self, partition_key: str | None, app_id: str | None, sequence_id: int | None
    ) -> Steps[PersistedStateData | None]:
        """Return a state, or None if there is no such."""
        if app_id is None:
            app_id = yield "find_newest_app", partition_key
            if app_id is None:
                return None
        record = yield from self.find(partition_key, app_id, sequence_id)
        if record is None:
            return None
        state = yield from self.decode(partition_key, app_id, record)
        return {
            "partition_key": partition_key,
            "app_id": app_id,
            "sequence_id": record.sequence_id,
            "position": record.position,
            "state": state,
            "created_at": record.created_at,
            "status": record.status,
        }

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Steps[Record | None]:
        record: Record | None = yield "find", partition_key, app_id, sequence_id
        if record is None:
            spans = yield from self.spans(partition_key, app_id)
            if len(spans) > 1:
                record = yield "find_in", spans[1:], sequence_id
        return record

    def known(
        self, partition_key: str | None, app_id: str, sequence_id: int
    ) -> Steps[Record]:
        record = yield from self.find(partition_key, app_id, sequence_id)
        if record is None:
            raise PersistableError(
                f"No state {sequence_id} of {name_of(partition_key, app_id)}: see its "
                f"history"
            )
        return record

    def list_records(
        self, partition_key: str | None, app_id: str
    ) -> Steps[list[Record]]:
        spans = yield from self.spans(partition_key, app_id)
        records: list[Record] = []
        if spans:
            records = yield "list_records", spans, False
        return records

    def spans(self, partition_key: str | None, app_id: str) -> Steps[list[Span]]:
        branch = yield "find_branch", partition_key, app_id
        if branch is None:
            return []
        branches = [branch]
        if branch.parent is not None:
            branches = yield "find_branches", branch.root
        return spans_of(branch, branches)

    def pieces(self, record: Record) -> Steps[list[tuple[int, Piece]]]:
        path = record.stored.path
        found: dict[int, Piece] = {}
        if path:
            found = yield "find_pieces", path
        pieces = [(id_, unseal(id_, found.get(id_))) for id_ in path]
        return [*pieces, (record.id, unseal(record.id, record.piece))]

    def read(self, record: Record) -> Steps[bytes]:
        pieces = yield from self.pieces(record)
        return rebuild(piece for _, piece in pieces)

    def decode(
        self, partition_key: str | None, app_id: str, record: Record
    ) -> Steps[Any]:
        try:
            data = yield from self.read(record)
            return self._serde.decode(data, record.version)
        except CorruptDataError as e:
            readable = yield from self.readable(partition_key, app_id)
            raise CorruptDataError(
                f"State {record.sequence_id} of {name_of(partition_key, app_id)} is "
                f"damaged: {e}; of its {numbers_of(readable)} can still be read: load "
                f"one of these, or restore a backup"
            ) from e

    def readable(self, partition_key: str | None, app_id: str) -> Steps[list[int]]:
        """Return the sequence numbers of states that are not damaged."""
        readable = []
        records = yield from self.list_records(partition_key, app_id)
        for record in records:
            pieces = yield "find_pieces", (*record.stored.path, record.id)
            ids = (*record.stored.path, record.id)
            try:
                rebuild(unseal(id_, pieces.get(id_)) for id_ in ids)
            except CorruptDataError:
                continue
            readable.append(record.sequence_id)
        return readable
