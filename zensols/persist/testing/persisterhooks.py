"""What the contract of persisters needs to know of the one that it tests."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import pytest

from ..state import State

__all__ = ["PersisterHooks"]


class PersisterHooks:
    """The fixture, attributes and methods by which a subclass of the contract
    describes its persister.  Only the fixture :meth:`persister` has to be given.

    >>> PersisterHooks().state(3)
    State({'number': 3, 'messages': ['message 0', 'message 1', 'message 2']})

    """

    shared: ClassVar[bool] = True
    """Whether a pickled copy has the same states."""

    @pytest.fixture
    def persister(self) -> Any:
        """Return a new persister without states."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'persister' that returns a new one"
        )

    def state(self, number: int) -> State:
        """Return a state that is equal only to that of the same number."""
        messages = [f"message {index}" for index in range(number)]
        return State(number=number, messages=messages)

    def large(self, number: int) -> State:
        """Return a state of some ten KB that grows with its number, most of which is
        that of the number before.

        """
        messages = [f"{index:04d}" + "x" * 100 for index in range(100 + number)]
        return State(messages=messages, number=number)

    def do(self, persister: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the persister, and return what it returns."""
        return getattr(persister, method)(*args, **kwargs)

    def ask(self, persister: Any, step: str, *args: Any) -> Any:
        """Have a step of a method carried out by the database of a persister that is
        built as those of this package are, and return what comes of it.

        """
        return getattr(persister._records, step)(*args)

    def save(self, persister: Any, number: int, **kwargs: Any) -> None:
        """Save a state, by default as the first application's."""
        given = {
            "partition_key": "p",
            "app_id": "app",
            "sequence_id": number,
            "position": "step",
            "state": self.state(number),
            "status": "completed",
        }
        self.do(persister, "save", **{**given, **kwargs})

    def load(self, persister: Any, *args: Any) -> Any:
        """Load a state, by default the first application's."""
        return self.do(persister, "load", *(args or ("p", "app")))

    def concurrently(self, persister: Any, savers: int, each: int) -> None:
        """Save states of one application by several savers at once."""
        errors: list[BaseException] = []

        def work(first: int) -> None:
            try:
                for number in range(first, first + each):
                    self.save(persister, number, state=self.large(number))
            except BaseException as e:  # noqa: BLE001  raised below
                errors.append(e)

        threads = [
            threading.Thread(target=work, args=(index * each,))
            for index in range(savers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def copy(self, persister: Any) -> Any:
        """Return a copy, or the persister itself if copies have their own states."""
        return persister.copy() if self.shared else persister

    def cleanup(self, persister: Any) -> None:
        """Clean a persister up."""
        self.do(persister, "cleanup")
