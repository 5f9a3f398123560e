"""Look at what an application was, and go on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..error import PersistableError
from .diff import Difference, find_differences
from .interface import Status
from .reader import Reader
from .steps import Steps
from .wording import name_of

__all__ = ["HistoryItem", "Past"]

_TRIES: Final = 5
"""How often to fork anew what was deleted, or lost states, meanwhile."""


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A state of an application, without the state."""

    sequence_id: int
    """Which step of the application it was saved after."""

    position: str
    """What that step was."""

    status: Status
    """Whether it succeeded."""

    created_at: str
    """When it was saved: ISO 8601, in UTC."""

    size: int
    """How many bytes the whole state takes."""


class Past:
    """Looks at what applications were, and forks them, step by step.

    Immutable.

    """

    def __init__(self, reader: Reader) -> None:
        """
        :param reader: finds and reads states

        """
        self._reader = reader

    def list_app_ids(self, partition_key: Any) -> Steps[list[str]]:
        """Return the applications of a partition, the one saved last first."""
        apps = yield "list_apps", partition_key
        return [app_id for _, app_id in apps]

    def history(
        self, partition_key: str | None, app_id: str
    ) -> Steps[list[HistoryItem]]:
        """Return the states of an application in the order in which they were saved."""
        records = yield from self._reader.list_records(partition_key, app_id)
        return [
            HistoryItem(r.sequence_id, r.position, r.status, r.created_at, r.size)
            for r in records
        ]

    def diff(
        self, partition_key: str | None, app_id: str, a: int, b: int
    ) -> Steps[list[Difference]]:
        """Return what differs between the states of two sequence numbers."""
        states = []
        for sequence_id in a, b:
            record = yield from self._reader.known(partition_key, app_id, sequence_id)
            state = yield from self._reader.decode(partition_key, app_id, record)
            states.append(state)
        return find_differences(*states)

    def fork(
        self, partition_key: str | None, app_id: str, sequence_id: int, new_app: str
    ) -> Steps[None]:
        """Make an application whose past is another's up to a sequence number."""
        for _ in range(_TRIES):
            source = yield "find_branch", partition_key, app_id
            record = yield from self._reader.known(partition_key, app_id, sequence_id)
            if source is None:
                # It has only just been made.
                continue
            made = yield "fork", partition_key, new_app, source, record
            if made is True:
                return
            if made is False:
                raise PersistableError(
                    f"There is an application {name_of(partition_key, new_app)} "
                    f"already: fork to another name, or delete it first"
                )
        raise PersistableError(
            f"States of {name_of(partition_key, app_id)} are being deleted all the "
            f"time: fork it again later"
        )
