"""What the contract of persisters needs to know of the one that it tests."""

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.state import InMemoryPersister
from zensols.persist.testing import PersisterHooks


def test_fixture_has_to_be_given() -> None:
    fixture: Any = PersisterHooks.persister
    with pytest.raises(NotImplementedError, match="needs a fixture 'persister'"):
        fixture.__wrapped__(PersisterHooks())


def test_states_differ() -> None:
    hooks = PersisterHooks()
    states = [hooks.state(0), hooks.state(1), hooks.large(0), hooks.large(1)]
    assert [states.index(state) for state in states] == [0, 1, 2, 3]


def test_error_of_a_saver_comes_through() -> None:
    class Full(InMemoryPersister):
        def save(self, *args: Any, **kwargs: Any) -> None:
            raise OSError("No space left")

    with pytest.raises(OSError, match="No space left"):
        PersisterHooks().concurrently(Full(), 2, 2)
