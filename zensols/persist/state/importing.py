"""Add states as they were stored elsewhere."""

from __future__ import annotations

from typing import Any, Final, Literal

from ..codec.tagged import Tagger
from ..error import CorruptDataError, PersistableError
from .chain import Stored
from .diff import find_differences
from .error import StateConflictError
from .raw import RawFork, RawReader, RawState, batches
from .reader import Reader
from .record import Draft, Record
from .saver import Saver
from .steps import Steps
from .wording import name_of

__all__ = ["Importing", "Outcome"]

Outcome = Literal["added", "same", "skipped"]
"""What became of a state: it was added, was there already, or was left out since one
before it could not be added.
"""

_SHOWN: Final = 5

_AWAY: Final = "delete one of them, or import it elsewhere"


class Importing:
    """Adds states, step by step: those of one application after the other, each in
    order.

    An application that is there already must have all of them, one after the other,
    or the first ones and nothing else, such as after an import that broke off.

    For one thread.

    """

    def __init__(self, reader: Reader, saver: Saver) -> None:
        """
        :param reader: finds what is there

        :param saver: stores what is new

        """
        self._reader = reader
        self._saver = saver
        self._raw = RawReader()
        self._broken: set[tuple[str | None, str]] = set()
        self._app: tuple[str | None, str] | None = None
        # What the application has; the next of these that there has to be, None if
        # no state has been looked for yet; and the newest sequence number.
        self._there: list[Record] = []
        self._next: int | None = None
        self._newest: int | None = None
        self._ahead: dict[int, bytes | CorruptDataError] = {}

    def add(self, item: RawState | RawFork) -> Steps[Outcome]:
        """Add a state, or an application's part of another one's past.

        :raises StateConflictError: if there is something else

        """
        app = item.partition_key, item.app_id
        if app in self._broken:
            return "skipped"
        try:
            if app != self._app:
                self._app = app
                yield from self._look(app)
            if isinstance(item, RawFork):
                outcome = yield from self._fork(item)
            else:
                outcome = yield from self._add(item)
        except PersistableError:
            # Nothing may come after a gap.
            self._broken.add(app)
            raise
        return outcome

    def _look(self, app: tuple[str | None, str]) -> Steps[None]:
        self._there = yield from self._reader.list_records(*app)
        self._newest = self._there[-1].sequence_id if self._there else None
        self._next = None if self._there else 0
        self._ahead = {}

    def _add(self, state: RawState) -> Steps[Outcome]:
        name = name_of(state.partition_key, state.app_id)
        if self._next is None:
            self._next = _find(self._there, state)
            if self._next is None:
                raise StateConflictError(
                    f"There is {name} with other states, and none number "
                    f"{state.sequence_id} at position {state.position!r}: {_AWAY}"
                )
        if self._next == len(self._there):
            yield from self._append(state)
            return "added"
        record = self._there[self._next]
        if not _matches(record, state):
            raise StateConflictError(
                f"State {state.sequence_id} of {name} at position "
                f"{state.position!r} ({state.status}) is not what comes next there: "
                f"that is {record.sequence_id} at position {record.position!r} "
                f"({record.status}); {_AWAY}"
            )
        data = yield from self._data(self._next)
        self._compare(name, record, data, state.data)
        self._next += 1
        return "same"

    def _append(self, state: RawState) -> Steps[None]:
        draft = Draft(
            state.partition_key,
            state.app_id,
            state.sequence_id,
            state.position,
            state.status,
            state.created_at,
            state.schema_version,
            len(state.data),
            Stored("whole", state.data),
        )
        added = yield from self._saver.store(draft, state.data, self._newest)
        name = name_of(state.partition_key, state.app_id)
        if isinstance(added, Record):
            (data,) = yield from self._raw.read([added])
            if added.created_at != state.created_at:
                raise StateConflictError(
                    f"State {state.sequence_id} of {name} at position "
                    f"{state.position!r} is there twice, and can be saved once: {_AWAY}"
                )
            # By an attempt whose reply was lost.
            self._compare(name, added, data, state.data)
        elif not isinstance(added, int):
            raise StateConflictError(
                f"State {state.sequence_id} of {name} was not added, since others "
                f"change that meanwhile: import again when they are done"
            )
        self._newest = state.sequence_id

    def _fork(self, fork: RawFork) -> Steps[Outcome]:
        name = name_of(fork.partition_key, fork.app_id)
        of = name_of(fork.partition_key, fork.of)
        if (fork.partition_key, fork.of) in self._broken:
            raise PersistableError(f"What {name} has of {of} could not be added")
        source = yield "find_branch", fork.partition_key, fork.of
        records = yield from self._reader.list_records(fork.partition_key, fork.of)
        last = _find(records, fork)
        if source is None or last is None or last + 1 < fork.states:
            raise PersistableError(
                f"Can't find {fork.states} states up to number {fork.sequence_id} of "
                f"{of}, which {name} begins with: import it first"
            )
        shared = records[last + 1 - fork.states : last + 1]
        if self._there:
            yield from self._check(name, shared)
            return "same"
        made = yield "fork", fork.partition_key, fork.app_id, source, shared[-1]
        if made is not True:
            raise StateConflictError(
                f"{name} can't be forked off {of}, since others change that meanwhile: "
                f"import again when they are done"
            )
        if shared[0] is not records[0]:
            branch = yield "find_branch", fork.partition_key, fork.app_id
            yield "set_floor", branch.id, shared[0].id
        yield from self._look((fork.partition_key, fork.app_id))
        self._next = len(self._there)
        return "added"

    def _check(self, name: str, shared: list[Record]) -> Steps[None]:
        """Refuse an application that begins otherwise than with some states."""
        start = next(
            (i for i, record in enumerate(self._there) if record.id == shared[0].id),
            None,
        )
        if start is None:
            start = _find(self._there, shared[0])
        there = [] if start is None else self._there[start : start + len(shared)]
        if len(there) < len(shared):
            raise StateConflictError(f"There is {name} with other states: {_AWAY}")
        pairs = [
            (one, other)
            for one, other in zip(there, shared, strict=True)
            if one.id != other.id
        ]
        for one, other in pairs:
            found = yield from self._raw.read([one])
            wanted = yield from self._raw.read([other])
            if not _matches(one, other):
                raise StateConflictError(f"There is {name} with other states: {_AWAY}")
            self._compare(name, one, found[0], _sound(wanted[0]))
        self._next = (start or 0) + len(shared)

    def _data(self, index: int) -> Steps[bytes | CorruptDataError]:
        """Return what is stored of a state that is there, and read those after it,
        which are asked for next.
        """
        record = self._there[index]
        if record.id not in self._ahead:
            batch = next(batches(self._there[index:]))
            found = yield from self._raw.read(batch)
            self._ahead = {r.id: data for r, data in zip(batch, found, strict=True)}
        return self._ahead[record.id]

    def _compare(
        self, name: str, record: Record, there: bytes | CorruptDataError, data: bytes
    ) -> None:
        there = _sound(there)
        if there == data:
            return
        before, after = Tagger.parse(there), Tagger.parse(data)
        differences = find_differences(before, after)
        if not differences:
            return
        shown = "; ".join(map(str, differences[:_SHOWN]))
        raise StateConflictError(
            f"State {record.sequence_id} of {name} at position {record.position!r} "
            f"is another one there: {shown}",
            before,
            after,
        )


def _find(records: list[Record], wanted: RawState | RawFork | Record) -> int | None:
    """Return which of records is that of a state: one of the same time, or the first
    one, or of the end of a past, the last.
    """
    found = [i for i, record in enumerate(records) if _matches(record, wanted)]
    if not found:
        return None
    default = found[-1] if isinstance(wanted, RawFork) else found[0]
    exact = (i for i in found if records[i].created_at == wanted.created_at)
    return next(exact, default)


def _matches(record: Record, wanted: RawState | RawFork | Record) -> bool:
    return _step(record) == _step(wanted) and (
        not isinstance(wanted, RawState) or record.version == wanted.schema_version
    )


def _step(item: Any) -> tuple[Any, ...]:
    return item.sequence_id, item.position, item.status


def _sound(data: bytes | CorruptDataError) -> bytes:
    if isinstance(data, CorruptDataError):
        raise data
    return data
