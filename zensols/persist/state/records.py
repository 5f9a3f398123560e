"""What a database does for persisters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Final, Protocol

from .chain import Piece
from .record import Branch, Draft, Record, Span

__all__ = ["ALL", "ANY", "Records", "Refused"]


class Refused(Enum):
    """Why a record or an application was not added, if that is not because there is
    such a one.

    """

    MOVED = "moved"
    """The application's newest record is not the one expected."""

    LOST = "lost"
    """A record of the path is gone, or the application that was to be forked."""


class _All(Enum):
    ALL = "all"


class _Any(Enum):
    ANY = "any"


ALL: Final = _All.ALL
"""All partitions."""

ANY: Final = _Any.ANY
"""Whatever the newest sequence number is."""


class Records(Protocol):
    """The records of a database.  Each method is atomic, and is called by persisters
    alone; see :mod:`.logic`.

    Partitions are told apart exactly: None is none of the texts, the empty one
    included.

    What no application of a family has, none will have again: applications that are
    deleted don't come back, floors only grow, and :meth:`fork` makes an application
    only while the other one still has all that it gets from it.  So what was found to
    be needed by nobody can be discarded later, whatever was forked meanwhile; and
    what was saved meanwhile, :meth:`add` and :meth:`discard` leave to each other.

    As safe with threads and processes as the persister that uses it.

    """

    def is_set_up(self) -> bool:
        """Return whether there is all that is needed."""

    def set_up(self) -> None:
        """Make what is needed, or upgrade what an earlier release made."""

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Record | None:
        """Return the newest record of an application's own branch that belongs to
        it, of a sequence number if one is given, with its payload.

        """

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> Record | None:
        """Return the newest record of spans, of a sequence number if one is given,
        with its payload.

        """

    def find_branch(self, partition_key: str | None, app_id: str) -> Branch | None:
        """Return the branch of an application, or None if there is no such."""

    def find_branches(self, root: int) -> list[Branch]:
        """Return all branches that were forked off one in the beginning, and it."""

    def find_newest_app(self, partition_key: str | None) -> str | None:
        """Return the application of a partition with the newest record."""

    def find_pieces(self, ids: Sequence[int]) -> dict[int, Piece]:
        """Return the kinds and payloads of records, without those that are gone."""

    def list_apps(
        self, partition_key: str | _All | None
    ) -> list[tuple[str | None, str]]:
        """Return the partitions and names of applications, those with the newest
        records first.

        """

    def list_records(self, spans: Sequence[Span], hidden: bool) -> list[Record]:
        """Return the records of spans in order, without their payloads, and hidden
        ones only if asked for.

        """

    def add(self, draft: Draft, expected: int | _Any | None) -> int | Record | Refused:
        """Add a record, and its application and branch if there is no such yet.

        :param draft: the record

        :param expected: the sequence number of the application's newest record, None
                         if there must be none

        :return: what identifies the new record; or, if there is a completed record
                 of the same application, sequence number and position, that with its
                 payload; or why there is no new one

        """

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> bool | Refused:
        """Make an application whose past is that of another one up to a record.

        :param partition_key: the partition

        :param app_id: the new application

        :param source: the branch of the other one, as it was before its record was
                       looked for

        :param record: the last one of the past

        :return: whether there was none of this name; or ``Refused.LOST`` if the other
                 one has been deleted or has got another floor since

        """

    def set_floor(self, branch: int, floor: int) -> None:
        """Let an application begin with a record, unless it begins later already."""

    def release(self, branch: int, newest: int | _Any) -> None:
        """Delete an application, keeping its records, unless it has a newer one.

        :param branch: its branch

        :param newest: its newest record, ``ANY`` for whichever that is

        """

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> None:
        """Delete records and branches, in so far as no new record needs them.

        :param records: what to delete

        :param hidden: what to hide, since others need it

        :param branches: what to delete

        """

    def close(self) -> None:
        """Free what it holds."""
