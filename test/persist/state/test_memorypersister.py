"""Persisters in memory."""

from __future__ import annotations

import pytest

from zensols.persist.state import AsyncInMemoryPersister, InMemoryPersister
from zensols.persist.testing import AsyncPersisterContract, PersisterContract


class TestInMemoryPersister(PersisterContract):
    shared = False

    @pytest.fixture
    def persister(self) -> InMemoryPersister:
        return InMemoryPersister()


class TestAsyncInMemoryPersister(AsyncPersisterContract):
    shared = False

    @pytest.fixture
    def persister(self) -> AsyncInMemoryPersister:
        return AsyncInMemoryPersister()
