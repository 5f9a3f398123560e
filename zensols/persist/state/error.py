"""What goes wrong with the states of applications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..error import PersistableError

__all__ = ["StateConflictError", "StateVersionError"]


class StateConflictError(PersistableError):
    """Raised instead of replacing a state by another, or adding one to what is not
    what the caller believes it to be.

    >>> raise StateConflictError("State 3 was saved already", {"n": 1}, {"n": 2})
    Traceback (most recent call last):
    zensols.persist.state.error.StateConflictError: State 3 was saved already

    """

    def __init__(
        self,
        message: str,
        saved: Mapping[str, Any] | None = None,
        refused: Mapping[str, Any] | None = None,
    ) -> None:
        """
        :param message: what it is about

        :param saved: the state that was saved before, also in :attr:`saved`

        :param refused: the state that was not saved, also in :attr:`refused`

        """
        super().__init__(message)
        self.saved = saved
        self.refused = refused

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self.args, self.saved, self.refused)


class StateVersionError(PersistableError):
    """Raised for a state that a newer version of the program saved."""
