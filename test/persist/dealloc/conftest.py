from __future__ import annotations

from collections.abc import Iterator

import pytest

from zensols.persist.dealloc import Deallocatable


@pytest.fixture
def tracking() -> Iterator[None]:
    Deallocatable.ALLOCATION_TRACKING = True
    yield
    Deallocatable.ALLOCATION_TRACKING = False
    Deallocatable._ALLOCATIONS.clear()


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    assert not Deallocatable.ALLOCATION_TRACKING
    assert not Deallocatable._RECURSIVE
    assert not Deallocatable._ALLOCATIONS
