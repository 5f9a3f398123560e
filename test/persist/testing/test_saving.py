"""See :mod:`.test_persister` for what has to fail."""

from __future__ import annotations

import pytest

from zensols.persist.state import InMemoryPersister
from zensols.persist.testing import SavingContract


class TestSavingContract(SavingContract):
    shared = False

    @pytest.fixture
    def persister(self) -> InMemoryPersister:
        return InMemoryPersister()
