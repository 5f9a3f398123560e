from __future__ import annotations

from typing import Any

from zensols.persist import DictionaryStash
from zensols.persist.backup import snapshot, verify


def test_all_is_well() -> None:
    into = DictionaryStash[Any]()
    assert list(verify(into)) == []
    taken = snapshot(DictionaryStash({"a": "x" * 500}), into)
    assert list(verify(into)) == list(verify(taken)) == []


def test_names_what_is_lost() -> None:
    stash, into = (
        DictionaryStash({"a": "x" * 500, "b": "y" * 600}),
        DictionaryStash[Any](),
    )
    first = snapshot(stash, into)
    del stash["b"]
    second = snapshot(stash, into)
    objects = [key for key in into.keys() if key.startswith("object-")]
    lost = next(key for key in objects if b"x" * 500 in into[key])
    into[lost] = into[lost][:-1]
    problems = list(verify(into))
    assert [(p.snapshot, p.key) for p in problems] == [
        (second.id, "a"),
        (first.id, "a"),
    ]
    assert all(lost in p.reason and "is damaged" in p.reason for p in problems)
    del into[lost]
    assert [p.key for p in verify(first)] == ["a"]
    assert "is missing" in next(verify(first)).reason


def test_what_is_shared_is_read_once() -> None:
    class Counting(DictionaryStash[Any]):
        reads = 0

        def get(self, name: str, default: Any = None) -> Any:
            self.reads += name.startswith("object-")
            return super().get(name, default)

    into = Counting()
    from zensols.persist.domain import open_stash

    stash = open_stash("memory:?codec=json")
    stash.dump_many((str(n), f"{n}" * 300) for n in range(50))
    for _ in range(3):
        snapshot(stash, into)
    into.reads = 0
    assert list(verify(into)) == []
    assert into.reads == 50
