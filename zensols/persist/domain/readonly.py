"""Stashes that can't be written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from ..error import PersistableError
from .stash import Stash, V, require_key

__all__ = ["ReadOnlyStash"]


@dataclass
class ReadOnlyStash(Stash[V], Generic[V]):
    """The base of stashes that only read: a subclass implements :meth:`load` and
    :meth:`keys`, and preferably :meth:`exists`.

    >>> class Squares(ReadOnlyStash):
    ...     def load(self, name):
    ...         return int(name) ** 2
    ...     def keys(self):
    ...         return map(str, range(3))
    >>> dict(Squares())
    {'0': 0, '1': 1, '2': 4}

    """

    strict = False
    """Whether writing raises an error rather than doing nothing; to be set on
    the instance.
    """

    def __post_init__(self) -> None:
        self.strict = False

    def _ignore(self, what: str) -> None:
        if self.strict:
            raise PersistableError(f"{type(self).__name__} is read-only: no {what}")

    def dump(self, name: str, inst: V) -> None:
        """Do nothing.

        :raises PersistableError: if :attr:`strict`

        """
        self._ignore(f"dump of {name!r}")

    def delete(self, name: str | None = None) -> None:
        """Do nothing.

        :raises PersistableError: if :attr:`strict` or if no key is given

        """
        self._ignore(f"delete of {require_key(self, name)!r}")

    def clear(self) -> None:
        """Do nothing.

        :raises PersistableError: if :attr:`strict`

        """
        self._ignore("clear")
