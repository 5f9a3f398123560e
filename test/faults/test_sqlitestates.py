"""SQLite files of states whose savers are killed, or that are locked, full, read-only
or shared by many.

"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from savers import Client, start, state_of

from zensols.persist.error import PersistableError, StoreUnavailableError

KINDS = "SQLitePersister", "AsyncSQLitePersister"
ROOM = 1 << 20

pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_killed_savers_lose_nothing(tmp_path: Path, kind: str, kills: int) -> None:
    values = {"db_path": str(tmp_path / "a.db")}
    saved: list[int] = []
    for turn in range(kills):
        with start(kind, values, turn * 100_000, 1, 0) as saver:
            assert saver.stdout is not None
            assert saver.stdout.readline() == "ready\n"
            for _ in range(1 + turn * 7 % 40):
                line = saver.stdout.readline()
                assert line, "it ended by itself"
                saved.append(int(line))
            saver.kill()
            saved += [int(line) for line in saver.stdout if line.endswith("\n")]
    with Client(kind, values) as client:
        history = [item.sequence_id for item in client.history("p", "app")]
        there = set(history)
        # Those at the end of each turn, and what they are stored against.
        for number in (n for n in history if n + 10 not in there):
            assert client.load("p", "app", number)["state"] == state_of(number)
    assert len(there) == len(history)
    assert set(saved) <= there
    # What was being saved, or being told, when they died.
    assert len(there) <= len(saved) + 4 * kills
    assert max(saved) >= (kills - 1) * 100_000


def test_locked_database(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.db"
    with Client(kind, {"db_path": path, "timeout": 0.2}) as client:
        client.step(0)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError, match=r"a\.db' was locked"):
                client.step(1)
            # Who only reads need not wait.
            assert client.check() == [0]
            other.execute("ROLLBACK")
        client.step(1)
        assert client.check() == [0, 1]


FILL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from savers import Client, state_of
from zensols.persist.error import PersistableError
kind, path, room = sys.argv[2:]
client = Client(kind, {"db_path": path})
spare = Path(path).parent / "spare"
spare.write_bytes(bytes(1 << 20))
if room != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
saved = []
for number in range(1000):
    # Nothing that the ones before have.
    state = {"text": [f"{number} {n}" * 10 for n in range(2000)]}
    try:
        client.save("p", "app", number, "step", state, "completed")
    except PersistableError as e:
        assert path in str(e), e
        break
    saved.append(number)
def check():
    there = [item.sequence_id for item in client.history("p", "app")]
    for number in there:
        found = client.load("p", "app", number)["state"]
        assert found["text"][-1] == f"{number} 1999" * 10
    return there
assert check() == saved and saved, saved
client.cleanup()
assert check() == saved
print("refused")
# To delete takes some room, too.
spare.unlink()
client.truncate("p", "app", keep=1)
print(check() == saved[-1:])
client.save("p", "app", 1000, "step", {"text": ["1000 1999" * 10]}, "completed")
print(check()[-1])
client.cleanup()
"""
SAID = ["refused", "True", "1000"]
SUPPORT = Path(__file__).parents[1] / "support"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")
def test_limited_file_size(
    tmp_path: Path, kind: str, run_python: Callable[..., str]
) -> None:
    said = run_python(FILL, SUPPORT, kind, tmp_path / "a.db", ROOM)
    assert said.splitlines() == SAID


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_full_file_system(
    small: Path, kind: str, run_python: Callable[..., str]
) -> None:
    said = run_python(FILL, SUPPORT, kind, small / "a.db", 0)
    assert said.splitlines() == SAID


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_read_only_file_system(
    small: Path, kind: str, mount: Callable[..., None]
) -> None:
    path = small / "a.db"
    with Client(kind, {"db_path": path}) as client:
        client.step(0)
    mount(small, "-o", "remount,ro")
    with (
        Client(kind, {"db_path": path}) as client,
        pytest.raises(PersistableError, match=r"a\.db"),
    ):
        client.step(1)
    mount(small, "-o", "remount,rw")
    with Client(kind, {"db_path": path}) as client:
        assert client.check() == [0]
        client.step(1)
