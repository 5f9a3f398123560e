"""Who has given the password."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe
from threading import Lock

__all__ = ["Sessions"]


class Sessions:
    """The browsers that have given the password, each known by a secret token, of which
    only the hash is kept.

    Safe to use from many threads.

    >>> sessions = Sessions()
    >>> token = sessions.begin()
    >>> sessions.has(token), sessions.has("guess"), sessions.has(None)
    (True, False, False)

    """

    def __init__(
        self,
        seconds: float = 12 * 3600,
        *,
        most: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param seconds: how long one lasts

        :param most: how many there are at most; the oldest ends first

        :param clock: returns the time in seconds

        """
        self.seconds = seconds
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._ends: OrderedDict[bytes, float] = OrderedDict()

    def begin(self) -> str:
        """Return the token of a new session."""
        token = token_urlsafe(32)
        with self._lock:
            self._ends[_hash(token)] = self._clock() + self.seconds
            while len(self._ends) > self._most:
                self._ends.popitem(last=False)
        return token

    def has(self, token: str | None) -> bool:
        """Return whether a token is that of a session.

        :param token: the token, None if there is none

        """
        if not token:
            return False
        with self._lock:
            end = self._ends.get(_hash(token))
        return end is not None and self._clock() < end

    def end(self, token: str | None) -> None:
        """End a session, if there is such.

        :param token: its token

        """
        with self._lock:
            self._ends.pop(_hash(token or ""), None)


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
