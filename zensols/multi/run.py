"""Have workers do what is left to do, whatever happens to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import replace
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from .batch import Batch
from .error import CannotTravelError, WorkStoppedError
from .outcome import Outcome
from .policy import Retry
from .progress import Progress

if TYPE_CHECKING:
    from .engine import Engine
    from .feed import Feed
    from .sizing import Sizer

__all__ = ["Run"]

_TICK: Final = 0.2
"""After how many seconds without news to look around."""
_GRACE: Final = 5.0
"""How many seconds longer than its time limit a chunk may take before its worker is
killed: those that interrupting it takes, where it can be interrupted.
"""


class Run:
    """Submits chunks to an executor, never more than its workers need, and looks
    after what becomes of them.

    If workers die, an executor can't tell which chunk it was that killed one.  So
    each that was in their hands is tried again alone; one that dies alone again and
    again is split, until the item that kills is known.

    For one thread; :meth:`stop` and :attr:`progress` are for any.

    """

    def __init__(
        self,
        engine: Engine,
        feed: Feed,
        sizer: Sizer,
        submit: Callable[[Executor, Batch], Future[Any]],
        store: Callable[[Batch, Any], Outcome],
        *,
        retry: Retry,
        deaths: int,
        item_timeout: float | None,
    ) -> None:
        """
        :param engine: where to work

        :param feed: what to do

        :param sizer: learns how long that takes

        :param submit: submits a chunk

        :param store: stores and records what a future returned, and tells what
                      became of the chunk; what it raises ends the run

        :param retry: what to do about items that fail

        :param deaths: how often to try a chunk again whose worker died alone

        :param item_timeout: how many seconds an item may take

        """
        self.failures: list[tuple[Any, BaseException]] = []
        """The items that failed, each with what it raised in the end."""
        self._engine = engine
        self._feed = feed
        self._sizer = sizer
        self._submit = submit
        self._store = store
        self._retry = retry
        self._deaths = deaths
        self._item_timeout = item_timeout
        self._ended: SimpleQueue[Future[Any]] = SimpleQueue()
        self._working: dict[Future[Any], Batch] = {}
        self._suspects: list[Batch] = []
        self._again: list[Batch] = []
        self._is_alone = False
        """Whether the chunk at work is one that may kill its worker."""
        self._is_broken = False
        self._stopping = False
        self._began = monotonic()
        self._done = 0
        self._failed_values = 0
        self._state: Any = "running"

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(
            state=self._state,
            total=self._feed.total,
            kept=self._feed.kept,
            done=self._done,
            failed=len(self.failures) + self._failed_values,
            workers=self._engine.workers,
            seconds=monotonic() - self._began,
        )

    def stop(self) -> None:
        """Stop, without waiting for it; :meth:`execute` raises
        :class:`WorkStoppedError`.

        """
        self._stopping = True
        # Any future that it doesn't wait for wakes it.
        self._ended.put(Future())

    def hurry(self, key: str) -> None:
        """Work on an item that is a key before all others, if it isn't begun.

        :param key: the item, which isn't done

        """
        chunks = [*self._working.values(), *self._suspects, *self._again]
        begun = [item for chunk in chunks for item in chunk.items]
        begun += [item for item, _ in self.failures]
        if str(key) not in map(str, begun):
            self._feed.hurry(key)

    def execute(self, executor: Executor | None = None) -> Iterator[Outcome | None]:
        """Do it all, yielding each time that there is news, or nothing new for a
        moment.

        :param executor: what the engine has started, if it has

        :raises WorkStoppedError: if it was stopped

        :raises Exception: what is not due to an item; what items raise is in
                           :attr:`failures`

        """
        executor = executor or self._engine.start()
        try:
            while self._fill(executor):
                for future in self._wait():
                    error = _error_of(future)
                    if error is None:
                        yield self._settle(self._working.pop(future), future.result())
                    elif self._engine.is_broken(error):
                        self._is_broken = True
                    elif self._engine.is_death(error):
                        self._bury(self._working.pop(future), error)
                    else:
                        raise error
                late = any(chunk.is_overdue for chunk in self._working.values())
                if late or self._is_broken:
                    yield from self._finished()
                    executor = self._restart(executor)
                yield None
            raises = self.failures and self._retry.then == "raise"
            self._state = "failed" if raises else "complete"
        finally:
            now = self._state == "running"
            if now:
                self._state = "stopped"
                for future in self._working:
                    # Of an executor that somebody else stops.
                    future.cancel()
            self._engine.stop(executor, now=now)

    def rescue(self) -> None:
        """Store what was finished when :meth:`execute` ended early."""
        list(self._finished())

    def _finished(self) -> Iterator[Outcome]:
        for future, chunk in list(self._working.items()):
            if future.done() and _error_of(future) is None:
                del self._working[future]
                yield self._settle(chunk, future.result())

    def _fill(self, executor: Executor) -> bool:
        """Hand out chunks and return whether any is out or waits for its time."""
        ahead = 2 * self._engine.workers if self._engine.workers > 1 else 1
        if self._stopping:
            raise WorkStoppedError("Work was stopped; what is done is kept")
        while len(self._working) < ahead:
            if not self._working:
                self._is_alone = bool(self._suspects)
            elif self._suspects or self._is_alone:
                break
            chunk = self._suspects.pop() if self._is_alone else self._next()
            if chunk is None:
                break
            chunk.overdue = self._time_limit(chunk)
            try:
                future = self._submit(executor, chunk)
            except CannotTravelError as e:
                self._refuse(chunk, e)
                continue
            except Exception as e:
                if not self._engine.is_broken(e):
                    raise
                # No worker has seen this one, so it hasn't died of it.
                self._suspects.append(chunk)
                self._is_broken = True
                break
            self._working[future] = chunk
            future.add_done_callback(self._ended.put)
        return bool(self._working or self._again or self._suspects)

    def _next(self) -> Batch | None:
        for place, chunk in enumerate(self._again):
            if chunk.due <= monotonic():
                return self._again.pop(place)
        taken = self._feed.take()
        return None if taken is None else Batch(*taken)

    def _wait(self) -> list[Future[Any]]:
        """Return the futures that have ended, after a moment at most."""
        ended: list[Future[Any]] = []
        try:
            ended.append(self._ended.get(timeout=_TICK))
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            pass
        # Those of an executor that was given up have no chunk any more.
        return [future for future in ended if future in self._working]

    def _settle(self, chunk: Batch, result: Any) -> Outcome:
        outcome = self._store(chunk, result)
        if outcome.unknown is not None:
            self._refuse(chunk, outcome.unknown)
            return outcome
        self._sizer.learn(len(chunk.items), outcome.seconds)
        self._done += len(chunk.items) - len(outcome.failures) - outcome.failed_values
        self._failed_values += outcome.failed_values
        for place, error in outcome.failures.items():
            self._fail(chunk.only(place), error)
        return outcome

    def _refuse(self, chunk: Batch, error: BaseException) -> None:
        if len(chunk.items) > 1:
            # Which of them it is due to is found by trying each.
            self._again += map(chunk.only, range(len(chunk.items)))
        else:
            self.failures.append((chunk.items[0], error))

    def _fail(self, chunk: Batch, error: BaseException) -> None:
        if chunk.tries < self._retry.times:
            due = monotonic() + self._retry.delay(chunk.tries)
            self._again.append(replace(chunk, tries=chunk.tries + 1, due=due))
        else:
            self.failures.append((chunk.items[0], error))

    def _restart(self, executor: Executor) -> Executor:
        """Give up an executor whose workers died, or are beyond being interrupted."""
        chunks = list(self._working.values())
        self._working.clear()
        self._is_broken = False
        self._engine.stop(executor, now=True)
        if len(chunks) == 1:
            self._bury(chunks[0], None)
        else:
            self._suspects.extend(chunks)
        return self._engine.start()

    def _bury(self, chunk: Batch, error: BaseException | None) -> None:
        """Decide about a chunk of which it is known that its worker died."""
        chunk.deaths += 1
        late = chunk.is_overdue
        if chunk.deaths <= self._deaths and not late:
            self._suspects.append(chunk)
        elif len(chunk.items) > 1:
            self._suspects.extend(chunk.split())
        else:
            died = chunk.died_of(self._item_timeout if late else None)
            died.__cause__ = error
            self.failures.append((chunk.items[0], died))

    def _time_limit(self, chunk: Batch) -> float:
        """Return when a chunk is overdue that is handed out now."""
        if self._item_timeout is None:
            return math.inf
        # It may have to wait for the longest one before it.
        waits = max((len(each.items) for each in self._working.values()), default=0)
        # Twice, since all items are tried one by one if one of them fails.
        most = 2 * self._item_timeout * (waits + len(chunk.items))
        return monotonic() + most + _GRACE


def _error_of(future: Future[Any]) -> BaseException | None:
    # Of a cancelled one it would be raised.
    return CancelledError() if future.cancelled() else future.exception()
