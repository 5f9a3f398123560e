from __future__ import annotations

import pickle

import pytest

from zensols.persist.domain import NoopStash
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING


def test_keeps_nothing() -> None:
    stash: NoopStash[int] = NoopStash()
    stash["a"] = 1
    assert stash.load("a") is None
    assert stash.get("a", MISSING) is MISSING
    assert "a" not in stash
    assert list(stash.keys()) == list(stash) == []
    assert len(stash) == 0
    stash.delete("a")
    stash.clear()


def test_f_delete_needs_a_key() -> None:
    with pytest.raises(PersistableError, match=r"NoopStash\.delete\(\) needs a key"):
        NoopStash().delete()


def test_pickles() -> None:
    assert pickle.loads(pickle.dumps(NoopStash())) == NoopStash()
