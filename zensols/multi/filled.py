"""Stashes that are filled before they are read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic

from zensols.persist.domain import PrimablePreemptiveStash, V

from .life import Life
from .progress import Progress

if TYPE_CHECKING:
    from .manifest import Manifest

__all__ = ["FilledStash"]

_LIVES: Final = "_lives_of_stash"


class _Lives(dict[tuple[int, int], Life]):
    """What a stash is about in each process that has been forked meanwhile, and what
    its copies are about that share its attributes; a pickle has none of it.

    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _Lives, ()


@dataclass
class FilledStash(PrimablePreemptiveStash[V], Generic[V]):
    """What of a :class:`.MultiProcessStash` has to do with when it is filled, and
    what can be read meanwhile.

    Safe to use from many threads.

    >>> from zensols.multi import MultiProcessStash
    >>> issubclass(MultiProcessStash, FilledStash)
    True

    """

    is_child = False
    """Whether this is a worker's copy, which is never primed."""

    def prime(self, wait: bool = True) -> None:
        """Fill the delegate with what it lacks, unless this has been done.

        :param wait: whether to wait until that is done; otherwise what is read waits
                     for its own key only

        :raises Exception: what an item raised, with the item and its traceback as
                           notes, after the others have been done

        :raises MultiProcessError: if the work can't be done

        """
        super().prime()
        if not self.is_child:
            self._life.prime(wait)

    def _spawn_work(self) -> None:
        """Do all work again, whatever is there."""
        self._life.again()

    def progress(self) -> Progress:
        """Return how far the work is."""
        return self._life.progress()

    def as_completed(self) -> Iterator[tuple[str, V]]:
        """Yield all keys and values, first those that are there, then the others as
        they are made.  If the caller takes them slowly, the work waits.

        :raises Exception: as :meth:`prime`, in the end

        """
        return self._life.as_completed()

    def invalidate(self) -> None:
        """Look now whether there are other items than last time, and do the
        difference.

        """
        self._life.look()

    def load(self, name: str) -> V | None:
        if self._life.has_while_filling(name):
            return self.delegate.load(name)
        return super().load(name)

    def get(self, name: str, default: Any = None) -> Any:
        if self._life.has_while_filling(name):
            return self.delegate.get(name, default)
        return super().get(name, default)

    def exists(self, name: str) -> bool:
        return self._life.has_while_filling(name) or super().exists(name)

    def delete(self, name: str | None = None) -> None:
        super().delete(name)
        self._life.forget([str(name)])

    def delete_many(self, names: Iterable[str]) -> None:
        if not self._inherits(FilledStash, "delete"):
            super().delete_many(names)
            return
        deleted = list(names)
        self.delegate.delete_many(deleted)
        self._reset_has_data()
        self._life.forget(map(str, deleted))

    def clear(self) -> None:
        """Delete everything, and forget that it was done.  Work that is going on is
        stopped before; if another object or process does it, this waits for its end.

        """
        with self._life.alone() as was_stopped:
            super().clear()
            self._life.clear(was_stopped=was_stopped)

    def manifest(self) -> Manifest:
        """Return the record of what is done."""
        return self._life.manifest()

    def close(self) -> None:
        """Stop the work if it is going on, and close the delegate."""
        self._life.close()
        super().close()

    @property
    def _life(self) -> Life:
        lives = self.__dict__.get(_LIVES)
        if lives is None:
            lives = self.__dict__.setdefault(_LIVES, _Lives())
        key = (os.getpid(), id(self))
        life: Life | None = lives.get(key)
        if life is None:
            life = lives.setdefault(key, Life(self))  # type: ignore[arg-type]  # its only subclass
        return life

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        attributes, *slots = state if isinstance(state, tuple) else (state,)
        attributes = {k: v for k, v in attributes.items() if k != _LIVES}
        return (attributes, *slots) if slots else attributes
