"""The contract of persisters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from .past import PastContract
from .racing import RacingContract
from .saving import SavingContract

__all__ = ["AsyncPersisterContract", "PersisterContract"]


class PersisterContract(SavingContract, PastContract, RacingContract):
    """The tests that any persister passes.  To run them on one of yours, subclass
    this in a test module::

        class TestMyPersister(PersisterContract):
            @pytest.fixture
            def persister(self, tmp_path):
                persister = MyPersister(tmp_path / "states.db")
                yield persister
                persister.cleanup()

    >>> PersisterContract().state(3)
    State({'number': 3, 'messages': ['message 0', 'message 1', 'message 2']})

    """


class AsyncPersisterContract(PersisterContract):
    """The tests that any asynchronous persister passes; see
    :class:`PersisterContract`.  The fixture returns one that no event loop has used.

    >>> issubclass(AsyncPersisterContract, PersisterContract)
    True

    """

    runner: ClassVar[asyncio.Runner | None] = None

    @pytest.fixture(autouse=True)
    def _loop(self) -> Iterator[None]:
        with asyncio.Runner() as runner:
            type(self).runner = runner
            yield
            type(self).runner = None

    def do(self, persister: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        assert self.runner is not None

        async def call() -> Any:
            return await getattr(persister, method)(*args, **kwargs)

        return self.runner.run(call())

    def ask(self, persister: Any, step: str, *args: Any) -> Any:
        assert self.runner is not None

        async def call() -> Any:
            return await getattr(persister._records, step)(*args)

        return self.runner.run(call())

    def concurrently(self, persister: Any, savers: int, each: int) -> None:
        assert self.runner is not None

        async def work(first: int) -> None:
            for number in range(first, first + each):
                await persister.save(
                    "p", "app", number, "step", self.large(number), "completed"
                )

        async def all_of_them() -> None:
            await asyncio.gather(*(work(index * each) for index in range(savers)))

        self.runner.run(all_of_them())
