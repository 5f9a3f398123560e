"""What is stored of a state, and what of the applications that have states."""

from __future__ import annotations

from msgspec import Struct

from .chain import Piece, Stored
from .interface import Status

__all__ = ["Branch", "Draft", "Record", "Span"]


class Record(Struct, frozen=True):
    """A state of an application, as it is stored."""

    id: int
    """Identifies it; later ones have higher numbers."""

    branch: int
    """The branch that it was added to."""

    sequence_id: int
    """Which step of the application it was saved after."""

    position: str
    """What that step was."""

    status: Status
    """Whether the step succeeded."""

    created_at: str
    """When it was saved: ISO 8601, in UTC."""

    version: int | None
    """The version of the program's schema of states."""

    size: int
    """How many bytes the whole state takes."""

    stored: Stored
    """What is stored of the state; without its payload in lists."""

    @property
    def piece(self) -> Piece:
        """What it contributes to a state."""
        return self.stored.kind, self.stored.payload


class Draft(Struct, frozen=True):
    """A record that is to be added."""

    partition_key: str | None
    """The partition of the application."""

    app_id: str
    """The application."""

    sequence_id: int
    """See :class:`Record`, as all that follow."""

    position: str
    status: Status
    created_at: str
    version: int | None
    size: int
    stored: Stored


class Branch(Struct, frozen=True):
    """What one application has of its own, apart from what it was forked off."""

    id: int
    """Identifies it."""

    root: int
    """The branch that it was forked off in the beginning, or its own."""

    parent: int | None
    """The branch that it was forked off, if it was."""

    last: int | None
    """The last record of its parent that belongs to it."""

    app_id: str | None
    """The application, or None if that has been deleted."""

    floor: int
    """The first record that belongs to the application still."""


class Span(Struct, frozen=True):
    """Some of the records of a branch, one after the other."""

    branch: int
    """The branch."""

    first: int
    """The first of them, or one before."""

    last: int | None
    """The last of them; None for all that come."""

    def __contains__(self, record: Record) -> bool:
        return (
            record.branch == self.branch
            and record.id >= self.first
            and (self.last is None or record.id <= self.last)
        )
