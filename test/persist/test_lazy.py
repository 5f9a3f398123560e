"""Names that are imported when they are first used."""

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.lazy import lazy_names


def test_name_is_found_once() -> None:
    scope: dict[str, Any] = {"__name__": "zensols.persist"}
    find, names = lazy_names(scope, {"PersistableError": "error"})
    assert "PersistableError" in names()
    assert "PersistableError" not in scope
    assert find("PersistableError") is PersistableError
    assert scope["PersistableError"] is PersistableError


def test_other_names_are_no_attributes() -> None:
    find, _ = lazy_names({"__name__": "zensols.persist"}, {"a": "b"})
    with pytest.raises(
        AttributeError, match=r"'zensols\.persist' has no attribute 'c'"
    ):
        find("c")
