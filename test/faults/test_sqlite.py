"""What goes wrong around a SQLite file: many who write at once, no room, and entries
of others.

"""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hammers import MAKE

from zensols.persist.codec import BarePickleCodec, SignedPickleCodec, default_codec
from zensols.persist.error import PersistableError, UntrustedDataError
from zensols.persist.stash.sqlite import SqliteStash

PROCESSES = 8

OPEN = """
import sys
from pathlib import Path
from zensols.persist.stash.sqlite import SqliteStash

print("ready", flush=True)
for line in sys.stdin:
    turn = line.strip()
    stash = SqliteStash(Path(sys.argv[1]) / turn / "new" / "data.db")
    stash[sys.argv[2]] = turn
    assert stash[sys.argv[2]] == turn
    if int(turn) % 2:
        stash.close()
    print("done", flush=True)
"""


def start_all(start_python: Any, code: str, *arguments: object) -> Any:
    children = [start_python(code, *arguments, n) for n in range(PROCESSES)]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.communicate()[1]
    return children


def tell_all(children: Any, line: str) -> None:
    for child in children:
        child.stdin.write(line)
        child.stdin.flush()


def test_new_one_opened_by_many_at_once(start_python: Any, tmp_path: Path) -> None:
    children = start_all(start_python, OPEN, tmp_path)
    for turn in range(15):
        tell_all(children, f"{turn}\n")
        for child in children:
            assert child.stdout.readline() == "done\n", child.communicate()[1]
        with closing(SqliteStash[Any](tmp_path / f"{turn}/new/data.db")) as stash:
            assert dict(stash) == {str(n): str(turn) for n in range(PROCESSES)}
    for child in children:
        assert child.communicate() == ("", "")
        assert child.returncode == 0
    # Of processes that close at the same moment each can take another for the
    # last one, which removes the log; then the next one that closes does.
    for turn in range(15):
        with closing(SqliteStash[Any](tmp_path / f"{turn}/new/data.db")) as stash:
            assert len(stash) == PROCESSES
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"data.db"}


HAMMER = (
    MAKE
    + """
from zensols.persist.stash.sqlite import SqliteStash

path = Path(sys.argv[1])
stash = SqliteStash(path)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(100):
    key = choose.choice(["a", "b", "c"])
    match choose.randrange(6):
        case 0 | 1:
            stash[key] = make(me * 1000 + turn)
        case 2:
            stash.delete(key)
        case 3:
            list_keys(stash)
        case 4:
            stash.dump_many((name, make(turn)) for name in "abc")
    for name, value in stash.load_many("abc"):
        check(value)
    keep_own(stash, turn)
    if turn % 10 == 0:
        stash.close()
    if turn % 4 == 0:
        with stash.lock("counter"):
            count(path.with_suffix(".count"))
stash.close()
"""
)

ONCE = """
import hashlib, os, sys
from pathlib import Path
from zensols.persist.domain import FactoryStash, ReadOnlyStash
from zensols.persist.stash.sqlite import SqliteStash

path = Path(sys.argv[1])

class Factory(ReadOnlyStash):
    def load(self, name):
        fd = os.open(f"{path}.{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(fd, f"{os.getpid()}\\n".encode())
        os.close(fd)
        return os.getpid(), sum(range(30_000)), os.urandom(50_000)

    def keys(self):
        return map(str, range(20))

print("ready", flush=True)
store = SqliteStash(path)
stash = FactoryStash(store, Factory(), once=True)
sys.stdin.readline()
for number in range(20):
    value = stash[str(number)]
    print(hashlib.sha256(repr(value).encode()).hexdigest(), flush=True)
store.close()
"""


def hammer(start_python: Any, code: str, path: Path) -> list[str]:
    children = start_all(start_python, code, path)
    tell_all(children, "go\n")
    said = []
    for child in children:
        out, error = child.communicate()
        assert (child.returncode, error) == (0, "")
        said.append(out)
    return said


