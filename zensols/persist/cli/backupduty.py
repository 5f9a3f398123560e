"""Daily snapshots: when one is due, and what came of the last one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..domain import Stash, key_lock
from ..error import PersistableError
from .backupoptions import Keeping
from .backupstores import damaged_ids
from .backuptaking import is_same

if TYPE_CHECKING:
    from ..backup import Snapshot
    from ..backup.due import Daily
    from ..backup.snapshotting import Progress

__all__ = ["Duties", "Duty", "Note", "read_notes"]

_NOTES: Final = "schedules"
_DAY: Final = dt.timedelta(days=1)


@dataclass
class Note:
    """What is remembered about the daily snapshots of a store.

    >>> Note().last_run

    """

    time: str = ""
    """The time of day, with its zone."""

    last_run: str | None = None
    """When it last succeeded, whether or not anything had changed, in ISO's format as
    all times here.
    """

    newest: str | None = None
    """The id of the snapshot that has what the store had then."""

    next_run: str | None = None
    """When the next one is due."""

    error: str | None = None
    """Why the last one failed, if it did."""

    at: str | None = None
    """When that was."""

    @property
    def ran(self) -> dt.datetime | None:
        """The same as :attr:`last_run`, unless somebody has damaged it."""
        try:
            when = dt.datetime.fromisoformat(self.last_run or "")
        except ValueError:
            return None
        return when if when.tzinfo else None


@dataclass
class _Notes:
    by_name: dict[str, Note] = field(default_factory=dict)


def read_notes(into: Stash[Any]) -> dict[str, Note]:
    """Return what is remembered about stores, by their names.

    :param into: where their snapshots are

    >>> from zensols.persist import DictionaryStash
    >>> read_notes(DictionaryStash())
    {}

    """
    from msgspec import DecodeError
    from msgspec.json import decode

    from ..backup.depot import Depot

    data = Depot(into).load_document(_NOTES)
    # Without them, the snapshots themselves tell when the last one was taken.
    with suppress(DecodeError):
        return {} if data is None else decode(data, type=_Notes).by_name
    return {}


@dataclass(frozen=True)
class Duty:
    """What came of a snapshot that was due.

    >>> Duty.__annotations__["unchanged"]
    'bool'

    """

    taken: Snapshot
    """The snapshot, or the one before if nothing has changed since."""

    unchanged: bool
    """Whether nothing has."""

    problem: PersistableError | None
    """Why old ones could not be deleted, if they could not."""


class Duties:
    """Takes a snapshot of a store each day at a time.  One that was missed is due until
    it is taken, and the first one at once.  What is the same as in the one before isn't
    kept twice.

    Any number of processes may have the same duties: only one of them does each.

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup.due import parse_time
    >>> stash, backups = DictionaryStash({"a": 1}), DictionaryStash()
    >>> duties = Duties(stash, backups, "numbers", parse_time("03:00", "UTC"))
    >>> duties.run_pending().taken.count, duties.run_pending()
    (1, None)

    """

    def __init__(
        self,
        stash: Stash[Any],
        into: Stash[Any],
        name: str,
        daily: Daily,
        keep: Keeping | None = None,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """
        :param stash: the store

        :param into: where to keep snapshots

        :param name: what the store is called

        :param daily: the time of day

        :param keep: which snapshots to keep; by default all of them

        :param clock: tells the time, aware of its zone

        """
        self._stash = stash
        self._into = into
        self._name = name
        self._daily = daily
        self._keep = keep
        self._clock = clock

    @property
    def next_run(self) -> dt.datetime:
        """When the next snapshot is due, in the time zone of the schedule."""
        return self._daily.after(self._clock())

    @property
    def seconds_left(self) -> float:
        """How long it is until then."""
        return (self.next_run - self._clock()).total_seconds()

    def run_pending(self, progress: Progress | None = None) -> Duty | None:
        """Take a snapshot if one is due, and delete old ones.

        :param progress: is told how far this is

        :return: what came of it, or None if none is due

        :raises PersistableError: if none can be taken, or as the stores do; it stays
                                  due

        """
        with key_lock(self._into, f"\0zensols.persist.schedule {self._name}"):
            now = self._clock().astimezone(dt.UTC)
            if not self._is_due(now):
                self._tell_next_run()
                return None
            try:
                duty = self._run(now, progress)
            except (PersistableError, OSError) as e:
                # What keeps snapshots from being written may keep this, too.
                with suppress(PersistableError, OSError):
                    self._remember(error=str(e), at=now.isoformat())
                raise
            error = duty.problem and str(duty.problem)
            self._remember(
                last_run=now.isoformat(),
                newest=duty.taken.id,
                error=error,
                at=error and now.isoformat(),
            )
            return duty

    def _tell_next_run(self) -> None:
        note = read_notes(self._into).get(self._name)
        if note is None or note.next_run != self._next_run_text():
            self._remember()

    def _next_run_text(self) -> str:
        return self.next_run.astimezone(dt.UTC).isoformat()

    def _is_due(self, now: dt.datetime) -> bool:
        from ..backup import snapshots

        taken = [one.created for one in snapshots(self._into, self._name)[:1]]
        if not taken:
            return True
        note = read_notes(self._into).get(self._name)
        if note is not None and note.ran is not None:
            taken.append(note.ran)
        due = self._daily.until(now)
        # What was taken in days to come, a wrong clock has told.
        return not any(due <= when <= now + _DAY for when in taken)

    def _run(self, now: dt.datetime, progress: Progress | None) -> Duty:
        from ..backup import forget, prune, snapshot, snapshots

        before = next(iter(snapshots(self._into, self._name)), None)
        taken = snapshot(self._stash, self._into, name=self._name, progress=progress)
        unchanged = before is not None and is_same(before, taken)
        problem = None
        try:
            # One that follows a damaged one stays, as the newest one has to be good.
            damaged = damaged_ids(self._into, snapshots(self._into))
            if (
                before is not None
                and unchanged
                and max(damaged, default="") < before.id
            ):
                forget(taken)
                taken = before
            if self._keep is not None:
                prune(self._into, self._keep(now), name=self._name)
        except PersistableError as e:
            problem = e
        return Duty(taken, unchanged, problem)

    def _remember(self, **what: Any) -> None:
        from msgspec.json import encode
        from msgspec.json import format as lay_out

        from ..backup.depot import Depot

        with key_lock(self._into, f"\0zensols.persist.{_NOTES}"):
            notes = read_notes(self._into)
            note = notes.setdefault(self._name, Note())
            for member, value in what.items():
                setattr(note, member, value)
            note.time = str(self._daily)
            note.next_run = self._next_run_text()
            Depot(self._into).dump_document(_NOTES, lay_out(encode(_Notes(notes))))
