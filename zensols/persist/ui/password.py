"""The password of the panel, and how often it may be tried."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from hashlib import scrypt
from hmac import compare_digest
from secrets import token_bytes
from threading import Lock
from typing import Final

from ..error import PersistableError

__all__ = ["Password", "Throttle"]

_COST: Final = 1 << 14
_BLOCK: Final = 8
_LONGEST: Final = 1024
SHORTEST: Final = 8
"""How many characters a password has at least."""


class Password:
    """A password, of which only the scrypt hash is kept (:rfc:`7914`).

    Immutable and safe to share between threads.

    >>> password = Password("correct horse")
    >>> password.matches("correct horse"), password.matches("battery staple")
    (True, False)

    """

    def __init__(self, text: str) -> None:
        """
        :param text: the password

        :raises PersistableError: if it is too short or too long

        """
        if not SHORTEST <= len(text) <= _LONGEST:
            raise PersistableError(
                f"The password has {len(text)} characters: give one of {SHORTEST} to "
                f"{_LONGEST}"
            )
        self._salt = token_bytes(16)
        self._hash = self._derive(text)

    def matches(self, text: str) -> bool:
        """Return whether a text is the password; it takes as long if it isn't.

        :param text: what was typed

        """
        return compare_digest(self._derive(text[: _LONGEST + 1]), self._hash)

    def _derive(self, text: str) -> bytes:
        return scrypt(
            text.encode("utf-8", "surrogatepass"),
            salt=self._salt,
            n=_COST,
            r=_BLOCK,
            p=1,
            maxmem=1 << 26,
        )


class Throttle:
    """Bounds how often something may be tried: by each address, and by all.

    Safe to use from many threads.

    >>> now = 0.0
    >>> throttle = Throttle(2, 60, clock=lambda: now)
    >>> [throttle.attempt("10.0.0.1") for _ in range(3)]
    [0.0, 0.0, 60.0]

    """

    def __init__(
        self,
        limit: int = 5,
        seconds: float = 60,
        *,
        of_all: int = 10,
        addresses: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param limit: how often an address may try

        :param seconds: in how long a time

        :param of_all: how many times as often all together may

        :param addresses: how many addresses to remember

        :param clock: returns the time in seconds

        """
        self._limit = limit
        self._seconds = seconds
        self._of_all = of_all
        self._addresses = addresses
        self._clock = clock
        self._lock = Lock()
        self._tried: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque()

    def attempt(self, address: str) -> float:
        """Count an attempt, and return 0, or how many seconds to wait before the next
        one, if this is one too many.

        :param address: who tries

        """
        with self._lock:
            now = self._clock()
            mine = self._tried.setdefault(address, deque())
            self._tried.move_to_end(address)
            while len(self._tried) > self._addresses:
                self._tried.popitem(last=False)
            waits = [0.0]
            for tried, limit in (
                (mine, self._limit),
                (self._all, self._limit * self._of_all),
            ):
                while tried and tried[0] <= now - self._seconds:
                    tried.popleft()
                if len(tried) >= limit:
                    waits.append(tried[0] + self._seconds - now)
            if len(waits) == 1:
                mine.append(now)
                self._all.append(now)
            return max(waits)

    def forgive(self, address: str) -> None:
        """Forget the attempts of an address, which knew what it was asked for.

        :param address: who tried

        """
        with self._lock:
            self._tried.pop(address, None)
