"""Records of a database whose driver waits, for coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

__all__ = ["InlineRecords", "ThreadedRecords"]

_THREADS: Final = 4


class InlineRecords:
    """Has the methods of :class:`.Records` as coroutines, and runs them at once, as
    is right for what takes no time.

    As safe as the records.

    """

    def __init__(self, records: Any) -> None:
        """
        :param records: does the work

        """
        self._records = records

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._records,)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._records, name)

        async def call(*arguments: Any) -> Any:
            return method(*arguments)

        return call


class ThreadedRecords:
    """Has the methods of :class:`.Records` as coroutines, and runs them in threads of
    its own, so that the event loop goes on meanwhile.

    For the coroutines of one event loop at a time.

    """

    def __init__(self, records: Any) -> None:
        """
        :param records: does the work

        """
        self._records = records
        self._threads: ThreadPoolExecutor | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._records,)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._records, name)

        async def call(*arguments: Any) -> Any:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, "states")
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, method, *arguments)

        return call

    async def close(self) -> None:
        """Free what it holds, threads included."""
        threads, self._threads = self._threads, None
        self._records.close()
        if threads is not None:
            threads.shutdown()
