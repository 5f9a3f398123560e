"""The part of the contract of persisters on saving and loading."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ..error import PersistableError
from ..state import ALL, State, StateConflictError
from .persisterhooks import PersisterHooks

__all__ = ["SavingContract"]

PARTITIONS = (None, "", "a", "a:b", "a%", "=", "None", "'; DROP TABLE", "ü" * 1000)
APPS = ("app", "b:app", "*", "$where", "a\r\nb", "ü" * 500)


class SavingContract(PersisterHooks):
    """What is saved is loaded, whoever saved it.

    >>> from zensols.persist.state import InMemoryPersister
    >>> SavingContract().test_last_saved_is_loaded(InMemoryPersister())

    """

    def test_saved_is_loaded(self, persister: Any) -> None:
        """All that was saved comes back, and when that was."""
        before = datetime.now(UTC) - timedelta(seconds=1)
        self.save(persister, 3)
        found = dict(self.load(persister))
        created_at = datetime.fromisoformat(found.pop("created_at"))
        assert found == {
            "partition_key": "p",
            "app_id": "app",
            "sequence_id": 3,
            "position": "step",
            "state": self.state(3),
            "status": "completed",
        }
        assert type(found["state"]) is State
        assert created_at.utcoffset() == timedelta(0)
        assert before < created_at < datetime.now(UTC) + timedelta(seconds=1)

    def test_nothing_is_loaded_that_was_not_saved(self, persister: Any) -> None:
        """What there is not is None."""
        assert self.load(persister) is None
        assert self.load(persister, "p", None) is None
        assert self.do(persister, "list_app_ids", "p") == []
        self.save(persister, 1)
        assert self.load(persister, "p", "other") is None
        assert self.load(persister, "other", "app") is None
        assert self.load(persister, "p", "app", 2) is None
        assert self.do(persister, "history", "p", "other") == []

    def test_last_saved_is_loaded(self, persister: Any) -> None:
        """Without a sequence number the state is loaded that was saved last, and with
        one that of the number; these may have gaps and come in any order.

        """
        for number in 1, 7, 4:
            self.save(persister, number)
            assert self.load(persister)["sequence_id"] == number
        for number in 1, 4, 7:
            found = self.load(persister, "p", "app", number)
            assert found["state"] == self.state(number)

    def test_two_positions_of_one_number_are_two(self, persister: Any) -> None:
        """Positions are told apart."""
        self.save(persister, 1, position="a", state={"at": "a"})
        self.save(persister, 1, position="b", state={"at": "b"})
        assert self.load(persister)["position"] == "b"
        history = self.do(persister, "history", "p", "app")
        assert [(h.sequence_id, h.position) for h in history] == [(1, "a"), (1, "b")]

    def test_last_application_of_a_partition(self, persister: Any) -> None:
        """Without an application the one is loaded that was saved last; lists have
        that first.

        """
        for app in "a", "b", "c", "a":
            self.save(persister, 1 + len(app), app_id=app, position=app)
            self.save(persister, 9, app_id=app, position=f"{app} again")
        assert self.load(persister, "p", None)["app_id"] == "c"
        assert self.do(persister, "list_app_ids", "p") == ["c", "b", "a"]

    def test_partitions_and_applications_are_apart(self, persister: Any) -> None:
        """No partition or application has anything of another's, whatever they are
        called.

        """
        for number, partition in enumerate(PARTITIONS):
            for index, app in enumerate(APPS):
                self.save(
                    persister,
                    1,
                    partition_key=partition,
                    app_id=app,
                    state={"is": [number, index]},
                )
        for number, partition in enumerate(PARTITIONS):
            apps = self.do(persister, "list_app_ids", partition)
            assert apps == list(APPS[::-1]), f"partition {partition!r}"
            for index, app in enumerate(APPS):
                found = self.load(persister, partition, app)
                assert found["state"] == {"is": [number, index]}
                assert (found["partition_key"], found["app_id"]) == (partition, app)
        every = self.do(persister, "list_app_ids", ALL)
        assert len(every) == len(PARTITIONS) * len(APPS)

    def test_saving_again_changes_nothing(self, persister: Any) -> None:
        """The same state can be saved again, as when it is not known whether it was."""
        for _ in range(2):
            self.save(persister, 1, state={"n": 1, "names": {"a", "b"}})
        copy = self.copy(persister)
        self.save(copy, 1, state={"names": {"b", "a"}, "n": 1})
        self.cleanup(copy)
        assert len(self.do(persister, "history", "p", "app")) == 1

    def test_other_state_is_refused(self, persister: Any) -> None:
        """Another state of the same step is an error that shows both."""
        self.save(persister, 1, state={"n": 1})
        with pytest.raises(StateConflictError, match="n: 1 → 2") as caught:
            self.save(persister, 1, state={"n": 2})
        assert (caught.value.saved, caught.value.refused) == ({"n": 1}, {"n": 2})
        assert self.load(persister)["state"] == {"n": 1}
        with pytest.raises(StateConflictError, match="failed"):
            self.save(persister, 1, state={"n": 1}, status="failed")
        assert len(self.do(persister, "history", "p", "app")) == 1

    def test_failed_step_can_be_done_again(self, persister: Any) -> None:
        """After a step that failed, it can fail again, and succeed."""
        for number, status in enumerate(["failed", "failed", "completed"]):
            self.save(persister, 1, state={"try": number}, status=status)
            assert self.load(persister)["status"] == status
        assert self.load(persister, "p", "app", 1)["state"] == {"try": 2}

    def test_expected_sequence(self, persister: Any) -> None:
        """A state is only saved after the one that is expected, if one is."""
        self.save(persister, 1, expected_sequence=None)
        self.save(persister, 2, expected_sequence=1)
        for expected in None, 1, 3:
            with pytest.raises(StateConflictError, match=f"not number {expected}"):
                self.save(persister, 3, expected_sequence=expected)
        with pytest.raises(StateConflictError, match="not number 1"):
            self.save(persister, 2, app_id="new", expected_sequence=1)
        assert self.load(persister)["sequence_id"] == 2
        assert self.do(persister, "list_app_ids", "p") == ["app"]

    def test_any_step_comes_back(self, persister: Any) -> None:
        """States that grow, stay and shrink come back, each as it was."""
        states = [self.large(number) for number in range(40)]
        states += [states[-1], self.state(1), self.state(1), self.large(5)]
        for number, state in enumerate(states):
            self.save(persister, number, state=state)
            if number % 10 == 0:
                copy = self.copy(persister)
                self.save(copy, 1000 + number, state=state.update(number=-1))
                self.cleanup(copy)
        for number, state in enumerate(states):
            found = self.load(persister, "p", "app", number)["state"]
            assert found == state, f"state {number}"

    def test_what_cannot_be_saved_is_shown(self, persister: Any) -> None:
        """The error names the path, and what was there is kept."""
        self.save(persister, 1)
        with pytest.raises(PersistableError, match=r"\['a'\]\[1\]"):
            self.save(persister, 2, state={"a": [1, object()]})
        assert self.load(persister)["sequence_id"] == 1

    def test_initializes_itself_and_again(self, persister: Any) -> None:
        """It can be initialized at any time, and is with the first save."""
        self.save(persister, 1)
        assert self.do(persister, "is_initialized")
        self.do(persister, "initialize")
        assert self.load(persister)["sequence_id"] == 1

    def test_copy_has_the_same_states(self, persister: Any) -> None:
        """A copy has what was saved, and saves to the same."""
        self.save(persister, 1)
        others = self.copy(persister), copy.deepcopy(persister)
        for number, other in enumerate(others, 2):
            assert self.load(other, "p", "app", 1)["state"] == self.state(1)
            if self.shared:
                self.save(other, number)
                assert self.load(persister)["sequence_id"] == number
            self.cleanup(other)

    def test_can_be_used_after_its_cleanup(self, persister: Any) -> None:
        """Cleaning up closes connections, and loses nothing."""
        self.save(persister, 1)
        self.cleanup(persister)
        self.cleanup(persister)
        assert self.load(persister)["state"] == self.state(1)

    def test_threads_lose_nothing(self, persister: Any) -> None:
        """Savers of one application, and of several, get along."""
        self.concurrently(persister, 4, 10)
        history = self.do(persister, "history", "p", "app")
        assert len(history) == 40
        numbers = {h.sequence_id for h in history}
        assert numbers == set(range(40))
        for number in range(40):
            found = self.load(persister, "p", "app", number)["state"]
            assert found == self.large(number), f"state {number}"
