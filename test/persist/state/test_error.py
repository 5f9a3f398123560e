"""What goes wrong with the states of applications."""

from __future__ import annotations

import pickle

from zensols.persist.error import PersistableError
from zensols.persist.state.error import StateConflictError, StateVersionError


def test_conflict_travels_with_both_states() -> None:
    error = StateConflictError("State 1 was saved", {"n": 1}, {"n": 2})
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == "State 1 was saved"
    assert (copy.saved, copy.refused) == ({"n": 1}, {"n": 2})


def test_all_are_ours() -> None:
    assert issubclass(StateConflictError, PersistableError)
    assert issubclass(StateVersionError, PersistableError)
