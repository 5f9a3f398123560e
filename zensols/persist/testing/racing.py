"""The part of the contract of persisters on what several do to the same states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from ..error import PersistableError
from ..state import State
from ..state.logic import Logic
from ..state.steps import Steps
from .persisterhooks import PersisterHooks

__all__ = ["RacingContract"]

_ALL: Final = 99

_CHANGES: Final = {"delete": range(1, 6), "truncate": range(3, 8)}
"""After how many steps of what drops states something else may matter."""

_TARGETS: Final = [("app", "delete"), ("app", "truncate"), ("fork", "delete")]
"""To what is saved, and what happens to what it was, or was forked off."""


class RacingContract(PersisterHooks):
    """Whatever comes between two steps of a persister, nothing is lost that was not
    deleted.

    For persisters that are built as those of this package are; the tests are skipped
    for others.

    >>> from zensols.persist.state import InMemoryPersister
    >>> RacingContract().test_fork_while_its_source_is_dropped(InMemoryPersister())

    """

    def test_fork_while_its_source_is_dropped(self, persister: Any) -> None:
        """A fork of what is deleted or truncated meanwhile has all of its past, or
        there is none.

        """
        logic = _logic_of(persister)
        for drop, reads, steps in _turns():
            app, fork = f"{drop} {reads} {steps}", f"fork {drop} {reads} {steps}"
            for number in range(3):
                self.save(persister, number, app_id=app, state=self.large(number))
            forker = self._course(persister, logic.past.fork("p", app, 1, fork))
            dropper = self._course(persister, _dropping(logic, drop, app))
            forker.go(reads, until="fork")
            dropper.go(steps)
            forker.go()
            dropper.go()
            assert dropper.error is None
            if forker.error is not None:
                assert drop == "delete"
                assert isinstance(forker.error, PersistableError), forker.error
                assert self.load(persister, "p", fork) is None
            else:
                there = self._check(persister, fork)
                assert there in ([0, 1], [1]), f"{app}: {there}"
            left = [] if drop == "delete" else [1, 2]
            assert self._check(persister, app) == left, app

    def test_save_while_others_are_dropped(self, persister: Any) -> None:
        """A state that is saved while those before it are dropped is there, and so
        are those that were not dropped.

        """
        logic = _logic_of(persister)
        turns = [(to, drop, steps) for to, drop in _TARGETS for steps in _CHANGES[drop]]
        for to, drop, steps in turns:
            app, fork = (f"{name} {to} {drop} {steps}" for name in ("app", "fork"))
            for number in range(3):
                self.save(persister, number, app_id=app, state=self.large(number))
            self.do(persister, "fork", "p", app, 1, fork)
            given = fork if to == "fork" else app, 5, "step", self.large(5)
            saver = self._course(persister, logic.saver.save("p", *given, "completed"))
            dropper = self._course(persister, _dropping(logic, drop, app))
            saver.go(until="add")
            dropper.go(steps)
            gone = dropper.done
            saver.go()
            dropper.go()
            assert (saver.error, dropper.error) == (None, None)
            there = self._check(persister, app)
            if to == "fork":
                assert self._check(persister, fork) == [0, 1, 5]
            elif drop == "truncate":
                assert there in ([1, 2, 5], [2, 5]), app
            else:
                assert there in (([5],) if gone else ([5], [])), app

    def test_application_that_was_deleted_by_another_one(self, persister: Any) -> None:
        """Who saves to an application and doesn't know that it was deleted does no harm
        to its forks.

        """
        other = self.copy(persister)
        for number in range(3):
            self.save(persister, number, state=self.large(number))
        self.do(other, "fork", "p", "app", 2, "fork")
        self.do(other, "delete", "p", "app")
        for number in range(3, 6):
            self.save(persister, number, state=self.large(number))
        assert self.do(other, "truncate", "p", "app", keep=1) == 2
        assert self._check(persister, "app") == [5]
        assert self._check(persister, "fork") == [0, 1, 2]
        self.do(other, "delete", "p", "fork")
        assert self._check(persister, "app") == [5]
        self.cleanup(other)

    def test_two_that_delete_a_family(self, persister: Any) -> None:
        """Who deletes an application may find that nothing is left of it."""
        self.save(persister, 1)
        self.do(persister, "fork", "p", "app", 1, "fork")
        deleter = self._course(
            persister, _logic_of(persister).upkeep.delete("p", "app")
        )
        deleter.go(2)
        assert self.do(persister, "delete", "p", "fork")
        deleter.go()
        assert deleter.error is None
        assert self.do(persister, "list_app_ids", "p") == []
        self.save(persister, 2)
        assert self.load(persister)["sequence_id"] == 2

    def test_save_while_others_are_pruned(self, persister: Any) -> None:
        """What is saved meanwhile is too young to be pruned."""
        logic = _logic_of(persister)
        for steps in range(9):
            app = f"app {steps}"
            self.save(persister, 1, partition_key=app, app_id=app)
            pruner = self._course(
                persister, logic.upkeep.prune(app, timedelta(0), None, None, False)
            )
            pruner.go(steps)
            self.save(persister, 2, partition_key=app, app_id=app)
            pruner.go()
            assert pruner.error is None
            found = self.load(persister, app, app)
            assert found is not None, app
            assert found["state"] == self.state(2)

    def _check(self, persister: Any, app: str) -> list[int]:
        """Return the sequence numbers of an application whose states are large ones."""
        history = self.do(persister, "history", "p", app)
        numbers = [item.sequence_id for item in history]
        for number in numbers:
            found = self.load(persister, "p", app, number)
            assert found is not None, f"state {number} of {app}"
            assert State(found["state"]) == self.large(number), f"{number} of {app}"
        return numbers

    def _course(self, persister: Any, steps: Steps[Any]) -> _Course:
        return _Course(lambda step: self.ask(persister, *step), steps)


class _Course:
    """Steps that are carried out one by one, and what came of them."""

    def __init__(self, ask: Callable[[Any], Any], steps: Steps[Any]) -> None:
        self._ask = ask
        self._steps = steps
        self._next: Any = None
        self.error: Exception | None = None
        self.done = False
        self._advance(next, steps)

    def go(self, most: int | None = None, until: str | None = None) -> None:
        """Carry out some steps, by default all, but not one of a name."""
        while not self.done and most != 0 and self._next[0] != until:
            try:
                result = self._ask(self._next)
            except Exception as e:  # noqa: BLE001  the steps decide about it
                self._advance(self._steps.throw, e)
            else:
                self._advance(self._steps.send, result)
            most = None if most is None else most - 1

    def _advance(self, move: Callable[[Any], Any], value: Any) -> None:
        try:
            self._next = move(value)
        except StopIteration:
            self.done = True
        except Exception as e:  # noqa: BLE001  looked at by the test
            self.done, self.error = True, e


def _turns() -> list[tuple[str, int, int]]:
    """What drops, how many steps the other does before, and how many it does then."""
    return [
        (drop, *turn)
        for drop, steps in _CHANGES.items()
        for turn in (*((_ALL, step) for step in steps), (0, _ALL), (1, _ALL))
    ]


def _dropping(logic: Logic, drop: str, app: str) -> Steps[Any]:
    if drop == "delete":
        return logic.upkeep.delete("p", app)
    return logic.upkeep.truncate("p", app, 2)


def _logic_of(persister: Any) -> Logic:
    logic: Logic | None = getattr(persister, "_logic", None)
    if logic is None:
        pytest.skip("it is not built on Persister")
    return logic
