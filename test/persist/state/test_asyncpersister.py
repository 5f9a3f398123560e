"""Asynchronous persisters, on any records."""

from __future__ import annotations

import inspect

from zensols.persist.state.asyncpersister import AsyncPersister
from zensols.persist.state.persister import Persister


def test_has_what_its_twin_has_as_coroutines() -> None:
    methods = {
        name
        for name, value in vars(Persister).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    # For the command line, which waits.
    methods.remove("exchange")
    assert "save" in methods
    for name in methods:
        twin = getattr(AsyncPersister, name)
        assert inspect.iscoroutinefunction(twin), name
        mine = inspect.signature(getattr(Persister, name)).parameters
        assert list(inspect.signature(twin).parameters) == list(mine), name
