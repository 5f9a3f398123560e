"""Stores on a disk that is full: the old value stays, and the error names it."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "stores.py"
STORES: dict[str, Any] = runpy.run_path(str(SCRIPT))["STORES"]
# What the key file of the last one holds is made of keys, not given.
KINDS = [kind for kind in STORES if kind != "keys"]
ROOM = 1 << 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")

DUMP = """
import resource, runpy, sys
from pathlib import Path
from zensols.persist.error import PersistableError

script, kind, folder, room = sys.argv[1:]
make = runpy.run_path(script)["STORES"][kind]
store = make(Path(folder))

def show():
    # By another one, which has nothing in memory.
    other = make(Path(folder))
    print(other.load(), other.keys())

store.dump("old")
if room != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
for value in ("x" * (3 << 20), [b"x" * (1 << 19)] * 2 + [bytearray(1 << 21)]):
    try:
        store.dump(value)
        print("stored")
    except PersistableError as e:
        print("refused" if str(store.folder) in str(e) else e)
    show()
store.dump("new")
show()
"""
SAID = ["refused", "old ['1']"] * 2 + ["new ['1']"]


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name[0] in ".%"]


@pytest.mark.parametrize("kind", KINDS)
def test_limited_file_size(
    kind: str, tmp_path: Path, run_python: Callable[..., str]
) -> None:
    said = run_python(DUMP, SCRIPT, kind, tmp_path, ROOM)
    assert said.splitlines() == SAID
    assert left_behind(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("kind", KINDS)
def test_full_file_system(
    kind: str, small: Path, run_python: Callable[..., str]
) -> None:
    said = run_python(DUMP, SCRIPT, kind, small, 0)
    assert said.splitlines() == SAID
    assert left_behind(small) == []


FILL = """
import runpy, sys
from pathlib import Path
from zensols.persist.error import PersistableError

script, kind, folder = sys.argv[1:]
make = runpy.run_path(script)["STORES"][kind]
store = make(Path(folder))

def show():
    # By another one, which has nothing in memory.
    other = make(Path(folder))
    print(other.load(), other.keys())

store.dump("old")
filler = open(Path(folder) / "filler", "wb", buffering=0)
try:
    while True:
        filler.write(bytes(4096))
except OSError:
    pass
try:
    store.dump("newer" * 1000)
    print("stored")
except PersistableError as e:
    print("refused" if str(store.folder) in str(e) else e)
show()
try:
    store.delete()
    print(make(Path(folder)).keys())
except PersistableError as e:
    print("refused" if str(store.folder) in str(e) else e)
(Path(folder) / "filler").unlink()
filler.close()
store.dump("new")
show()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("kind", KINDS)
def test_no_room_at_all(kind: str, small: Path, run_python: Callable[..., str]) -> None:
    said = run_python(FILL, SCRIPT, kind, small)
    refused, old, deleted, new = said.splitlines()
    assert (refused, old, new) == ("refused", "old ['1']", "new ['1']")
    # Deleting takes room in some databases.
    assert deleted in (["[]", "refused"] if kind == "shelf" else ["[]"])
    assert left_behind(small) == []
