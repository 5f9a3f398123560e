"""What to do about items that fail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["OnFailure", "Retry", "as_retry", "retry"]

OnFailure = Literal["raise", "collect"]
"""What becomes of an item that fails: its exception is raised when all others are
done, or is kept in its place as a :class:`.Failure`.

"""

_LONGEST: Final = 60.0
"""How many seconds to wait for a retry at most, unless the first is longer."""


@dataclass(frozen=True)
class Retry:
    """How often to try an item again that fails, and what becomes of it then.

    Immutable, and picklable.

    >>> [Retry(5, backoff=10).delay(tried) for tried in range(5)]
    [10.0, 20.0, 40.0, 60.0, 60.0]

    """

    times: int
    """How many times it is tried again, none with 0."""

    backoff: float = 0.0
    """How many seconds to wait before the first retry.  The time doubles with each
    one, up to a minute.
    """

    then: OnFailure = "raise"
    """What becomes of an item that fails all the same."""

    def __post_init__(self) -> None:
        if type(self.times) is not int or self.times < 0:
            raise ValueError(
                f"Retries must be a whole number, 0 or more: {self.times!r}"
            )
        if type(self.backoff) not in (int, float) or not 0 <= self.backoff < math.inf:
            raise ValueError(
                f"A backoff must be a number of seconds, 0 or more: {self.backoff!r}"
            )
        if self.then not in get_args(OnFailure):
            raise ValueError(_unknown(self.then))

    def delay(self, tried: int) -> float:
        """Return how many seconds to wait before a retry.

        :param tried: how many retries there were before

        """
        # More doublings than this would only overflow.
        seconds = self.backoff * 2.0 ** min(tried, 64)
        return float(min(seconds, max(self.backoff, _LONGEST)))


def retry(n: int, backoff: float = 0.0, *, then: OnFailure = "raise") -> Retry:
    """Return the policy that tries an item again that fails.

    :param n: how many times, at least once

    :param backoff: how many seconds to wait before the first retry; the time
                    doubles with each one, up to a minute

    :param then: what becomes of an item that fails all the same: ``raise`` its
                 exception when all others are done, or ``collect`` it as a
                 :class:`.Failure`

    :raises ValueError: if a parameter makes no sense

    >>> retry(3, backoff=0.5)
    Retry(times=3, backoff=0.5, then='raise')

    """
    policy = Retry(n, backoff, then)
    if n == 0:
        raise ValueError(f"Retry at least once, or say {then!r} instead of retry(0)")
    return policy


def as_retry(policy: OnFailure | Retry) -> Retry:
    """Return a policy in full.

    :param policy: ``raise``, ``collect``, or what :func:`retry` made

    :raises ValueError: if it is none

    >>> as_retry("collect")
    Retry(times=0, backoff=0.0, then='collect')

    """
    if isinstance(policy, Retry):
        return policy
    # What is given can be of any type, and a list is not hashable.
    if any(policy == known for known in get_args(OnFailure)):
        return Retry(0, then=policy)
    raise ValueError(_unknown(policy))


def _unknown(policy: object) -> str:
    return (
        f"No such policy for failures: {policy!r}; use 'raise', 'collect' or retry(n)"
    )
