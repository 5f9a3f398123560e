"""Hand chunks to workers, and keep what they make."""

from __future__ import annotations

import logging
import os
import pickle
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from zensols.persist.domain import Reach

from .batch import Batch
from .chunk import is_configured
from .error import UnreachableDelegateError
from .failure import annotate, describe_item
from .logs import replay
from .outcome import Outcome
from .parcel import Parcel
from .recipe import child_of
from .scratch import scratch_folder
from .seeds import chunk_seed
from .travel import check_fingerprint, own_fingerprint, pack, unpack
from .worker import Job, Worker, dump_each, work_remotely

if TYPE_CHECKING:
    from .engine import Engine
    from .manifest import Manifest
    from .stash import MultiProcessStash

__all__ = ["Crew"]


class Crew:
    """Hands chunks to workers, and stores and records what they make."""

    def __init__(
        self,
        stash: MultiProcessStash[Any],
        engine: Engine,
        manifest: Manifest,
        stack: ExitStack,
    ) -> None:
        """
        :param stash: whose work it is

        :param engine: has the workers

        :param manifest: where to record what is done

        :param stack: removes what is needed meanwhile

        :raises MultiProcessError: if the workers can't do the work, which is said
                                   before any of it is done

        """
        self._stash = stash
        self._manifest = manifest
        self._chunks = 0
        self._run = uuid4().hex
        self._folder: str | None = None
        self._is_local = engine.reach == Reach.PROCESS
        # Threads share their random numbers.
        self._seeds = engine.workers == 1 or not self._is_local
        self._shared = stash.delegate.reach >= engine.reach
        if not self._shared and stash.delegate.reach != Reach.PROCESS:
            raise UnreachableDelegateError(
                f"Workers on other machines can't reach the delegate of "
                f"{type(stash).__name__}, {stash.delegate!r}: use a store on a server "
                f"(Redis, PostgreSQL, MongoDB, S3), or workers of this machine"
            )
        job = partial(
            Job, self._run, shared=self._shared, item_timeout=stash.item_timeout
        )
        if self._is_local:
            self._job = job(child_of(stash), remote=False)
            self._worker = Worker(self._job) if engine.workers == 1 else None
            return
        # What a configuration makes there may well be unable to travel.
        packed: bytes | None = None
        if not is_configured(stash.config, stash.name):
            packed = pack(
                child_of(stash, keep_delegate=self._shared),
                type(stash).__name__,
                by_value=engine.by_value,
            )
        if engine.reach == Reach.MACHINE:
            self._folder = stack.enter_context(scratch_folder())
        else:
            engine.check(partial(check_fingerprint, own_fingerprint()))
        self._parcel = Parcel.of(
            pickle.dumps(
                job(
                    packed,
                    log_level=_lowest_level(),
                    parent=os.getpid() if self._folder else None,
                )
            ),
            self._folder,
        )
        self._by_value = engine.by_value

    def submit(self, executor: Executor, chunk: Batch) -> Future[Any]:
        """Hand out a chunk.

        :param executor: has the workers

        :param chunk: the chunk

        """
        processor = self._stash._create_chunk_processor(self._chunks, chunk.items)
        self._chunks += 1
        seed = None
        if self._seeds:
            seed = chunk_seed(self._stash.seed, chunk.digests[0])
        if self._is_local:
            worker = self._worker or Worker(self._job)
            return executor.submit(worker.work, processor, seed)
        packed = pack(processor, "an item", by_value=self._by_value)
        parcel = Parcel.of(packed, self._folder)
        future = executor.submit(
            work_remotely, self._run, self._parcel, parcel, seed, self._folder
        )
        # Not sooner, since a cluster gives it to another worker if the first dies.
        future.add_done_callback(lambda _: parcel.discard())
        return future

    def store(self, chunk: Batch, result: Any) -> Outcome:
        """Store and record what a worker made.

        :param chunk: the chunk that it had

        :param result: what its future returned

        """
        outcome: Outcome = (
            result if isinstance(result, Outcome) else unpack(result.open())
        )
        replay(outcome.records)
        if not self._shared:
            error = self._keep(outcome)
            if error is not None and len(chunk.items) > 1:
                outcome.unknown = error
                return outcome
            if error is not None:
                annotate(error, describe_item(chunk.items[0]))
                outcome.failures[0] = error
        done = [d for i, d in enumerate(chunk.digests) if i not in outcome.failures]
        if done or outcome.keys:
            self._manifest.record(done, map(str, outcome.keys))
        return outcome

    def _keep(self, outcome: Outcome) -> Exception | None:
        """Store what was handed back, and return why something isn't, if so."""
        error: Exception | None = None
        pairs = []
        for key, value in zip(outcome.keys, outcome.values, strict=True):
            try:
                pairs.append((key, unpack(value)))
            except Exception as e:  # noqa: BLE001  restoring it runs what it likes
                error = e
        stored, unstored = dump_each(self._stash.delegate, pairs)
        outcome.keys = [key for key, _ in stored]
        return unstored or error


def _lowest_level() -> int:
    """Return the level from which on any logger of this process may want records."""
    loggers = list(logging.root.manager.loggerDict.values())
    levels = [x.level for x in loggers if isinstance(x, logging.Logger) and x.level]
    return min([*levels, logging.root.level])
