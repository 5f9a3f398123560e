"""The keys of stashes: of several as one set, and those that have to be given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, KeysView
from collections.abc import Set as AbstractSet

from ..error import PersistableError

__all__ = ["UnionKeys", "require_key", "snapshot"]


def snapshot(keys: Iterable[str]) -> Iterable[str]:
    """Return keys as they can be iterated while their stash changes, which the
    view of a dictionary can't.

    :param keys: what a stash's ``keys`` returned

    >>> data = {"a": 1, "b": 2}
    >>> for key in snapshot(data.keys()):
    ...     del data[key]

    """
    return list(keys) if isinstance(keys, KeysView) else keys


class UnionKeys(AbstractSet[str]):
    """The keys of several sources, each key once, in the order of the sources;
    listed anew each time it is iterated.

    >>> keys = UnionKeys([lambda: ["a", "b"], lambda: ["b", "c"]])
    >>> list(keys), keys == {"a", "b", "c"}
    (['a', 'b', 'c'], True)

    """

    def __init__(self, sources: Iterable[Callable[[], Iterable[str]]]) -> None:
        """
        :param sources: each returns keys

        """
        self._sources = tuple(sources)

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> set[str]:  # type: ignore[override]  # what set operations return
        return set(it)

    def __contains__(self, key: object) -> bool:
        return any(key in source() for source in self._sources)  # type: ignore[operator]  # any object can be asked for

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for source in self._sources:
            for key in snapshot(source()):
                if key not in seen:
                    seen.add(key)
                    yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)})"


def require_key(stash: object, name: str | None) -> str:
    """Return the key given to a method in which it is optional for the sake of
    the signature only.

    :param stash: the stash, for the error

    :param name: the key

    :raises PersistableError: if it is None

    >>> from zensols.persist.domain import NoopStash
    >>> require_key(NoopStash(), "a")
    'a'

    """
    if name is None:
        raise PersistableError(
            f"{type(stash).__name__}.delete() needs a key; use clear() to delete all"
        )
    return name
