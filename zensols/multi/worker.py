"""Work on a chunk, wherever that is."""

from __future__ import annotations

import pickle
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from zensols.persist.dealloc import Deallocatable
from zensols.persist.domain import Reach
from zensols.persist.error import Failure

from .chunk import ChunkProcessor
from .error import MultiProcessError
from .failure import annotate, describe_item, portable
from .limit import Limit
from .logs import capture
from .orphan import watch_parent
from .outcome import Outcome
from .parcel import Parcel
from .seeds import chunk_seed, seeded
from .travel import pack, unpack

if TYPE_CHECKING:
    from zensols.persist.domain import Stash

    from .stash import MultiProcessStash

__all__ = ["Job", "Worker", "dump_each", "work_remotely"]

_BATCH: Final = 100
_BATCH_SECONDS: Final = 0.05
"""Results are stored when there are so many, or the first has waited for so long."""


@dataclass(frozen=True)
class Job:
    """What all chunks of a run have in common."""

    run: str
    """Identifies the run."""

    stash: MultiProcessStash[Any] | bytes | None
    """The stash, or what :func:`.travel.pack` made of it, or None if a configuration
    makes it.
    """

    shared: bool
    """Whether workers store what they make, rather than hand it back."""

    remote: bool = True
    """Whether workers are other processes."""

    item_timeout: float | None = None
    """How many seconds an item may take."""

    log_level: int | None = None
    """From which level on log records are handed back; None leaves them alone."""

    parent: int | None = None
    """The process without which workers have to end, if they are on its machine."""


class Worker:
    """Works on chunks of one run with one stash.

    For one thread.

    """

    def __init__(self, job: Job) -> None:
        """
        :param job: what to do

        """
        self._job = job
        self._stash: MultiProcessStash[Any] | None = None

    def work(self, chunk: ChunkProcessor, seed: int | None) -> Outcome:
        """Work on a chunk and return what became of it.

        :param chunk: the chunk

        :param seed: makes the chunk's random numbers the same each time; None
                     leaves them alone

        """
        began = perf_counter()
        stash = self._stash
        if stash is None:
            chunk.stash = self._job.stash
            stash = self._stash = chunk.make_stash()
        stash.__dict__["chunk_seed"] = seed
        outcome = Outcome()
        with ExitStack() as stack:
            if self._job.log_level is not None:
                outcome.records = stack.enter_context(capture(self._job.log_level))
            self._work(_Attempt(self._job, stash, outcome), list(chunk.data), seed)
        outcome.seconds = perf_counter() - began
        return outcome

    def _work(self, attempt: _Attempt, items: list[Any], seed: int | None) -> None:
        what = describe_item(items[0]) if len(items) == 1 else f"{len(items)} items"
        error = attempt.work(items, what, seed)
        if error is None:
            return
        if len(items) == 1:
            attempt.outcome.failures[0] = error
            return
        # Which of them fails is found by trying each.
        known = attempt.stash.keys_are_items
        for place, item in enumerate(items):
            if known and str(item) in attempt.stored:
                continue
            own = None if seed is None else chunk_seed(seed, str(place).encode())
            error = attempt.work([item], describe_item(item), own)
            if error is not None:
                attempt.outcome.failures[place] = error


class _Attempt:
    """Attempts to work on items, and stores or keeps what that makes."""

    def __init__(
        self, job: Job, stash: MultiProcessStash[Any], outcome: Outcome
    ) -> None:
        self.stash = stash
        self.outcome = outcome
        self.stored: set[str] = set()
        self._job = job
        self._limit = Limit(job.item_timeout)
        self._batch: list[tuple[str, Any]] = []
        self._since = 0.0

    def work(
        self, items: list[Any], what: str, seed: int | None
    ) -> BaseException | None:
        """Return what was raised, if anything was."""
        try:
            with seeded(seed), self._limit as limit:
                limit.start(what)
                # The contract's name for what clients implement.
                for key, value in self.stash._process(items):
                    limit.clear()
                    self._keep(key, value)
                    limit.start(what)
                limit.clear()
            self._flush()
        except SystemExit as e:
            error: BaseException = MultiProcessError(
                f"Item {what} left the program with code {e.code!r}"
            )
            error.__cause__ = e
        except KeyboardInterrupt as e:
            if not self._job.remote:
                # The user's.
                raise
            error = e
        except BaseException as e:  # noqa: BLE001  a client raises what it likes
            error = e
        else:
            return None
        try:
            self._flush()
        except Exception as e:  # noqa: BLE001  of which there is no use
            error.add_note(f"What came before could not be stored either: {e}")
            self._batch.clear()
        annotate(error, what)
        return portable(error) if self._job.remote else error

    def _keep(self, key: str, value: Any) -> None:
        if isinstance(value, Failure) and str(key) not in self.stored:
            self.outcome.failed_values += 1
        if not self._job.shared:
            if self._job.remote:
                value = pack(value, f"the value of {key!r}", by_value=False)
            self._add(key, value)
            return
        now = perf_counter()
        if not self._batch:
            self._since = now
        self._batch.append((key, value))
        if len(self._batch) >= _BATCH or now - self._since >= _BATCH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        delegate = self.stash.delegate
        stored, error = dump_each(delegate, batch)
        # Not the very ones that are stored.
        free = self._job.remote or delegate.reach > Reach.PROCESS
        for key, value in stored:
            self._add(key, None)
            if free:
                Deallocatable._try_deallocate(value)
        if error is not None:
            raise error

    def _add(self, key: str, value: Any) -> None:
        if str(key) in self.stored:
            if self._job.shared:
                return
            place = self.outcome.keys.index(key)
            self.outcome.values[place] = value
            return
        self.stored.add(str(key))
        self.outcome.keys.append(key)
        if not self._job.shared:
            self.outcome.values.append(value)


def dump_each(
    delegate: Stash[Any], pairs: list[tuple[str, Any]]
) -> tuple[list[tuple[str, Any]], Exception | None]:
    """Store pairs of keys and values, and return those that are stored, and why
    others, if any, aren't.

    :param delegate: where to

    :param pairs: keys and values

    """
    try:
        delegate.dump_many(pairs)
    except Exception as e:  # noqa: BLE001  a value or a store may raise anything
        # One that can't be stored must not cost the others.
        error = e
    else:
        return pairs, None
    stored = []
    for key, value in pairs:
        try:
            delegate.dump(key, value)
        except Exception as e:  # noqa: BLE001
            error = e
        else:
            stored.append((key, value))
    return stored, error


_workers: dict[str, Worker] = {}
"""The worker of this process, by the run that it is of."""


def work_remotely(
    run: str, job: Parcel, chunk: Parcel, seed: int | None, folder: str | None
) -> Parcel:
    """Work on a chunk in a worker process and return a pickled :class:`Outcome`.

    :param run: identifies the run

    :param job: the run's pickled :class:`Job`

    :param chunk: the pickled :class:`.ChunkProcessor`

    :param seed: that of the chunk's random numbers

    :param folder: where to put a large outcome, or None to hand it back

    """
    worker = _workers.get(run)
    if worker is None:
        opened: Job = unpack(job.open(keep=True))
        if opened.parent is not None:
            watch_parent(opened.parent)
        _workers.clear()
        worker = _workers[run] = Worker(opened)
    outcome = worker.work(unpack(chunk.open(keep=True)), seed)
    return Parcel.of(pickle.dumps(outcome, 5), folder)
