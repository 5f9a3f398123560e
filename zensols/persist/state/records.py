"""What a database does for persisters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Final, Protocol

from .chain import Piece
from .record import Branch, Draft, Record, Span

__all__ = ["ALL", "ANY", "Records", "Refused"]


class Refused(Enum):
    """Why a record was not added, if that is not because there is such a record."""

    MOVED = "moved"
    """The application's newest record is not the one expected."""

    LOST = "lost"
    """A record of the path is gone."""


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
        self, partition_key: str | None, app_id: str, record: Record, floor: int
    ) -> bool:
        """Make an application whose past ends with a record.

        :return: whether there was none of this name

        """

    def set_floor(self, branch: int, floor: int) -> None:
        """Let an application begin with a record."""

    def release(self, branch: int) -> None:
        """Delete an application, keeping its records."""

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
