from __future__ import annotations

import copy
import dbm
import importlib
import os
import pickle
import shelve as std
import subprocess
import sys
import tempfile
import threading
from collections.abc import KeysView
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import BarePickleCodec, JsonCodec
from zensols.persist.domain import CloseableStash, FactoryStash, Reach
from zensols.persist.error import (
    LockTimeoutError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.shelve import ShelveStash, shelve
from zensols.persist.shelve.shelf import OpenShelf
from zensols.persist.stash import DictionaryStash

DATABASES = [
    name
    for name in ("dbm.dumb", "dbm.gnu", "dbm.ndbm", "dbm.sqlite3")
    # The latter three need a library each, which not every Python has.
    if subprocess.run(
        [sys.executable, "-c", f"import {name}"], check=False, capture_output=True
    ).returncode
    == 0
]


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of database that this Python has, as its default."""
    # The default is found on first use.
    dbm.open(os.path.join(tempfile.mkdtemp(), "any"), "c").close()
    name: str = request.param
    monkeypatch.setattr(dbm, "_defaultmod", importlib.import_module(name))
    return name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "shelf"


@pytest.fixture
def stash(path: Path) -> ShelveStash[Any]:
    return ShelveStash(path)


def listed(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def test_keeps_values(database: str, path: Path) -> None:
    with shelve(path) as stash:
        stash["a"], stash["b"], stash[""] = [1], None, "x" * 100_000
    assert dict(ShelveStash(path)) == {"a": [1], "b": None, "": "x" * 100_000}
    assert dbm.whichdb(str(path)) == database


def test_keys_is_a_tuple(stash: ShelveStash[Any]) -> None:
    assert stash.keys() == ()
    stash["a"] = 1
    assert stash.keys() == ("a",)
    assert len(stash) == 1


def test_keys_is_a_view_if_kept_open(path: Path) -> None:
    with shelve(path, auto_close=False) as stash:
        keys = stash.keys()
        stash["a"] = 1
        assert isinstance(keys, KeysView)
        assert set(keys) == {"a"}
        assert "a" in keys


def test_absent_load_makes_the_file(database: str, path: Path) -> None:
    stash = ShelveStash[Any](path)
    assert not path.parent.exists()
    assert stash.load("a") is None
    assert stash.real_path.is_file()


def test_real_path(database: str, path: Path) -> None:
    stash = ShelveStash[Any](path)
    extension = stash.get_extension()
    expected = path if extension is None else path.with_name(f"shelf.{extension}")
    assert stash.real_path == expected
    stash["a"] = 1
    assert stash.real_path == expected
    assert expected.is_file()


def test_path_with_a_dot(database: str, tmp_path: Path) -> None:
    stash = ShelveStash[Any](tmp_path / "shelf.v1.db")
    stash["a"] = 1
    assert stash.real_path.is_file()
    assert stash.real_path.name.startswith("shelf.v1.db")


def test_extension_is_that_of_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    importlib.import_module("dbm.dumb")
    monkeypatch.setattr(dbm, "_defaultmod", sys.modules["dbm.dumb"])
    assert ShelveStash.get_extension() == "dat"


def test_delete_without_a_key_deletes_nothing(stash: ShelveStash[Any]) -> None:
    stash["a"] = 1
    with pytest.raises(PersistableError, match="ShelveStash"):
        stash.delete()
    assert stash["a"] == 1


def test_default(stash: ShelveStash[Any]) -> None:
    stash["a"] = None
    assert stash.get("a", "default") is None
    assert stash.get("b", "default") == "default"


def test_path_must_be_a_path() -> None:
    with pytest.raises(PersistableError, match=r"pathlib\.Path.*'shelf'"):
        ShelveStash("shelf")  # type: ignore[arg-type]


def test_is_closeable() -> None:
    assert issubclass(ShelveStash, CloseableStash)


def test_context_manager_closes(path: Path) -> None:
    with shelve(path, auto_close=False) as stash:
        assert isinstance(stash, ShelveStash)
        stash["a"] = 1
        with pytest.raises(LockTimeoutError):
            ShelveStash[Any](path, lock_timeout=0).load("a")
    assert ShelveStash[Any](path, lock_timeout=0)["a"] == 1


def test_context_manager_closes_after_an_error(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), shelve(path, auto_close=False) as stash:
        stash["a"] = 1
        raise ZeroDivisionError
    assert ShelveStash[Any](path, lock_timeout=0)["a"] == 1


def test_written_back_if_kept_open(path: Path) -> None:
    with shelve(path, auto_close=False) as stash:
        stash["a"] = [1]
        stash["a"].append(2)
        stash.load("a").append(3)
    with shelve(path, auto_close=False) as stash:
        assert stash["a"] == [1, 2, 3]
        stash["a"].append(4)
    assert ShelveStash(path)["a"] == [1, 2, 3, 4]


def test_not_written_back_if_not_asked_for(path: Path) -> None:
    with shelve(path, auto_close=False, writeback=False) as stash:
        stash["a"] = [1]
        stash["a"].append(2)
        assert stash["a"] == [1]


def test_shelf_is_open_until_closed(path: Path) -> None:
    stash = ShelveStash[Any](path)
    shelf = stash.shelve
    assert isinstance(shelf, std.Shelf)
    shelf["a"] = [1]
    shelf["a"].append(2)
    assert stash["a"] == [1, 2]
    assert stash.shelve is shelf
    with pytest.raises(LockTimeoutError):
        ShelveStash[Any](path, lock_timeout=0).load("a")
    stash.close()
    assert stash.shelve is not shelf
    assert stash.shelve["a"] == [1, 2]
    stash.close()


def test_f_clear_removes_one_file_only(database: str, path: Path) -> None:
    stash = ShelveStash[Any](path)
    stash["a"] = 1
    stash.clear()
    assert listed(path) == []
    assert stash.keys() == ()
    assert "a" not in stash


def test_clear_of_an_open_shelf(path: Path) -> None:
    with shelve(path, auto_close=False) as stash:
        stash["a"] = 1
        stash.clear()
        assert listed(path) == []
        assert set(stash.keys()) == set()
        stash["b"] = 2
    assert dict(ShelveStash(path)) == {"b": 2}


def test_clear_leaves_other_files(path: Path) -> None:
    stash = ShelveStash[Any](path)
    stash["a"] = 1
    names = ["shelf.txt", "shelf2.dat", "shelf-wal2"]
    for name in names:
        (path.parent / name).write_text("mine")
    stash.clear()
    assert listed(path) == sorted(names)


def test_f_extension_leaves_temporary_files(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ShelveStash.get_extension()
    assert list(tmp_path.iterdir()) == []


def test_f_close_makes_the_shelf_again(stash: ShelveStash[Any], path: Path) -> None:
    stash.close()
    assert not path.parent.exists()
    stash["a"] = 1
    stash.clear()
    stash.close()
    stash.close()
    assert listed(path) == []


def test_f_unusable_after_pickling(path: Path) -> None:
    with shelve(path, auto_close=False) as stash:
        stash["a"] = 1
        data = pickle.dumps(stash)
        other = copy.copy(stash)
    for restored in pickle.loads(data), other:
        assert restored == stash
        assert restored["a"] == 1
        restored["b"] = 2
        restored.close()


def test_f_not_safe_with_threads(database: str, path: Path) -> None:
    stashes = [ShelveStash[Any](path) for _ in range(2)]
    # As many as wait for one shelf, each with a key of its own.
    expected = {f"{n}-{m}": [n] * 100 for n in range(8) for m in range(10)}

    def use(number: int) -> None:
        stash = stashes[number % 2]
        for key, value in expected.items():
            if key.startswith(f"{number}-"):
                stash[key] = value
                assert stash[key] == value

    with ThreadPoolExecutor(8) as executor:
        for future in [executor.submit(use, number) for number in range(8)]:
            future.result()
    assert dict(ShelveStash(path)) == expected


def test_threads_share_an_open_shelf(path: Path) -> None:
    with shelve(path, auto_close=False) as stash:

        def use(number: int) -> None:
            for turn in range(20):
                stash[str(number)] = turn
                assert stash[str(number)] == turn

        with ThreadPoolExecutor(8) as executor:
            list(executor.map(use, range(8)))
        assert dict(stash) == {str(number): 19 for number in range(8)}


def test_f_two_opens_per_load(
    stash: ShelveStash[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stash["a"] = 1
    opened = []

    class Counting(OpenShelf):
        def __init__(self, *args: Any, **options: Any) -> None:
            opened.append(1)
            super().__init__(*args, **options)

    # By name, it would be looked for in the class that the package's name means.
    module = sys.modules["zensols.persist.shelve.stash"]
    monkeypatch.setattr(module, "OpenShelf", Counting)
    for use in (
        lambda: stash.load("a"),
        lambda: stash.load("b"),
        lambda: stash.get("b", 1),
        lambda: stash.exists("a"),
        lambda: stash.keys(),
        lambda: stash.dump("a", 1),
        lambda: stash.delete("a"),
    ):
        opened.clear()
        use()
        assert len(opened) == 1


def test_f_kept_open_after_delete(stash: ShelveStash[Any], path: Path) -> None:
    stash["a"] = stash["b"] = 1
    stash.delete("a")
    stash.delete("no such key")
    assert ShelveStash[Any](path, lock_timeout=0).keys() == ("b",)


@pytest.mark.parametrize("auto_close", [True, False])
def test_bare_pickles_are_refused(path: Path, auto_close: bool) -> None:
    path.parent.mkdir()
    with std.open(str(path)) as shelf:
        shelf["a"] = [1]
    with shelve(path, auto_close=auto_close) as stash:
        for read in (stash.load, stash.get, stash.__getitem__, stash.shelve.get):
            with pytest.raises(UntrustedDataError, match=r"shelf\['a'\]"):
                read("a")
        assert stash.exists("a")
        assert list(stash.keys()) == ["a"]


def test_bare_pickles_are_read_where_trusted(path: Path) -> None:
    path.parent.mkdir()
    with std.open(str(path)) as shelf:
        shelf["a"] = [1]
    stash = ShelveStash[Any](path, codec=BarePickleCodec(trust="any"))
    assert stash["a"] == [1]
    stash["b"] = {2}
    with std.open(str(path)) as shelf:
        assert shelf["b"] == {2}


def test_entries_are_bound_to_their_keys(stash: ShelveStash[Any], path: Path) -> None:
    stash["a"], stash["b"] = 1, 2
    with dbm.open(str(path), "w") as store:
        store["a"], store["b"] = store["b"], store["a"]
    for key in "ab":
        with pytest.raises(UntrustedDataError):
            stash.load(key)


def test_codec(path: Path) -> None:
    stash = ShelveStash[Any](path, codec=JsonCodec())
    stash["a"] = {"b": (1, 2)}
    assert stash["a"] == {"b": (1, 2)}


def test_failed_dump_keeps_the_old_value(stash: ShelveStash[Any]) -> None:
    stash["a"] = 1
    with pytest.raises(PersistableError, match="lock"):
        stash["a"] = [threading.Lock()]
    assert stash["a"] == 1


def test_lock_is_that_of_the_factory_stash(path: Path) -> None:
    """So that processes that ask for one absent value wait for each other."""
    stash = FactoryStash(ShelveStash[Any](path), DictionaryStash({"a": 1}))
    other = ShelveStash[Any](path)

    def wait() -> None:
        with other.lock("a", timeout=0):
            pass

    with ThreadPoolExecutor(1) as executor:
        with stash.lock("a"), pytest.raises(LockTimeoutError):
            executor.submit(wait).result()
        executor.submit(wait).result()
    assert stash["a"] == 1
    assert [name for name in listed(path) if name.startswith(".")] == []


HAMMER = """
import sys
from pathlib import Path
from zensols.persist.shelve import ShelveStash
stash = ShelveStash(Path(sys.argv[1]))
me = sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for turn in range(15):
    stash[f"{me}-{turn}"] = [me] * 200
    stash["shared"] = [me] * 500
    found = stash["shared"]
    assert len(set(found)) == 1 and len(found) == 500, found
    assert stash[f"{me}-{turn}"] == [me] * 200
    if turn % 3 == 0:
        del stash[f"{me}-{turn}"]
    with stash.lock("count"):
        stash["count"] = stash.get("count", 0) + 1
"""


def test_f_not_safe_with_processes(path: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=120)
    assert [worker.returncode for worker in workers] == [0] * 8
    stash = ShelveStash[Any](path)
    assert stash["count"] == 8 * 15
    assert len(stash) == 8 * 10 + 2


def test_beside_is_in_a_hidden_folder(database: str, path: Path) -> None:
    stash = ShelveStash[Any](path, lock_timeout=7)
    beside: Any = stash.beside("notes")
    assert not path.parent.exists()
    beside["a"] = {"done": True}
    assert [p.name for p in path.parent.iterdir()] == [f".{path.name}.beside"]
    assert beside.lock_timeout == 7
    assert beside.entry_info("a").codec == "json"
    stash["b"] = 1
    stash.clear()
    assert dict(beside) == {"a": {"done": True}}


def test_reach_is_this_process(path: Path) -> None:
    assert ShelveStash(path).reach is Reach.PROCESS
