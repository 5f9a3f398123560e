"""What persisters do on PostgreSQL, statement by statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from ..error import PersistableError
from .chain import Piece
from .partitions import coded, decoded
from .postgreslayout import PostgresLayout
from .postgresstatements import (
    MOST_ID,
    PostgresStatements,
    array,
    known,
    row_of,
    step_of,
)
from .record import Branch, Draft, Record, Span
from .records import ALL, ANY, Refused
from .sqlstatements import branch_of, piece_of, record_of
from .steps import Steps

__all__ = ["PostgresWork"]


class PostgresWork:
    """Has the methods of :class:`.Records` as steps, each of which is one of

    * ``run``, a statement and its parameters, which gives rows, or None if its table
      doesn't exist;
    * ``transact``, a function that returns further steps of the first kind, to be
      carried out in one transaction, which gives their result, or None as before.

    So both are written once, whether the server is waited for or awaited.

    Safe to use from many threads, by many coroutines, and across forks.

    >>> work = PostgresWork("postgresql://localhost/data", "states")
    >>> next(work.find(None, "chat", None))[0]
    'run'

    """

    def __init__(self, place: str, table: str) -> None:
        """
        :param place: what errors call the database

        :param table: the name of the table of records

        :raises PersistableError: if it is no name

        """
        self._sql = PostgresStatements(table)
        self._layout = PostgresLayout(place, table, self._sql)
        self._read = self._layout.read
        self._transact = self._layout.transact

    def is_set_up(self) -> Steps[bool]:
        """See :class:`.Records`, as for all that follow."""
        return self._layout.is_set_up()

    def set_up(self) -> Steps[None]:
        return self._layout.set_up()

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Steps[Record | None]:
        app = known(partition_key, app_id)
        if sequence_id is None:
            rows = yield from self._read(self._sql.find, *app)
        else:
            rows = yield from self._read(self._sql.find_sequence, *app, sequence_id)
        return record_of(rows[0]) if rows else None

    def find_in(
        self, spans: Sequence[Span], sequence_id: int | None
    ) -> Steps[Record | None]:
        parameters = () if sequence_id is None else (sequence_id,)
        statement = self._sql.find_in(spans, sequence_id)
        rows = yield from self._read(statement, *parameters)
        return record_of(rows[0]) if rows else None

    def find_branch(
        self, partition_key: str | None, app_id: str
    ) -> Steps[Branch | None]:
        app = known(partition_key, app_id)
        rows = yield from self._read(self._sql.find_branch, *app)
        return branch_of(rows[0]) if rows else None

    def find_branches(self, root: int) -> Steps[list[Branch]]:
        rows = yield from self._read(self._sql.find_branches, root)
        return list(map(branch_of, rows))

    def find_newest_app(self, partition_key: str | None) -> Steps[str | None]:
        partition, _ = known(partition_key, "")
        rows = yield from self._read(self._sql.list_apps(False, True), partition)
        return rows[0][1] if rows else None

    def find_pieces(self, ids: Sequence[int]) -> Steps[dict[int, Piece]]:
        rows = yield from self._read(self._sql.find_pieces, array(ids))
        return dict(map(piece_of, rows))

    def list_apps(self, partition_key: Any) -> Steps[list[tuple[str | None, str]]]:
        everywhere = partition_key is ALL
        parameters = () if everywhere else known(partition_key, "")[:1]
        rows = yield from self._read(
            self._sql.list_apps(everywhere, False), *parameters
        )
        return [(decoded(partition), app_id) for partition, app_id in rows]

    def list_records(self, spans: Sequence[Span], hidden: bool) -> Steps[list[Record]]:
        rows = yield from self._read(self._sql.list_records(spans, hidden))
        return list(map(record_of, rows))

    def add(self, draft: Draft, expected: Any) -> Steps[int | Record | Refused]:
        result: int | Record | Refused
        try:
            if expected is ANY and draft.status == "completed":
                yield from self._layout.set_up()
                rows = yield "run", self._sql.add, row_of(draft)
                if rows:
                    result = rows[0][0]
                    return result
            carefully = partial(self._add_carefully, draft, expected)
            result = yield from self._transact(carefully)
        except PersistableError as e:
            if _lacks_base(e):
                return Refused.LOST
            raise
        return result

    def _add_carefully(
        self, draft: Draft, expected: Any
    ) -> Steps[int | Record | Refused]:
        sql, app = self._sql, known(draft.partition_key, draft.app_id)
        rows = yield "run", sql.lock_branch, app
        if rows:
            # Each statement sees what was committed before the lock was had.
            branch = branch_of(rows[0])
            there = yield from self._find_same(draft, branch)
            if there is not None:
                return there
            if expected is not ANY:
                newest = yield from self._find_number(app, branch)
                if newest != expected:
                    return Refused.MOVED
        elif expected not in (ANY, None):
            return Refused.MOVED
        else:
            made = yield from self._add_branch(
                draft.partition_key, draft.app_id, None, None, 0
            )
            if not made:
                # By somebody else meanwhile.
                return (yield from self._add_carefully(draft, expected))
        rows = yield "run", sql.add, row_of(draft)
        return rows[0][0] if rows else Refused.LOST

    def _find_same(self, draft: Draft, branch: Branch) -> Steps[int | Record | None]:
        app = known(draft.partition_key, draft.app_id)
        step = draft.sequence_id, step_of(draft)
        rows = yield "run", self._sql.find_same, (*app, *step)
        if rows:
            return record_of(rows[0])
        if draft.status == "failed":
            # By an attempt that never learned of it.
            rows = yield (
                "run",
                self._sql.find_attempt,
                (branch.id, draft.sequence_id, draft.position, draft.created_at),
            )
        return rows[0][0] if rows else None

    def _find_number(
        self, app: tuple[bytes, bytes], branch: Branch
    ) -> Steps[int | None]:
        rows = yield "run", self._sql.find, app
        if rows:
            return record_of(rows[0]).sequence_id
        rows = yield "run", self._sql.find_number, (branch.last,)
        return rows[0][0] if rows else None

    def _add_branch(
        self,
        partition_key: str | None,
        app_id: str,
        parent: int | None,
        last: int | None,
        floor: int,
    ) -> Steps[bool]:
        texts = coded(partition_key), app_id
        rows = yield (
            "run",
            self._sql.add_branch,
            (
                *(self._sql.branches, parent, parent, last, *texts, floor),
                *known(partition_key, app_id),
            ),
        )
        return bool(rows)

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> Steps[bool | Refused]:
        made: bool | Refused = yield from self._transact(
            partial(self._fork, partition_key, app_id, source, record)
        )
        return made

    def _fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> Steps[bool | Refused]:
        rows = yield "run", self._sql.share_kept, (source.id, source.floor)
        if rows:
            return (
                yield from self._add_branch(
                    partition_key, app_id, record.branch, record.id, source.floor
                )
            )
        rows = yield "run", self._sql.find_branch, known(partition_key, app_id)
        return False if rows else Refused.LOST

    def set_floor(self, branch: int, floor: int) -> Steps[None]:
        yield from self._read(self._sql.set_floor, floor, branch)

    def release(self, branch: int, newest: Any) -> Steps[None]:
        yield from self._transact(partial(self._release, branch, newest))

    def _release(self, branch: int, newest: Any) -> Steps[bool]:
        # Who saves to it locks it, too.
        yield "run", self._sql.lock_branch_of, (branch,)
        most = MOST_ID if newest is ANY else newest
        yield "run", self._sql.release, (branch, branch, most)
        return True

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> Steps[None]:
        yield from self._transact(partial(self._discard, records, hidden, branches))

    def _discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> Steps[bool]:
        sql, ids = self._sql, array(records)
        # Lest two that do so wait for each other.
        yield "run", b"SELECT pg_advisory_xact_lock(%s)", (self._layout.lock,)
        # From here on, none becomes the base of another one.  In one order with those
        # that save many at once, lest each waits for the other.
        yield "run", sql.lock_records, (array([*records, *hidden]),)
        yield "run", sql.hide, (array(hidden),)
        yield "run", sql.delete, (ids,) * 3
        for branch in sorted(branches, reverse=True):
            yield "run", sql.delete_branch, (branch,)
        return True


def _lacks_base(error: PersistableError) -> bool:
    """Whether a record was refused since that which it is stored against is gone."""
    return getattr(error.__cause__, "sqlstate", None) == "23503"