def test_many_processes(start_python: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    path.with_suffix(".count").write_text("0")
    hammer(start_python, HAMMER, path)
    own = {f"own-{number}" for number in range(PROCESSES)}
    with closing(SqliteStash[Any](path)) as stash:
        assert own <= set(stash.keys()) <= own | {"a", "b", "c"}
    assert path.with_suffix(".count").read_text() == str(PROCESSES * 25)
    assert {file.name for file in tmp_path.iterdir()} == {"data.db", "data.count"}


def test_one_computation(start_python: Any, tmp_path: Path) -> None:
    said = hammer(start_python, ONCE, tmp_path / "data.db")
    assert len(set(said)) == 1
    assert len(said[0].split()) == 20
    logs = list(tmp_path.glob("*.log"))
    assert len(logs) == 20
    for log in logs:
        assert len(log.read_text().splitlines()) == 1, log.name
    # As above, the log may be left to the next one that closes.
    with closing(SqliteStash[Any](tmp_path / "data.db")) as stash:
        assert len(stash) == 20
    assert {f.name for f in tmp_path.iterdir() if f not in logs} == {"data.db"}


DIES = """
import sys
from pathlib import Path
from zensols.persist.stash.sqlite import SqliteStash

with SqliteStash(Path(sys.argv[1])).lock("a"):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def test_lock_of_the_dead_is_free(start_python: Any, tmp_path: Path) -> None:
    stash = SqliteStash[Any](tmp_path / "data.db")
    with start_python(DIES, stash.path) as child:
        assert child.stdout.readline() == "ready\n"
        with pytest.raises(TimeoutError, match=f"'a'.* {child.pid} "):
            stash.lock("a", timeout=0).__enter__()
        child.kill()
        with stash.lock("a", timeout=60):
            assert child.wait() == -9


FULL = """
import resource, sys
from pathlib import Path
from zensols.persist.error import PersistableError
from zensols.persist.stash.sqlite import SqliteStash

path = Path(sys.argv[1])
stash = SqliteStash(path)

def show():
    other = SqliteStash(path)
    print(stash["1"], other["1"], list(other.keys()))
    other.close()

stash["1"] = "old"
if sys.argv[2] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
for value in ("x" * (3 << 20), [b"x" * (1 << 19)] * 2 + [bytearray(1 << 21)]):
    for dump in (lambda: stash.dump("1", value), lambda: stash.dump_many([("1", value)])):
        try:
            dump()
            print("stored")
        except PersistableError as e:
            print("refused" if str(path) in str(e) else e)
        show()
stash["1"] = "new"
show()
stash.delete("1")
print(list(stash.keys()))
stash.close()
"""
ROOM = 1 << 20


SAID = ["refused", "old old ['1']"] * 4 + ["new new ['1']", "[]"]


def test_limited_file_size(tmp_path: Path, run_python: Callable[..., str]) -> None:
    assert run_python(FULL, tmp_path / "data.db", ROOM).splitlines() == SAID
    assert [file.name for file in tmp_path.iterdir()] == ["data.db"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_full_file_system(small: Path, run_python: Callable[..., str]) -> None:
    path = small / "data.db"
    assert run_python(FULL, path, 0).splitlines() == SAID
    # What had no room in the file itself stays in the log.
    left = {file.name for file in small.iterdir()}
    assert left <= {"data.db", "data.db-wal", "data.db-shm"}
    with closing(SqliteStash[Any](path)) as stash:
        assert dict(stash) == {}


NO_ROOM = """
import sys
from pathlib import Path
from zensols.persist.error import PersistableError
from zensols.persist.stash.sqlite import SqliteStash

path = Path(sys.argv[1])
stash, closed = SqliteStash(path), SqliteStash(path)
stash["1"] = "old"
if sys.argv[2] == "closed":
    stash.close()
filler = open(path.parent / "filler", "wb", buffering=0)
try:
    while True:
        filler.write(bytes(4096))
except OSError:
    pass

def attempt(what):
    try:
        print(what())
    except PersistableError as e:
        print("refused" if str(path) in str(e) else e)

attempt(lambda: stash.dump("1", "newer" * 100_000))
attempt(lambda: stash["1"])
attempt(lambda: stash.delete("1"))
(path.parent / "filler").unlink()
filler.close()
print(stash.get("1"))
stash["1"] = "new"
print(closed["1"], list(stash.keys()))
stash.close()
closed.close()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("state", ["open", "closed"])
def test_no_room_at_all(
    small: Path, run_python: Callable[..., str], state: str
) -> None:
    said = run_python(NO_ROOM, small / "data.db", state).splitlines()
    refused, read, deleted, after, new = said
    assert (refused, new) == ("refused", "new ['1']")
    # To open a database takes some room, as may deleting.
    assert read in (["old", "refused"] if state == "closed" else ["old"])
    assert deleted in {"refused", "None"}
    assert after == ("old" if deleted == "refused" else "None")
    assert [file.name for file in small.iterdir()] == ["data.db"]


class Hostile:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


FORGERIES: dict[str, Callable[[Hostile], bytes]] = {
    "bare": pickle.dumps,
    "by our codec": lambda hostile: bytes(BarePickleCodec().encode(hostile, "a")),
    "foreign": lambda hostile: bytes(SignedPickleCodec("42" * 32).encode(hostile, "a")),
    "under another key": lambda hostile: bytes(default_codec().encode(hostile, "b")),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_entry_is_refused(forgery: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    entry = FORGERIES[forgery](Hostile(trace))
    with closing(SqliteStash[Any](tmp_path / "data.db")) as stash:
        stash["a"] = 1
        with closing(sqlite3.connect(stash.path, isolation_level=None)) as other:
            other.execute("UPDATE stash SET entry = ?", (entry,))
        for read in (
            lambda: stash.load("a"),
            lambda: stash.get("a"),
            lambda: stash["a"],
            lambda: list(stash),
            lambda: list(stash.values()),
            lambda: list(stash.load_many(["a"])),
            lambda: dict(stash.as_mapping()),
        ):
            with pytest.raises(UntrustedDataError, match=r"data\.db.*'a'"):
                read()
        assert list(stash.keys()) == ["a"]
        stash["a"] = 2
        assert stash["a"] == 2
    assert not trace.exists()


def test_planted_key_is_data(tmp_path: Path) -> None:
    """And so is a key that can't be one."""
    with closing(SqliteStash[Any](tmp_path / "data.db")) as stash:
        stash["'; DROP TABLE stash; --"] = 1
        with closing(sqlite3.connect(stash.path, isolation_level=None)) as other:
            other.execute("INSERT INTO stash SELECT x'f0', entry FROM stash")
        with pytest.raises(PersistableError, match="xf0"):
            list(stash.keys())
        assert stash["'; DROP TABLE stash; --"] == 1
