"""Persisters in stashes."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from ..domain import Stash, StashURL, open_stash
from .asyncpersister import AsyncPersister
from .persister import Persister
from .stashrecords import StashRecords
from .threadedrecords import ThreadedRecords

__all__ = ["AsyncStashPersister", "StashPersister"]

_TIMEOUT: Final = 60.0


class StashPersister(Persister):
    """Saves and loads the states of applications in a stash, which they have to
    themselves.

    As safe to use from threads, processes and machines as the stash and its locks
    are; a save that was killed has been done or not, and loses nothing.

    >>> import tempfile
    >>> persister = StashPersister(f"dir:{tempfile.mkdtemp()}")
    >>> persister.save("user 1", "chat", 1, "ask", {"text": "hi"}, "completed")
    >>> persister.load("user 1", "chat")["state"]["text"]
    'hi'

    """

    twin: ClassVar[str] = "AsyncStashPersister"

    def __init__(
        self,
        stash: Stash[Any] | StashURL | str,
        *,
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param stash: the stash, or its URL

        :param timeout: how many seconds to wait for others that write

        :param options: as for :class:`.Persister`

        """
        self._stash = _opened(stash)
        super().__init__(StashRecords(self._stash, timeout), **options)

    @property
    def url(self) -> StashURL:
        return _url_of(self._stash)


class AsyncStashPersister(AsyncPersister):
    """What :class:`StashPersister` is, with coroutines: the stash works in threads,
    so that the event loop goes on.

    For the coroutines of one event loop.

    >>> import asyncio
    >>> from zensols.persist import DictionaryStash
    >>> async def chat(stash):
    ...     async with AsyncStashPersister(stash) as persister:
    ...         await persister.save("user 1", "chat", 1, "ask", {}, "completed")
    ...         return await persister.list_app_ids("user 1")
    >>> asyncio.run(chat(DictionaryStash()))
    ['chat']

    """

    def __init__(
        self,
        stash: Stash[Any] | StashURL | str,
        *,
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param stash: as for :class:`StashPersister`, like all that follow

        """
        self._stash = _opened(stash)
        records = StashRecords(self._stash, timeout)
        super().__init__(ThreadedRecords(records), **options)

    @property
    def url(self) -> StashURL:
        return _url_of(self._stash)


def _opened(stash: Stash[Any] | StashURL | str) -> Stash[Any]:
    if not isinstance(stash, str | StashURL):
        return stash
    url = StashURL.parse(stash) if isinstance(stash, str) else stash
    if "ttl" in url.options:
        raise url.wrong("option 'ttl': states don't expire; prune them instead")
    return open_stash(url)


def _url_of(stash: Stash[Any]) -> StashURL:
    from .opening import DATABASES, STASH

    url = stash.url
    if url.scheme not in DATABASES:
        return url
    return StashURL(STASH + url.scheme, url.location, url.options)
