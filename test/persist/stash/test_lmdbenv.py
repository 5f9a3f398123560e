from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.stash import lmdbenv
from zensols.persist.stash.lmdbenv import LmdbEnvironment


def put(name: bytes, value: bytes) -> Any:
    return lambda transaction: transaction.put(name, value)


def copy(transaction: Any, name: bytes) -> bytes | None:
    found = transaction.get(name)
    return None if found is None else bytes(found)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    environment = LmdbEnvironment(str(tmp_path / "data"), 1 << 20, sync=False)
    assert environment.read(copy, b"default", b"a") == b"default"
    assert environment.get(b"a", lambda entry, key: key, "a") is None
    environment.clear()
    assert not environment.is_made
    environment.write(put(b"a", b"1"))
    assert environment.is_made
    assert environment.get(b"a", lambda entry, key: (bytes(entry), key), "k") == (
        b"1",
        "k",
    )
    environment.clear()
    assert environment.read(copy, None, b"a") is None


def test_failed_write_changes_nothing(tmp_path: Path) -> None:
    environment = LmdbEnvironment(str(tmp_path), 1 << 20, sync=False)
    environment.write(put(b"a", b"1"))

    def fail(transaction: Any) -> None:
        transaction.put(b"a", b"2")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        environment.write(fail)
    with pytest.raises(PersistableError, match=r"Can't use the LMDB store in .*SIZE"):
        environment.write(put(b"x" * 512, b""))
    assert environment.read(copy, None, b"a") == b"1"


def test_grows_by_what_is_needed(tmp_path: Path) -> None:
    environment = LmdbEnvironment(str(tmp_path), 1, sync=False)
    calls = []

    def fill(transaction: Any) -> None:
        calls.append(1)
        transaction.put(b"a", bytes(40 << 20))

    environment.write(fill, 40 << 20)
    assert len(calls) == 2
    assert environment.read(lambda t: len(t.get(b"a")), None) == 40 << 20


def test_gives_up_on_a_thread_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lmdbenv, "_PATIENCE", 0.01)
    environment = LmdbEnvironment(str(tmp_path), 1 << 20, sync=False)
    environment.write(put(b"a", b"1"))
    inside, leave = threading.Event(), threading.Event()
    seen = []

    def stay(transaction: Any) -> None:
        found = transaction.get(b"a")
        inside.set()
        leave.wait()
        seen.append(bytes(found))

    thread = threading.Thread(target=environment.read, args=(stay, None))
    thread.start()
    inside.wait()
    with pytest.raises(PersistableError, match="larger map_size"):
        environment.write(put(b"b", bytes(1 << 22)), 1 << 22)
    assert environment.read(copy, None, b"a") == b"1"
    leave.set()
    thread.join()
    assert seen == [b"1"]
    monkeypatch.undo()
    environment.write(put(b"b", bytes(1 << 22)), 1 << 22)
