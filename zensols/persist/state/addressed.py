"""The URLs of persisters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..domain import StashURL
from ..error import PersistableError

__all__ = ["Addressed"]


class Addressed:
    """What persisters that a URL can name have in common.

    As safe to use from threads and processes as its subclass.

    >>> class Mine(Addressed):
    ...     def __init__(self):
    ...         self._set_address("redis://:secret@localhost", namespace="chats")
    >>> Mine().url
    StashURL('redis://:***@localhost?namespace=chats')

    """

    _address: str | None = None
    _settings: Mapping[str, object] = MappingProxyType({})

    def _set_address(self, address: str, **settings: object) -> None:
        """Give this its URL.

        :param address: what the URL begins with

        :param settings: its options, None for those that are left out

        """
        self._address = address
        self._settings = settings

    @property
    def url(self) -> StashURL:
        """The URL with which :func:`.open_persister` opens a persister of the same
        states.  Its text shows no password.

        :raises PersistableError: if there is none

        """
        if self._address is None:
            raise PersistableError(f"A {type(self).__name__} has no URL")
        return StashURL.parse(self._address).extended(self._settings)
