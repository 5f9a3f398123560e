"""Writing what differs to a stash, in one transaction where it has such."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ..domain import EntryStore, Stash, chunks
from .depot import Depot
from .differences import Pair
from .pages import Item
from .parts import from_bytes, join
from .snapshotting import Progress
from .source import Source

__all__ = ["replace"]

_SOME: Final = 200


def replace(
    stash: Stash[Any],
    depot: Depot,
    pairs: Callable[[], Iterator[Pair]],
    progress: Progress | None = None,
) -> None:
    """Have a stash have other items than it had.

    :param stash: the stash

    :param depot: has the values

    :param pairs: returns the old and the new item of each key; the old one may be
                  another one by now

    :param progress: is told how far this is

    :raises CorruptDataError: if a value is missing or damaged

    :raises PersistableError: if the stash can't be written

    """
    # So that nothing is changed if something is wrong.
    total = sum(_verified(depot, pairs()))
    if total:
        changing = _Changing(Source(stash), depot, pairs, total, progress)
        changing.run()


def _verified(depot: Depot, pairs: Iterator[Pair]) -> Iterator[int]:
    for some in chunks(pairs, _SOME):
        for _ in join(depot, _new(some)):
            pass
        yield len(some)


class _Changing:
    def __init__(
        self,
        source: Source,
        depot: Depot,
        pairs: Callable[[], Iterator[Pair]],
        total: int,
        progress: Progress | None,
    ) -> None:
        self._source = source
        self._depot = depot
        self._pairs = pairs
        self._total = total
        self._progress = progress

    def run(self) -> None:
        """Change the stash."""
        store = self._source.store
        if store is None:
            self._change_values()
        elif not store.change_entries(self._changes):
            self._change_entries(store)

    def _changes(self) -> Iterator[tuple[str, bytes | None]]:
        done = 0
        for some in chunks(self._pairs(), _SOME):
            for key, entry in join(self._depot, _new(some)):
                yield key, self._source.fitting(key, entry)
            for old, new in some:
                if new is None and old is not None:
                    yield from_bytes(old.key), None
            done += len(some)
            if self._progress is not None:
                self._progress(done, self._total)

    def _change_values(self) -> None:
        source = self._source
        for some in chunks(self._changes(), _SOME):
            source.stash.dump_many(
                (key, source.decode(key, entry))
                for key, entry in some
                if entry is not None
            )
            source.stash.delete_many(key for key, entry in some if entry is None)

    def _change_entries(self, store: EntryStore) -> None:
        for some in chunks(self._changes(), _SOME):
            store.dump_entries((key, entry) for key, entry in some if entry is not None)
            self._source.stash.delete_many(key for key, entry in some if entry is None)


def _new(pairs: list[Pair]) -> Iterator[Item]:
    return (new for _, new in pairs if new is not None)
