"""What keeps the value of a work at rest."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

from ..missing import MISSING

__all__ = ["Store"]

logger = logging.getLogger(__name__)


class Store(ABC):
    """Keeps one value at rest."""

    def __init__(self, fingerprint: str) -> None:
        """
        :param fingerprint: identifies the code that computes the value, or is
                            empty where any value will do

        """
        self._fingerprint = fingerprint

    @abstractmethod
    def load(self) -> Any:
        """Return the value, or :data:`.MISSING` if there is none to be used: it
        was computed by other code, or its class is no more.

        :raises PersistableError: if it can't be read

        """

    @abstractmethod
    def prepare(self) -> None:
        """Find out that a value could be written, before it is computed."""

    @abstractmethod
    def dump(self, value: Any, seconds: float) -> None:
        """Replace the value.

        :param value: the new one

        :param seconds: how long it took to compute

        """

    @abstractmethod
    def delete(self) -> None:
        """Delete the value, if there is one."""

    @abstractmethod
    def lock(self, timeout: float | None) -> AbstractContextManager[None]:
        """Return the lock to hold while computing the value.

        :param timeout: how many seconds to wait; None waits as long as it takes

        """

    def _miss(self, reason: object) -> Any:
        logger.info("Computing %s again: %s", self, reason)
        return MISSING

    def _outdated(self) -> Any:
        return self._miss("it was computed by another version of the code")
