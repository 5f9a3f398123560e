"""The part of the contract of persisters on what was saved before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ..error import PersistableError
from ..state import ALL
from .persisterhooks import PersisterHooks

__all__ = ["PastContract"]


class PastContract(PersisterHooks):
    """The past can be looked at, forked and dropped.

    >>> from zensols.persist.state import InMemoryPersister
    >>> PastContract().test_diff(InMemoryPersister())

    """

    def test_history(self, persister: Any) -> None:
        """The history tells what was saved, in order."""
        self.save(persister, 1)
        self.save(persister, 2, position="other", status="failed")
        first, second = self.do(persister, "history", "p", "app")
        assert (first.sequence_id, first.position, first.status) == (
            1,
            "step",
            "completed",
        )
        assert (second.sequence_id, second.position, second.status) == (
            2,
            "other",
            "failed",
        )
        assert second.size > first.size > 0
        assert first.created_at <= second.created_at

    def test_diff(self, persister: Any) -> None:
        """Two states are compared; one that there is not is an error."""
        self.save(persister, 1, state={"n": 1, "list": ["a"]})
        self.save(persister, 2, state={"n": 2, "list": ["a", "b"]})
        found = self.do(persister, "diff", "p", "app", 1, 2)
        assert list(map(str, found)) == ["~ n: 1 → 2", "+ list[1]: 'b'"]
        with pytest.raises(PersistableError, match="No state 3"):
            self.do(persister, "diff", "p", "app", 1, 3)

    def test_fork(self, persister: Any) -> None:
        """A fork has the past, a future of its own, and forks itself."""
        for number in range(4):
            self.save(persister, number, state=self.large(number))
        self.do(persister, "fork", "p", "app", 2, "fork")
        assert self.load(persister, "p", "fork")["state"] == self.large(2)
        assert self.load(persister, "p", "fork", 3) is None
        self.save(persister, 3, app_id="fork", state=self.large(30))
        self.do(persister, "fork", "p", "fork", 1, "second")
        self.do(persister, "fork", "p", "fork", 3, "third")
        expected = {
            "app": [0, 1, 2, 3],
            "fork": [0, 1, 2, 30],
            "second": [0, 1],
            "third": [0, 1, 2, 30],
        }
        for app, numbers in expected.items():
            history = self.do(persister, "history", "p", app)
            assert [h.sequence_id for h in history] == list(range(len(numbers)))
            for sequence_id, number in enumerate(numbers):
                found = self.load(persister, "p", app, sequence_id)
                assert found["state"] == self.large(number), (app, sequence_id)
                assert found["app_id"] == app
        assert set(self.do(persister, "list_app_ids", "p")) == expected.keys()
        with pytest.raises(PersistableError, match="already"):
            self.do(persister, "fork", "p", "app", 1, "fork")
        with pytest.raises(PersistableError, match="No state 9"):
            self.do(persister, "fork", "p", "app", 9, "other")

    def test_delete(self, persister: Any) -> None:
        """A deleted application is gone, and can begin anew; its forks are not."""
        for number in range(5):
            self.save(persister, number, state=self.large(number))
        self.do(persister, "fork", "p", "app", 3, "fork")
        self.save(persister, 4, app_id="fork", state=self.large(40))
        assert self.do(persister, "delete", "p", "app")
        assert not self.do(persister, "delete", "p", "app")
        assert self.load(persister) is None
        assert self.do(persister, "list_app_ids", "p") == ["fork"]
        self.save(persister, 0, state={"new": True})
        assert len(self.do(persister, "history", "p", "app")) == 1
        for number in range(4):
            found = self.load(persister, "p", "fork", number)["state"]
            assert found == self.large(number), f"state {number}"
        assert self.load(persister, "p", "fork", 4)["state"] == self.large(40)
        assert self.do(persister, "delete", "p", "fork")
        assert self.do(persister, "list_app_ids", "p") == ["app"]

    def test_truncate(self, persister: Any) -> None:
        """Old states can be dropped, those that others need included."""
        for number in range(20):
            self.save(persister, number, state=self.large(number))
        self.do(persister, "fork", "p", "app", 10, "fork")
        assert self.do(persister, "truncate", "p", "app", keep=3) == 17
        assert self.do(persister, "truncate", "p", "app", keep=3) == 0
        history = self.do(persister, "history", "p", "app")
        assert [h.sequence_id for h in history] == [17, 18, 19]
        assert self.load(persister, "p", "app", 16) is None
        self.save(persister, 20, state=self.large(20))
        for number in range(17, 21):
            found = self.load(persister, "p", "app", number)["state"]
            assert found == self.large(number), f"state {number}"
        for number in range(11):
            found = self.load(persister, "p", "fork", number)["state"]
            assert found == self.large(number), f"state {number} of the fork"
        with pytest.raises(PersistableError, match="keep at least 1"):
            self.do(persister, "truncate", "p", "app", keep=0)

    def test_prune(self, persister: Any) -> None:
        """What is too much or too old is dropped, and nothing in a dry run."""
        for app in "abc":
            for number in range(3):
                self.save(persister, number, app_id=app)
        self.save(persister, 1, partition_key="other")
        for dry_run in True, False:
            pruned = self.do(
                persister, "prune", "p", keep_apps=2, keep_states=2, dry_run=dry_run
            )
            told = [(p.app_id, p.dropped, p.kept) for p in pruned]
            assert told == [("c", 1, 2), ("b", 1, 2), ("a", 3, 0)]
            left = self.do(persister, "list_app_ids", "p")
            assert left == (["c", "b", "a"] if dry_run else ["c", "b"])
        assert self.do(persister, "prune", "p", max_age=timedelta(days=1)) == []
        pruned = self.do(persister, "prune", ALL, max_age=timedelta(0))
        assert {(p.partition_key, p.app_id) for p in pruned} == {
            ("p", "b"),
            ("p", "c"),
            ("other", "app"),
        }
        assert self.do(persister, "list_app_ids", ALL) == []
