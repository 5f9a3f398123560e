from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.backup.depot import Depot
from zensols.persist.backup.manifest import Catalog, now
from zensols.persist.error import CorruptDataError

TIME = datetime(2025, 11, 15, 16, 11, 18, tzinfo=UTC)


@pytest.fixture
def stash() -> DictionaryStash[bytes]:
    return DictionaryStash({"mine": b"other"})


@pytest.fixture
def catalog(stash: DictionaryStash[bytes]) -> Catalog:
    return Catalog(Depot(stash))


def add(catalog: Catalog, kind: str, number: int) -> str:
    name = catalog.new_id(kind, TIME)
    catalog.write(kind, name, {"number": number})
    return name


def test_in_order(catalog: Catalog) -> None:
    names = [add(catalog, "snapshot", number) for number in range(12)]
    other = add(catalog, "restoration", 12)
    assert catalog.ids("snapshot") == names[::-1]
    assert catalog.ids("restoration") == [other]
    assert names[0].startswith("00000001-20251115T161118Z-")
    assert [c["number"] for _, c in catalog.readable("snapshot")] == [*range(12)][::-1]
    catalog.write("snapshot", names[3], {"number": 30})
    assert catalog.ids("snapshot") == names[::-1]
    assert catalog.read("snapshot", names[3])["number"] == 30


def test_without_the_list(stash: DictionaryStash[bytes], catalog: Catalog) -> None:
    names = [add(catalog, "snapshot", number) for number in range(3)]
    for damage in (
        lambda: stash.delete("snapshots"),
        lambda: stash.dump("snapshots", b""),
    ):
        damage()
        assert catalog.ids("snapshot") == names[::-1]
        assert catalog.scan("snapshot") == set(names)
    names.append(add(catalog, "snapshot", 3))
    assert catalog.ids("snapshot") == names[::-1]
    assert "snapshots" in stash


def test_unlisted(stash: DictionaryStash[bytes], catalog: Catalog) -> None:
    """What was killed before it was listed isn't there."""
    name = add(catalog, "snapshot", 0)
    listed = stash["snapshots"]
    killed = add(catalog, "snapshot", 1)
    stash["snapshots"] = listed
    assert catalog.ids("snapshot") == [name]
    assert catalog.scan("snapshot") == {name, killed}


def test_forget(stash: DictionaryStash[bytes], catalog: Catalog) -> None:
    names = [add(catalog, "snapshot", number) for number in range(3)]
    catalog.forget("snapshot", names[:2])
    assert catalog.ids("snapshot") == names[2:]
    assert set(stash.keys()) == {"mine", "snapshots", f"snapshot-{names[2]}"}


def test_damaged(stash: DictionaryStash[bytes], catalog: Catalog) -> None:
    name = add(catalog, "snapshot", 1)
    stash[f"snapshot-{name}"] = stash[f"snapshot-{name}"].replace(b"1", b"2")
    with pytest.raises(CorruptDataError, match=f"{name}.*is damaged"):
        catalog.read("snapshot", name)
    assert list(catalog.readable("snapshot")) == []
    del stash[f"snapshot-{name}"]
    with pytest.raises(CorruptDataError, match=f"{name}.*is missing"):
        catalog.read("snapshot", name)


def test_newer_format(catalog: Catalog) -> None:
    catalog.write("snapshot", "1", {"format": 2})
    with pytest.raises(PersistableError, match="newer"):
        catalog.read("snapshot", "1")


def test_now() -> None:
    assert now().tzinfo is UTC
