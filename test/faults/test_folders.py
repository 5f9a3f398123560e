"""Folders that are read-only, deleted meanwhile, or in the place of a file."""

from __future__ import annotations

import os
import runpy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import PersistableError

SCRIPT = Path(__file__).parent / "stores.py"
STORES: dict[str, Any] = runpy.run_path(str(SCRIPT))["STORES"]
FILES = [(kind, n) for kind in STORES for n in range(len(STORES[kind](Path()).files()))]
STASHES = [kind for kind in STORES if kind not in ("work", "keys")]

READ_ONLY = """
import os, runpy, sys
from pathlib import Path
from zensols.persist.error import PersistableError

script, kind, root = sys.argv[1:]
make = runpy.run_path(script)["STORES"][kind]
root = Path(root)
store = make(root)

def attempt(function, *arguments):
    try:
        print(function(*arguments))
    except PersistableError as e:
        print("refused" if str(store.folder) in str(e) else e)

def all_attempts():
    attempt(make(root).load)
    attempt(store.dump, "new")
    attempt(store.delete)

store.dump("old")
# Which imports all that it takes, since the other user may not read it.
all_attempts()
store.dump("old")
user = 65534 if os.geteuid() == 0 else os.geteuid()
for path in (root, *root.rglob("*")):
    os.chown(path, user, -1)
for path in (root, *root.rglob("*")):
    if path.is_dir():
        path.chmod(0o500)
if user != os.geteuid():
    os.setuid(user)
all_attempts()
"""


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that another user reaches, and has one for temporary files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        root = folder / "root"
        root.mkdir()
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
        yield folder
        root.chmod(0o700)


@pytest.mark.skipif(os.name == "nt", reason="has other permissions")
@pytest.mark.parametrize("kind", [*STASHES, "work"])
def test_read_only(kind: str, reachable: Path, run_python: Callable[..., str]) -> None:
    said = run_python(READ_ONLY, SCRIPT, kind, reachable / "root").splitlines()
    # A shelf needs its lock, which is beside it, to be read too.
    read = "refused" if kind == "shelf" else "old"
    assert said == ["old", "None", "None", read, "refused", "refused"]
    assert list((reachable / "tmp").iterdir()) == []
    for path in (reachable / "root").rglob("*"):
        if path.is_dir():
            path.chmod(0o700)
    store = STORES[kind](reachable / "root")
    assert (store.load(), store.keys()) == ("old", ["1"])


def open_once(store: Any, kind: str) -> None:
    """Let a store use the same stash from now on."""
    if kind in STASHES:
        stash = store.open()
        store.open = lambda: stash


@pytest.mark.parametrize("kind", [*STASHES, "work"])
def test_deleted_meanwhile(kind: str, tmp_path: Path) -> None:
    store = STORES[kind](tmp_path)
    store.folder = tmp_path / "a" / "store"
    open_once(store, kind)
    store.dump("old")
    assert store.load() == "old"
    shutil.rmtree(tmp_path / "a")
    assert store.keys() == []
    store.delete()
    store.dump("new")
    assert store.keys() == ["1"]
    other = STORES[kind](tmp_path)
    other.folder = store.folder
    assert other.load() == "new"
    assert [p.name for p in tmp_path.rglob("*") if p.name[0] in ".%"] == []


@pytest.mark.parametrize(("kind", "number"), FILES)
def test_folder_in_place_of_a_file(kind: str, number: int, tmp_path: Path) -> None:
    store = STORES[kind](tmp_path)
    store.dump("old")
    path = store.files()[number]
    path.unlink()
    path.mkdir()
    (path / "mine").touch()
    name = str(store.folder if kind == "shelf" else path)
    store = STORES[kind](tmp_path)
    for use in (store.load, lambda: store.dump("new")):
        with pytest.raises(PersistableError) as error:
            use()
        assert name in str(error.value)
    assert (path / "mine").exists()
    shutil.rmtree(path)
    store.dump("new")
    if kind != "keys":
        assert STORES[kind](tmp_path).load() == "new"


@pytest.mark.parametrize("kind", STASHES)
def test_file_in_place_of_the_folder(kind: str, tmp_path: Path) -> None:
    tmp_path = tmp_path / "above"
    tmp_path.write_text("mine")
    store = STORES[kind](tmp_path)
    for use in (lambda: store.dump("new"), store.delete, store.load):
        with pytest.raises(PersistableError, match=str(tmp_path)):
            use()
    assert tmp_path.read_text() == "mine"
