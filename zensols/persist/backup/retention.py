"""Which backups to keep: by number, by age, or fewer the older they are.

All of this is about pairs of whatever identifies a backup and when it was made, in any
order; nothing is read or deleted here.

"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from ..error import PersistableError

__all__ = ["Count", "Retention", "Since", "Tiers", "expired"]

K = TypeVar("K")


class Retention(Protocol):
    """A rule that chooses what to keep.

    >>> isinstance(Count(3).kept, object)
    True

    """

    def kept(self, made: Iterable[tuple[K, datetime]]) -> set[K]:
        """Return which backups to keep.

        :param made: what identifies each, and when it was made

        """


@dataclass(frozen=True)
class Count:
    """Keeps the newest ones.

    >>> at = datetime.fromisoformat
    >>> Count(1).kept([("a", at("2025-11-15")), ("b", at("2025-11-16"))])
    {'b'}

    """

    count: int
    """How many, at least one."""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise PersistableError(
                f"Can't keep {self.count} backups: keep at least one"
            )

    def kept(self, made: Iterable[tuple[K, datetime]]) -> set[K]:
        return {key for key, _ in _newest_first(made)[: self.count]}


@dataclass(frozen=True)
class Since:
    """Keeps those that were made at a time or later.

    >>> at = datetime.fromisoformat
    >>> rule = Since(at("2025-11-16"))
    >>> rule.kept([("a", at("2025-11-15")), ("b", at("2025-11-16"))])
    {'b'}

    """

    start: datetime
    """The time, aware of its zone if those of the backups are."""

    def kept(self, made: Iterable[tuple[K, datetime]]) -> set[K]:
        return {key for key, when in made if when >= self.start}


@dataclass(frozen=True)
class Tiers:
    """Keeps the newest one of each of some days, weeks and months, in which there
    are any: what is old is kept more sparsely.  Days begin at midnight of the time
    zone that the times are in, and weeks on Monday.

    >>> at = datetime.fromisoformat
    >>> made = [(d, at(f"2025-11-{d}T03:00")) for d in ("13", "14", "15", "16", "17")]
    >>> sorted(Tiers(daily=2, weekly=2, monthly=1).kept(made))
    ['16', '17']

    """

    daily: int = 7
    """How many days."""

    weekly: int = 4
    """How many weeks, as ISO 8601 has them."""

    monthly: int = 12
    """How many months."""

    def __post_init__(self) -> None:
        counts = (self.daily, self.weekly, self.monthly)
        if min(counts) < 0 or not any(counts):
            raise PersistableError(
                f"Can't keep backups of {self.daily} days, {self.weekly} weeks and "
                f"{self.monthly} months: keep at least one of them"
            )

    def kept(self, made: Iterable[tuple[K, datetime]]) -> set[K]:
        ordered = _newest_first(made)
        tiers: tuple[tuple[int, Callable[[datetime], Any]], ...] = (
            (self.daily, datetime.date),
            (self.weekly, lambda when: when.isocalendar()[:2]),
            (self.monthly, lambda when: (when.year, when.month)),
        )
        kept: set[K] = set()
        for count, period in tiers:
            newest: dict[Any, K] = {}
            for key, when in ordered:
                newest.setdefault(period(when), key)
            kept.update(list(newest.values())[:count])
        return kept


def expired(
    made: Iterable[tuple[K, datetime]],
    rule: Retention,
    is_good: Callable[[K], bool] = lambda _: True,
) -> list[K]:
    """Return which backups a rule lets go of, the oldest first.  The newest good one
    is never among them; if the rule keeps damaged ones only, it stays in addition.

    :param made: what identifies each backup, and when it was made

    :param rule: chooses those to keep

    :param is_good: tells whether a backup can be restored; asked of the newest first,
                    until one is

    >>> at = datetime.fromisoformat
    >>> made = [("a", at("2025-11-14")), ("b", at("2025-11-15")), ("c", at("2025-11-16"))]
    >>> expired(made, Count(1))
    ['a', 'b']
    >>> expired(made, Count(1), is_good=lambda key: key != "c")
    ['a']

    """
    ordered = _newest_first(made)
    kept = rule.kept(ordered)
    if len(kept) == len(ordered):
        return []
    newest_good = next((key for key, _ in ordered if is_good(key)), None)
    if newest_good is not None:
        kept.add(newest_good)
    return [key for key, _ in reversed(ordered) if key not in kept]


def _newest_first(made: Iterable[tuple[K, datetime]]) -> list[tuple[K, datetime]]:
    return sorted(made, key=lambda pair: pair[1], reverse=True)
