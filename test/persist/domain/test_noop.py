from __future__ import annotations

import pickle

from zensols.persist.domain import NoopStash
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


def test_pickles() -> None:
    assert pickle.loads(pickle.dumps(NoopStash())) == NoopStash()
