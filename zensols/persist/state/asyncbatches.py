"""What many coroutines ask for at one time, sent at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

__all__ = ["AsyncBatches"]

A = TypeVar("A")

_Asked = tuple[A, "asyncio.Future[Any]"]


class AsyncBatches(Generic[A]):
    """Collects what coroutines ask for until the event loop gets to it, or until one
    of those that were sent before is answered, and sends it at once.

    For the coroutines of one event loop at a time.

    >>> async def send(numbers):
    ...     print("sent", numbers)
    ...     return [number * 2 for number in numbers]
    >>> async def main():
    ...     batches = AsyncBatches(send, size=2, most=1)
    ...     return await asyncio.gather(*map(batches.ask, range(3)))
    >>> asyncio.run(main())
    sent [0, 1]
    sent [2]
    [0, 2, 4]

    """

    def __init__(
        self, send: Callable[[list[A]], Awaitable[Sequence[Any]]], size: int, most: int
    ) -> None:
        """
        :param send: returns an answer, or an exception, to each of what is asked;
                     what it raises is the answer to all

        :param size: how much is sent at once at most

        :param most: how many are sent at most before one of them is answered

        """
        self._send = send
        self._size = size
        self._most = most
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Asked[A]] = []
        self._senders: set[asyncio.Task[None]] = set()
        self._is_starting = False

    def ask(self, request: A) -> asyncio.Future[Any]:
        """Return the answer to what is asked, to be awaited.

        :param request: what is asked

        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._waiting, self._is_starting = loop, [], False
            self._senders = set()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((request, answer))
        if not self._is_starting and len(self._senders) < self._most:
            self._is_starting = True
            loop.call_soon(self._start)
        return answer

    def _start(self) -> None:
        self._is_starting = False
        size = self._size
        while self._waiting and len(self._senders) < self._most:
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            sender = asyncio.create_task(self._serve(batch))
            self._senders.add(sender)
            sender.add_done_callback(self._go_on)

    def _go_on(self, sender: asyncio.Task[None]) -> None:
        self._senders.discard(sender)
        if sender.cancelled():
            # The event loop is about to end.
            for _, answer in self._waiting:
                answer.cancel()
            self._waiting = []
        self._start()

    async def _serve(self, batch: list[_Asked[A]]) -> None:
        outcomes: Sequence[Any]
        try:
            outcomes = await self._send([request for request, _ in batch])
        except asyncio.CancelledError:
            for _, answer in batch:
                answer.cancel()
            raise
        except Exception as e:  # noqa: BLE001  raised where it was asked for
            outcomes = [e] * len(batch)
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            # Who asked may have given up.
            if not answer.done():
                if isinstance(outcome, BaseException):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)
