"""What a stash that is filled in parallel is about at the moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from zensols.persist.domain import CloseableStash, Stash, snapshot
from zensols.persist.error import Failure
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash

from .filling import Filling
from .manifest import Manifest
from .progress import Progress
from .turn import turn

if TYPE_CHECKING:
    from .stash import MultiProcessStash

__all__ = ["Life"]


class Life:
    """What a :class:`.MultiProcessStash` is about at the moment in this process:
    whether it has been filled, or is being filled, by which thread.

    Safe to use from many threads.

    """

    def __init__(self, stash: MultiProcessStash[Any]) -> None:
        """
        :param stash: the stash

        """
        self.kept_failures: list[tuple[Any, Failure]] = []
        """What failed in the last run, if failures are collected."""
        self._beside: Stash[Any] | None = None
        self._stash = stash
        self._lock = threading.Lock()
        self._filling: Filling | None = None
        self._is_filled = False
        self._wanted: str | None = None
        """The key that was asked for when the stash was not filled."""

    def prime(self, wait: bool) -> None:
        """Fill the stash, unless it is filled."""
        while not self._is_filled:
            filling, is_new = self._find_filling(look=False)
            if filling.is_mine:
                # What yields the items reads what there is so far.
                return
            if not is_new:
                if wait:
                    filling.join()
            elif wait:
                filling.fill()
            else:
                filling.start()
            if not wait:
                return

    def look(self) -> None:
        """Fill the stash with what it lacks by its items of now."""
        is_new = False
        while not is_new:
            filling, is_new = self._find_filling(look=True)
            if is_new:
                filling.fill()
            else:
                filling.join()

    def again(self) -> None:
        """Do all work again."""
        with self.alone() as was_stopped:
            self.clear(was_stopped=was_stopped)
            filling = Filling(self._stash, self._set_filled, look=True, again=True)
            with self._lock:
                self._filling = filling
            filling.fill()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Stop the work, let nobody else do any meanwhile, and yield whether there
        was any.

        """
        with ExitStack() as stack:
            was_stopped = self.stop()
            if not self._stash.is_child:
                stack.enter_context(turn(self._stash.delegate))
            yield was_stopped

    def progress(self) -> Progress:
        """Return how far the work is."""
        filling = self._filling
        if filling is None:
            return Progress("idle", None, 0, 0, 0, 0, 0.0)
        return filling.progress

    def as_completed(self) -> Iterator[tuple[str, Any]]:
        """Yield what there is and what is being made, as it is."""
        if self._is_filled or self._stash.is_child:
            yield from self._stash.delegate.items()
            return
        filling, is_new = self._find_filling(look=False)
        if filling.is_mine:
            yield from self._stash.delegate.items()
            return
        try:
            with filling.news.reading() as coming:
                if is_new:
                    filling.start()
                # Listed after the reading began, so that no key is in neither.
                delegate = self._stash.delegate
                # What another version made is to be made again, unless it is deleted.
                stale = self.manifest().made_by_others()
                there = {
                    k: None for k in snapshot(delegate.keys()) if str(k) not in stale
                }
                yield from delegate.load_many(there)
                for key in coming:
                    value = MISSING if key in there else delegate.get(key, MISSING)
                    if value is not MISSING:
                        yield key, value
        except KeyboardInterrupt:
            if is_new:
                self.stop()
            raise
        filling.join()

    def tell(self, keys: Iterable[str]) -> None:
        """Tell those who read meanwhile what has been stored.

        :param keys: what

        """
        if self._filling is not None:
            self._filling.news.tell(keys)

    def has_while_filling(self, key: str) -> bool:
        """Return whether a key can be read while others are being made in the
        background, after waiting for it if it is going to be.

        :param key: the key

        """
        filling = self._filling
        if filling is None or filling.has_ended:
            self._wanted = None if self._is_filled else key
            return False
        return not filling.is_mine and filling.wait_for(key)

    def forget(self, keys: Iterable[str]) -> None:
        """Remember that keys are deleted on purpose."""
        if not self._stash.is_child:
            self.manifest().forget(keys)

    def clear(self, *, was_stopped: bool) -> None:
        """Forget what was done.

        :param was_stopped: whether work was stopped for that

        """
        self.kept_failures = []
        self._is_filled = False
        if not self._stash.is_child:
            manifest = self.manifest()
            manifest.clear()
            if was_stopped:
                # A thread may yet store something, which is not to be taken for all.
                manifest.begin()

    def stop(self) -> bool:
        """Stop the work, wait until it has stopped, and return whether there was
        any.

        """
        filling = self._filling
        if filling is None or filling.is_mine:
            return False
        was_working = not filling.has_ended
        filling.stop()
        filling.wait()
        # What it raised has nothing to do with what is asked for next.
        filling.is_unseen = False
        return was_working

    def close(self) -> None:
        """Stop the work, wait until it has stopped, and close its record."""
        self.stop()
        with self._lock:
            beside, self._beside = self._beside, None
        if isinstance(beside, CloseableStash):
            beside.close()

    def manifest(self) -> Manifest:
        """Return the record of what is done."""
        with self._lock:
            if self._beside is None:
                self._beside = self._stash.delegate.beside("manifest")
            if self._beside is None:
                # It can't be kept for longer than this object, which others may fill.
                self._beside = vars(self._stash.delegate).setdefault(
                    "_manifest", DictionaryStash()
                )
            return Manifest(self._beside, self._stash.version)

    def _find_filling(self, *, look: bool) -> tuple[Filling, bool]:
        """Return the filling that is going on, or a new one to be started."""
        with self._lock:
            filling = self._filling
            # One that failed in the background has to be joined, to raise its error.
            if filling is not None and (
                not filling.has_ended
                or filling.is_unseen
                or (self._is_filled and not look)
            ):
                return filling, False
            self._is_filled = False
            filling = self._filling = Filling(self._stash, self._set_filled, look=look)
            if self._wanted is not None:
                filling.hurry(self._wanted)
            return filling, True

    def _set_filled(self) -> None:
        self._stash._reset_has_data()
        self._is_filled = True
