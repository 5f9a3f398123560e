"""Fill a stash, here or in the background."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from .crew import Crew
from .feed import Feed
from .legacy import process_by
from .news import News
from .policy import as_retry
from .presence import Presence
from .progress import Progress, report_to
from .recipe import engine_of, processor_of, start_early
from .run import Run
from .sizing import Sizer
from .turn import turn

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .engine import Engine
    from .manifest import Manifest
    from .stash import MultiProcessStash

__all__ = ["Filling"]

logger = logging.getLogger(__name__)

_PERIOD: Final = 0.2
"""After how many seconds to report the progress again."""


class Filling:
    """Fills a stash with what it lacks, once.

    Safe to use from many threads; other fillings, of this process and others, wait
    for it, if the delegate's lock excludes these.

    """

    def __init__(
        self,
        stash: MultiProcessStash[Any],
        on_filled: Callable[[], None],
        *,
        look: bool,
        again: bool = False,
    ) -> None:
        """
        :param stash: what to fill

        :param on_filled: called when it is filled

        :param look: whether to look at all items even if all are recorded as done

        :param again: whether to do them all, whatever is there

        """
        self.news = News()
        """Tells what it has stored."""
        self.is_unseen = False
        """Whether it ended with an error that nobody has got yet."""
        self.progress = Progress("idle", None, 0, 0, 0, 0, 0.0)
        """How far it is."""
        self._stash = stash
        self._presence = Presence(stash.delegate)
        self._wanted: deque[str] = deque()
        """What to make before others."""
        self._reported = 0.0
        self._on_filled = on_filled
        self._look = look
        self._again = again
        self._error: BaseException | None = None
        self._run: Run | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._is_background = False
        self._engine: Engine | None = None
        self._executor: Executor | None = None  # Until the run begins.

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self.news.has_ended

    @property
    def is_mine(self) -> bool:
        """Whether the current thread is the one that does the filling."""
        return self._thread is threading.current_thread()

    def start(self) -> None:
        """Fill in the background.

        :raises MultiProcessError: if there can't be any workers

        """
        self._is_background = True
        self._thread = threading.Thread(
            target=self._fill_quietly, name=f"fill {type(self._stash).__name__}"
        )
        try:
            self._engine = engine_of(self._stash)
            self._executor = start_early(self._engine)
            self._thread.start()
        except BaseException:
            self._end()
            raise

    def fill(self) -> None:
        """Fill.

        :raises Exception: what an item raised, if failures are to be raised; what
                           else went wrong

        """
        self._thread = threading.current_thread()
        try:
            self._fill()
        except BaseException as e:
            self._error = e
            self.is_unseen = self._is_background
            raise
        finally:
            self._end()

    def _end(self) -> None:
        if self._executor is not None and self._engine is not None:
            self._engine.stop(self._executor, now=True)
        self.news.end()

    def stop(self) -> None:
        """Stop, without waiting for it."""
        self._stopped = True
        self.news.hasten()
        if self._run is not None:
            self._run.stop()

    def join(self) -> None:
        """Wait for its end, and stop it if this is interrupted.

        :raises Exception: what :meth:`fill` raises

        """
        try:
            self.wait()
        except KeyboardInterrupt:
            self.stop()
            self.wait()
            raise
        self.is_unseen = False
        if self._error is not None:
            raise self._error

    def wait(self) -> None:
        """Wait for its end."""
        self.news.wait_for(lambda: False)

    def wait_for(self, key: str) -> bool:
        """Return whether a key is stored, waiting until it is, or is not going to be.

        :param key: the key

        """
        has = self._presence.has
        if not has(key):
            self.hurry(key)
            self.news.wait_for(lambda: has(key))
        return has(key)

    def hurry(self, key: str) -> None:
        """Make a key before others, if it is known to be an item.

        :param key: the key

        """
        if self._stash.has_item(key):
            self._wanted.append(key)

    def _hurry(self, run: Run) -> None:
        while self._wanted:
            if not self._presence.has(key := self._wanted.popleft()):
                run.hurry(key)

    def _fill_quietly(self) -> None:
        # Kept for those who join.
        with suppress(BaseException):
            self.fill()

    def _is_to_stop(self) -> bool:
        # Nobody waits for what is done in the background of a program that ends.
        return self._stopped or (
            self._is_background and not threading.main_thread().is_alive()
        )

    def _fill(self) -> None:
        stash = self._stash
        with turn(stash.delegate, self._is_to_stop):
            manifest = stash.manifest()
            self._presence.know(manifest.made_by_others())
            self.news.tell(())
            processor = processor_of(stash)
            engine = self._engine or engine_of(stash)
            sizer = Sizer(stash.chunk_size, engine.workers)
            feed = (
                Feed(stash._create_data(), sizer)
                if self._again
                else stash.make_feed(manifest, sizer, look=self._look)
            )
            if feed is None:
                self.progress = replace(self.progress, state="complete")
            elif processor is not None:
                manifest.begin()
                process_by(processor, stash, engine.workers, feed)
                manifest.complete(stash.delegate.keys())
            else:
                manifest.begin()
                self._work(manifest, engine, sizer, feed)
        self._on_filled()

    def _work(
        self, manifest: Manifest, engine: Engine, sizer: Sizer, feed: Feed
    ) -> None:
        stash = self._stash
        retry = as_retry(stash.on_failure)
        with ExitStack() as stack:
            crew = Crew(stash, engine, manifest, stack)
            run = Run(
                engine,
                feed,
                sizer,
                crew.submit,
                crew.store,
                retry=retry,
                deaths=stash.death_retries,
                item_timeout=stash.item_timeout,
            )
            title = stash.name or type(stash).__name__
            report = stack.enter_context(report_to(stash.show_progress, title))
            stack.callback(self._note_progress, report, at_once=True)
            self._run = run
            if self._is_to_stop():
                run.stop()
            self._hurry(run)
            try:
                executor, self._executor = self._executor, None
                for outcome in run.execute(executor):
                    if outcome is not None:
                        self._presence.add(outcome.keys)
                        self.news.tell(outcome.keys)
                    self._note_progress(report)
                    self._hurry(run)
                    if self._is_to_stop():
                        run.stop()
            except BaseException as e:
                with suppress(Exception):
                    run.rescue()
                logger.warning(
                    "%s was %s: %d items done before it are kept, %d from earlier; "
                    "the next access does the rest",
                    title,
                    "interrupted" if isinstance(e, KeyboardInterrupt) else "stopped",
                    run.progress.done,
                    feed.kept,
                )
                raise
        self._conclude(manifest, run, retry.then == "collect")

    def _conclude(self, manifest: Manifest, run: Run, collect: bool) -> None:
        stash = self._stash
        stash.keep_failures(run.failures if collect else [])
        if not run.failures or (collect and stash.keys_are_items):
            # Of another version of the code, which this one hasn't made.
            stale = manifest.made_by_others()
            keys = stash.delegate.keys() if stale else ()
            stash.delegate.delete_many([key for key in keys if str(key) in stale])
            manifest.complete(stash.delegate.keys())
        if run.failures and not collect:
            error = run.failures[0][1]
            if len(run.failures) > 1:
                error.add_note(
                    f"{len(run.failures)} items failed; this is the first.  What the "
                    f"others made is kept; the next access tries the failed ones again"
                )
            raise error

    def _note_progress(
        self, report: Callable[[Progress], None], *, at_once: bool = False
    ) -> None:
        if self._run is not None:
            self.progress = self._run.progress
            if at_once or self.progress.seconds - self._reported >= _PERIOD:
                self._reported = self.progress.seconds
                report(self.progress)
