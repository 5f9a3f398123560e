"""What takes as long as it takes on a busy machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from zensols.persist.error import StoreUnavailableError

T = TypeVar("T")

_ATTEMPTS = 60


def insist(use: Callable[[], T]) -> T:
    """Return what something returns that may take longer than its short timeout.

    :param use: may be called again after a server didn't answer in time

    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return use()
        except StoreUnavailableError:
            pass
    return use()
