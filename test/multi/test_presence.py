"""What can be read of a stash while it is filled."""

from __future__ import annotations

from zensols.multi.presence import Presence
from zensols.persist import DictionaryStash


def test_nothing_can_be_read_before_it_is_known_what_is_outdated() -> None:
    presence = Presence(DictionaryStash({"a": 1}))
    assert not presence.has("a")
    presence.know(set())
    assert presence.has("a")


def test_what_is_outdated_cannot_be_read_until_it_is_made() -> None:
    stash: DictionaryStash[int] = DictionaryStash({"a": 1, "b": 2, "3": 3})
    presence = Presence(stash)
    presence.know({"a", "3"})
    assert [presence.has(key) for key in ("a", "b", "3", "c")] == [
        False,
        True,
        False,
        False,
    ]
    presence.add(["a", 3])
    assert presence.has("a")
    assert presence.has("3")
    stash.delete("a")
    assert not presence.has("a")
