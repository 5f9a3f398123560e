"""How far a run is, and who is told."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from .bar import Bar

__all__ = ["Progress", "Report", "State", "report_to"]

_logger: Final = logging.getLogger(__name__)

_TWO_DAYS: Final = 2 * 24 * 3600

State: TypeAlias = Literal["idle", "running", "complete", "stopped", "failed"]
"""What a run does: it has not begun, works, has done all, was stopped (Ctrl-C), or
has ended with items that failed.
"""


@dataclass(frozen=True)
class Progress:
    """How far a run is, at one moment.

    Never changes, so any thread may have it.

    >>> progress = Progress("running", 1000, 200, 300, 10, workers=4, seconds=62.0)
    >>> progress.fraction, progress.rate, progress.eta
    (0.51, 5.0, 98.0)
    >>> print(progress)
    running, 510 of 1,000 items (51 %), 200 kept, 10 failed, 5.0/s, 0:01:38 left, \
4 workers

    """

    state: State
    """What the run does."""

    total: int | None
    """How many items there are, those done before the run included, or None if that
    isn't known yet, as with a generator.
    """

    kept: int
    """How many items were there before the run."""

    done: int
    """How many items the run has made and stored."""

    failed: int
    """How many items have failed; they are not among those that are done."""

    workers: int
    """How many workers the run has."""

    seconds: float
    """How long the run has taken so far."""

    @property
    def settled(self) -> int:
        """How many items the run has no more to do with: kept, done or failed."""
        return self.kept + self.done + self.failed

    @property
    def rate(self) -> float:
        """How many items a second the run gets through, those kept not counted."""
        return (self.done + self.failed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def fraction(self) -> float | None:
        """Which part of the items is settled, from 0 to 1, or None if it isn't known
        how many there are.

        """
        if self.total is None:
            return None
        return min(1.0, self.settled / self.total) if self.total > 0 else 1.0

    @property
    def eta(self) -> float | None:
        """In how many seconds the run ends if it goes on like this, or None if that
        can't be told or it has ended early.

        """
        if self.state == "complete":
            return 0.0
        if self.state != "running" or self.total is None:
            return None
        left = max(0, self.total - self.settled)
        if not left:
            return 0.0
        return left / self.rate if self.rate else None

    @property
    def pace(self) -> str:
        """The rate as one reads it, such as ``5.0/s`` or ``12/min``; empty if nothing
        is done yet.

        """
        if not self.rate:
            return ""
        if self.rate >= 1:
            return f"{self.rate:,.{0 if self.rate >= 10 else 1}f}/s"
        a_minute = self.rate * 60
        return f"{a_minute:.0f}/min" if a_minute >= 1 else f"{a_minute * 60:.2g}/h"

    @property
    def clock(self) -> str:
        """The time that is left, in a run that has ended the time that it took, such
        as ``0:01:34``; empty if it isn't known.

        """
        if self.state == "idle":
            return ""
        seconds = self.eta if self.state == "running" else self.seconds
        if seconds is None:
            return ""
        if seconds >= _TWO_DAYS:
            return f"{seconds / 86400:,.0f} days"
        return str(timedelta(seconds=round(seconds)))

    def __str__(self) -> str:
        parts = [self.state, f"{self.settled:,} items"]
        if self.total is not None and self.fraction is not None:
            # Rounded down, so that all is only said of all.
            percent = math.floor(self.fraction * 100)
            parts[1] = f"{self.settled:,} of {self.total:,} items ({percent} %)"
        if self.kept:
            parts.append(f"{self.kept:,} kept")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.pace:
            parts.append(self.pace)
        if self.state == "running":
            if self.clock:
                parts.append(f"{self.clock} left")
            parts.append(f"{self.workers} worker{'s' if self.workers != 1 else ''}")
        elif self.clock:
            parts.append(f"in {self.clock}")
        return ", ".join(parts)


Report: TypeAlias = Callable[[Progress], None]
"""Is told how far a run is."""


@contextmanager
def report_to(choice: bool | Report | None, title: str) -> Iterator[Report]:
    """Have someone told how far a run is, and yield what to call with that: now and
    then, and once when the run has ended.

    Whatever is shown on a terminal is there from the first call on, and in order
    when the context is left, by an exception, too.  It needs no thread, and a
    terminal that goes away ends it silently.

    What is yielded is to be called by one thread at a time; several runs can
    have a bar each at once.

    :param choice: None shows a bar on standard error if that is a terminal (or this
                   is a notebook with ipywidgets) and the extra ``cli`` is
                   installed, and otherwise logs a line per 10 % (or, where the
                   total isn't known, at 1000 items, 2000, 4000 and so on) and one
                   at the end, with level INFO, to ``zensols.multi.progress``; True
                   shows the bar anyway, wherever standard error goes to; False
                   tells nobody; a callable gets each :class:`Progress`, and what it
                   raises is raised

    :param title: what the run is of

    :raises MultiProcessError: if a bar must be shown and its package is missing

    :raises TypeError: for another choice

    >>> with report_to(print, "Words") as report:
    ...     report(Progress("complete", None, 0, 30, 0, workers=2, seconds=1.5))
    complete, 30 items, 20/s, in 0:00:02

    """
    if choice is False:
        yield _tell_nobody
    elif choice is True or (choice is None and Bar.is_possible()):
        with Bar(title) as bar:
            yield bar.show
    elif choice is None:
        yield _Log(title).tell
    elif callable(choice):
        yield choice
    else:
        raise TypeError(
            f"Can't report progress to {choice!r}: give None, True, False or a "
            f"callable that takes a Progress"
        )


def _tell_nobody(progress: Progress) -> None:
    pass


class _Log:
    """Logs a line now and then."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last = (False, 0)

    def tell(self, progress: Progress) -> None:
        if progress.state not in ("idle", "running"):
            _logger.info("%s: %s", self._title, progress)
            return
        # With a total that becomes known, counting starts anew.
        if progress.fraction is None:
            mark = (False, (progress.settled // 1000).bit_length())
        else:
            # That all is done is said at the end.
            mark = (True, min(9, math.floor(progress.fraction * 10)))
        if mark > self._last and mark[1]:
            self._last = mark
            _logger.info("%s: %s", self._title, progress)
