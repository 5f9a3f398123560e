"""The URLs of persisters."""

from __future__ import annotations

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import InMemoryPersister, Persister
from zensols.persist.state.memory import MemoryRecords


def test_persister_of_unknown_records_has_none() -> None:
    with pytest.raises(PersistableError, match="A Persister has no URL"):
        _ = Persister(MemoryRecords()).url


def test_copies_have_it() -> None:
    assert InMemoryPersister().copy().url.reveal() == "memory:"
