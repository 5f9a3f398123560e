from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols.persist.domain import CloseableStash, Stash


@dataclass
class Connection(CloseableStash[Any]):
    rows: dict[str, Any] = field(default_factory=dict)
    is_open: bool = True

    def load(self, name: str) -> Any:
        return self.rows.get(name)

    def dump(self, name: str, inst: Any) -> None:
        self.rows[name] = inst

    def delete(self, name: str | None = None) -> None:
        self.rows.pop(str(name), None)

    def keys(self) -> Iterable[str]:
        return self.rows.keys()

    def close(self) -> None:
        self.is_open = False


def test_is_a_stash_that_closes() -> None:
    with closing(Connection()) as stash:
        stash["a"] = 1
        assert isinstance(stash, Stash)
        assert stash.is_open
    assert not stash.is_open


def test_close_is_abstract() -> None:
    class Unfinished(Connection):
        close = CloseableStash.close

    with pytest.raises(TypeError, match="close"):
        Unfinished()
