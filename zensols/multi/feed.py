"""What is left to do, in chunks."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Container, Iterable, Iterator, Sized
from hashlib import blake2b
from itertools import islice
from typing import Any

from .manifest import DIGEST_SIZE
from .sizing import Sizer

__all__ = ["Feed", "identify"]


def identify(item: Any) -> bytes:
    """Return what identifies an item the next time, too.

    :param item: what ``_create_data`` yielded

    >>> identify("a") == identify("a") != identify(b"a")
    True

    """
    if type(item) is str:
        data = b"s" + item.encode("utf-8", "surrogatepass")
    elif type(item) is int:
        data = b"%d" % item
    else:
        try:
            data = b"p" + pickle.dumps(item, 5)
        except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
            # One that only this process can have is done again by the next.
            return b""
    if len(data) < DIGEST_SIZE:
        # Hashing a million numbers takes long.  None ends with this byte, which is
        # neither in UTF-8 nor the last one of a pickle.
        return data.ljust(DIGEST_SIZE, b"\xff")
    return blake2b(data, digest_size=DIGEST_SIZE).digest()


class Feed:
    """Takes items as they are needed, leaving out those that are done.

    For one thread, :meth:`hurry` excepted.

    >>> feed = Feed(iter("abcd"), Sizer(2, 1), done={identify("b")})
    >>> [items for items, _ in feed]
    [['a', 'c'], ['d']]
    >>> feed.kept
    1

    """

    def __init__(
        self,
        items: Iterable[Any],
        sizer: Sizer,
        done: Container[bytes] = (),
        is_done: Callable[[Any], bool] | None = None,
    ) -> None:
        """
        :param items: all items; as many as need be are taken

        :param sizer: tells how many make up a chunk

        :param done: what :func:`identify` says of items to leave out

        :param is_done: whether to leave out an item

        """
        self.total = len(items) if isinstance(items, Sized) else None
        self.kept = 0
        """How many have been left out so far."""
        self._items: Iterator[Any] = iter(items)
        self._sizer = sizer
        self._done = done
        self._is_done = is_done
        self._taken = 0
        self._urgent: list[str] = []
        self._hurried: set[str] = set()

    def hurry(self, key: str) -> None:
        """Take an item that is a key before all others; it is left out when its
        turn comes.

        :param key: the item

        """
        self._urgent.append(key)

    def __iter__(self) -> Iterator[tuple[list[Any], list[bytes]]]:
        """Yield the chunks, and what identifies the items of each."""
        while chunk := self.take():
            yield chunk

    def take(self) -> tuple[list[Any], list[bytes]] | None:
        """Return the next chunk, or None if there is none left.

        :raises Exception: what yielding the items raises

        """
        while self._urgent:
            key = self._urgent.pop()
            if str(key) not in self._hurried:
                self._hurried.add(str(key))
                return [key], [identify(key)]
        left = None if self.total is None else self.total - self._taken
        size = self._sizer.next(left)
        if not (self._done or self._is_done or self._hurried):
            # In the beginning nothing is done, and there may be a million items.
            items = list(islice(self._items, size))
            self._taken += len(items)
            return (items, list(map(identify, items))) if items else None
        items = []
        digests: list[bytes] = []
        for item in self._items:
            self._taken += 1
            if self._hurried and str(item) in self._hurried:
                continue
            digest = identify(item)
            if digest in self._done or (self._is_done and self._is_done(item)):
                self.kept += 1
                continue
            items.append(item)
            digests.append(digest)
            if len(items) == size:
                break
        return (items, digests) if items else None
