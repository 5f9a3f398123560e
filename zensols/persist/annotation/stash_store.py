"""Keep the value of a work in a stash."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..error import ClassNotFoundError, PersistableError
from ..missing import MISSING
from .fingerprint import Fingerprinted
from .store import Store

if TYPE_CHECKING:
    from ..domain import Stash

__all__ = ["StashStore", "resolve_stash"]


class StashStore(Store):
    """Keeps the value in a stash."""

    def __init__(self, stash: Stash[Any], key: str, fingerprint: str) -> None:
        """
        :param stash: the stash

        :param key: the value's key

        :param fingerprint: see :class:`Store`

        """
        super().__init__(fingerprint)
        self._stash = stash
        self._key = key

    def load(self) -> Any:
        try:
            value = self._stash.get(self._key, MISSING)
        except ClassNotFoundError as e:
            return self._miss(e)
        if value is MISSING:
            return MISSING
        found = ""
        if isinstance(value, Fingerprinted):
            value, found = value.value, value.fingerprint
        if self._fingerprint in ("", found):
            return value
        return self._outdated()

    def prepare(self) -> None:
        """A stash makes its own folders."""

    def dump(self, value: Any, seconds: float) -> None:
        if self._fingerprint:
            value = Fingerprinted(value, self._fingerprint)
        self._stash.dump(self._key, value)

    def delete(self) -> None:
        self._stash.delete(self._key)

    def lock(self, timeout: float | None) -> AbstractContextManager[None]:
        return self._stash.lock(self._key, timeout)

    def __str__(self) -> str:
        return f"key {self._key!r} of {type(self._stash).__name__}"


def resolve_stash(
    stash: Stash[Any] | str | Callable[[Any], Stash[Any]], owner: Any
) -> Stash[Any]:
    """Return the stash that a decorated method was given.

    :param stash: a stash, its URL, or a function of the owner that returns one

    :param owner: the instance that the method belongs to

    :raises PersistableError: if there is no such stash

    """
    from .. import domain

    if isinstance(stash, str):
        stash = domain.open_stash(stash)
    elif not isinstance(stash, domain.Stash):
        stash = stash(owner)
    if not isinstance(stash, domain.Stash):
        raise PersistableError(f"Not a stash to keep a value in: {stash!r}")
    return stash
