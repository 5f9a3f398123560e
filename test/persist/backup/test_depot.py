from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DictionaryStash, DirectoryStash, Stash
from zensols.persist.backup.depot import OBJECT, PAGE, Depot, digest_of
from zensols.persist.error import CorruptDataError
from zensols.persist.stash import ExpiringStash


@pytest.fixture(params=["values", "entries", "wrapped"])
def stash(request: pytest.FixtureRequest, tmp_path: Path) -> Stash[Any]:
    if request.param == "values":
        return DictionaryStash()
    store = DirectoryStash[Any](tmp_path / "data")
    return ExpiringStash(store, 60) if request.param == "wrapped" else store


def test_added_once(stash: Stash[Any]) -> None:
    depot = Depot(stash)
    digest = depot.add(OBJECT, b"data")
    assert depot.read(OBJECT, digest) == b"data"
    depot.flush()
    assert depot.add(OBJECT, b"data") == digest == digest_of(b"data")
    assert depot.add(PAGE, b"data") == digest
    depot.flush()
    assert depot.written == 8
    again = Depot(stash)
    assert again.add(OBJECT, b"data") == digest
    assert again.written == 0
    assert again.read(OBJECT, digest) == again.read(PAGE, digest) == b"data"


def test_entries_are_the_bytes(tmp_path: Path) -> None:
    depot = Depot(f"dir://{tmp_path}/data")
    digest = depot.add(OBJECT, b"data")
    depot.flush()
    file = tmp_path / "data" / f"object-{digest.hex()}.dat"
    assert file.read_bytes() == b"data"


def test_many_in_order(stash: Stash[Any]) -> None:
    depot = Depot(stash)
    digests = [depot.add(OBJECT, b"%d" % (n % 700)) for n in range(1500)]
    found = list(depot.read_objects(digests))
    assert found == [b"%d" % (n % 700) for n in range(1500)]


def test_missing_and_damaged(stash: Stash[Any]) -> None:
    depot = Depot(stash)
    digest = depot.add(OBJECT, b"data")
    depot.flush()
    name = f"object-{digest.hex()}"
    depot.dump_document(name, b"other")
    with pytest.raises(CorruptDataError, match=f"{name}.*is damaged"):
        depot.read(OBJECT, digest)
    with pytest.raises(CorruptDataError, match="is damaged"):
        list(depot.read_objects([digest]))
    depot.delete([name])
    with pytest.raises(CorruptDataError, match=f"{name}.*is missing"):
        depot.read(OBJECT, digest)


def test_mended(stash: Stash[Any]) -> None:
    depot = Depot(stash)
    digest = depot.add(OBJECT, b"data")
    depot.flush()
    depot.dump_document(f"object-{digest.hex()}", b"other")
    depot.add(OBJECT, b"data")
    depot.flush()
    with pytest.raises(CorruptDataError):
        depot.read(OBJECT, digest)
    depot.check = True
    depot.add(OBJECT, b"data")
    depot.flush()
    assert depot.read(OBJECT, digest) == b"data"


def test_names_of_others() -> None:
    digest = digest_of(b"data")
    assert Depot.parse(f"page-{digest.hex()}") == (PAGE, digest)
    for name in "notes", "page-", f"page-{digest.hex()[1:]}", f"x page-{digest.hex()}":
        assert Depot.parse(name) is None
