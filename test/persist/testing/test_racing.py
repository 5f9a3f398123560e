"""See :mod:`.test_persister` for what has to fail."""

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.state import InMemoryPersister
from zensols.persist.testing import RacingContract


class TestRacingContract(RacingContract):
    shared = False

    @pytest.fixture
    def persister(self) -> InMemoryPersister:
        return InMemoryPersister()


def test_others_are_skipped() -> None:
    other: Any = object()
    with pytest.raises(pytest.skip.Exception, match="not built on Persister"):
        RacingContract().test_save_while_others_are_pruned(other)
