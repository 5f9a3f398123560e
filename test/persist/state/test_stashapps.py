"""The applications of a stash."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from zensols.persist import DictionaryStash
from zensols.persist.state import ALL, StashPersister, stashlog
from zensols.persist.state.stashapps import StashApps
from zensols.persist.state.stashfamilies import StashFamilies


def save(persister: StashPersister, app: str, number: int = 1) -> None:
    persister.save("p", app, number, "step", {}, "completed")


def test_names_of_many_are_kept_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stashlog, "WIDTH", 3)
    stash = DictionaryStash[Any]()
    persister = StashPersister(stash)
    apps = [f"app {number}" for number in range(30)]
    for app in apps:
        save(persister, app)
    assert persister.list_app_ids("p") == apps[::-1]
    for app in apps[:20]:
        assert persister.delete("p", app)
    assert persister.list_app_ids("p") == persister.list_app_ids(ALL) == apps[:19:-1]
    # Names of applications that are gone are forgotten some time.
    kept = str([value for key, value in stash if key.startswith("states.partition")])
    assert "'app 0'" not in kept
    for app in apps[20:]:
        assert persister.delete("p", app)
    assert list(stash.data) == ["states"]


def test_application_that_is_made_again_is_listed_once() -> None:
    persister = StashPersister(DictionaryStash())
    for app in "a", "b", "c":
        save(persister, app)
    for _ in range(3):
        persister.delete("p", "a")
        save(persister, "a")
    assert persister.list_app_ids("p") == ["a", "c", "b"]


def test_clock_that_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    persister = StashPersister(DictionaryStash())
    monkeypatch.setattr("time.time_ns", lambda: 1000)
    save(persister, "a")
    save(persister, "a", 2)
    monkeypatch.setattr("time.time_ns", lambda: 1)
    save(persister, "b")
    # The clocks tell which application was saved last, but not which state.
    save(persister, "a", 3)
    assert persister.list_app_ids("p") == ["a", "b"]
    found = persister.load("p", "a")
    assert found is not None
    assert found["sequence_id"] == 3


def test_one_of_two_makes_it() -> None:
    families = StashFamilies(DictionaryStash(), 60)
    apps = StashApps(families)
    barrier = threading.Barrier(2)
    made = []

    def make() -> None:
        from zensols.persist.state.stashsaving import StashSaving

        barrier.wait(60)
        place = apps.make("p", "app", lambda: StashSaving(families).begin("p", "app"))
        made.append(place)

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(place is None for place in made) == [False, True]
    assert families.find_place("p", "app") in made
