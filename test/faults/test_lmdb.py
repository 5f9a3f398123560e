"""Processes that are killed while they use an LMDB store, stores that many open
at once, forged entries and full disks.

"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from raw_lmdb import RawLmdb

from zensols.persist.codec import SignedPickleCodec
from zensols.persist.error import PersistableError, UntrustedDataError
from zensols.persist.stash.lmdb import LmdbStash

StartPython = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def raw() -> Iterator[RawLmdb]:
    with RawLmdb() as raw:
        yield raw


INSIDE = """
import sys, time
from pathlib import Path
from zensols.persist.stash.lmdb import LmdbStash

stash = LmdbStash(Path(sys.argv[1]))

def stay(transaction):
    if sys.argv[2] == "write":
        transaction.put(b"a", b"half")
        transaction.delete(b"b")
    print("inside", flush=True)
    sys.stdin.read()

environment = stash._open().environment
environment.write(stay) if sys.argv[2] == "write" else environment.read(stay, None)
"""


def test_killed_inside_a_write_transaction(
    start_python: StartPython, tmp_path: Path
) -> None:
    stash = LmdbStash[Any](tmp_path / "data")
    stash.dump_many([("a", 1), ("b", 2)])
    for turn in range(3):
        with start_python(INSIDE, stash.path, "write") as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "inside\n"
            # Readers don't wait for the writer.
            assert dict(stash) == {"a": 1, "b": 2, **({"c": turn - 1} if turn else {})}
            child.kill()
        stash["c"] = turn
        assert dict(stash) == {"a": 1, "b": 2, "c": turn}


def test_killed_reader_pins_nothing(start_python: StartPython, tmp_path: Path) -> None:
    """The space that a dead process was reading is used again."""
    stash = LmdbStash[Any](tmp_path / "data", map_size=1 << 20)
    stash["a"] = 1
    with start_python(INSIDE, stash.path, "read") as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "inside\n"
        child.kill()
    for _ in range(200):
        stash["b"] = bytes(100_000)
    assert (stash.path / "data.mdb").stat().st_size < 1 << 21


def test_many_open_a_new_store_at_once(
    start_python: StartPython, tmp_path: Path
) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from zensols.persist.stash.lmdb import LmdbStash\n"
        "stash = LmdbStash(Path(sys.argv[1]), map_size=1 << 16)\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "for n in range(50):\n"
        "    stash[f'{sys.argv[2]} {n}'] = bytes(5000)\n"
    )
    for turn in range(3):
        folder = tmp_path / str(turn) / "data"
        children = [start_python(code, folder, number) for number in range(4)]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        for child in children:
            _, error = child.communicate()
            assert child.returncode == 0, error
        stash = LmdbStash[bytes](folder)
        assert len(stash) == 200
        assert {len(value) for value in stash.values()} == {5000}


class _Bomb:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


def test_forged_entry_is_refused(raw: RawLmdb, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    stash = LmdbStash[Any](tmp_path / "data")
    stash.dump_many([("mine", 1), ("other", 2)])
    foreign = SignedPickleCodec(key="42" * 32)
    entry = raw.get(stash.path, b"mine")
    assert entry is not None
    for forged in (
        pickle.dumps(_Bomb(ran)),
        bytes(foreign.encode(_Bomb(ran), "a")),
        entry,
        entry[:-1] + b"x",
        entry[:-60] + pickle.dumps(_Bomb(ran)),
    ):
        raw.put(stash.path, b"a", forged)
        stash.close()
        for read in (
            lambda: stash.load("a"),
            lambda: stash.get("a"),
            lambda: stash["a"],
            lambda: list(stash),
            lambda: list(stash.load_many(["a"])),
        ):
            with pytest.raises(PersistableError, match=r"LmdbStash\['a'\]") as caught:
                read()
            assert not ran.exists()
        if forged is not entry:
            continue
        assert isinstance(caught.value, UntrustedDataError)
    assert stash["mine"] == 1
    assert sorted(stash.keys()) == ["a", "mine", "other"]
    # The test can fail.
    pickle.loads(pickle.dumps(_Bomb(ran)))
    assert ran.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_full_disk(run_python: Callable[..., str], tmp_path: Path) -> None:
    """A write that there is no room for fails as a whole; what was there stays."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from zensols.persist.error import PersistableError\n"
        "from zensols.persist.stash.lmdb import LmdbStash\n"
        "stash = LmdbStash(Path(sys.argv[1]))\n"
        "stash['a'] = 'old'\n"
        "_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))\n"
        "for write in (\n"
        "    lambda: stash.dump('a', bytes(1 << 21)),\n"
        "    lambda: stash.dump_many((k, bytes(1 << 20)) for k in 'abc'),\n"
        "):\n"
        "    try:\n"
        "        write()\n"
        "    except PersistableError as e:\n"
        "        print(e)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "assert dict(stash) == {'a': 'old'}, dict(stash)\n"
        "stash['b'] = bytes(1 << 21)\n"
        "assert stash['b'] == bytes(1 << 21)\n"
    )
    out = run_python(code, tmp_path / "data")
    assert out.count("Can't use the LMDB store in") == 2
    assert out.count("is its disk full?") == 2


def test_once_across_processes(start_python: StartPython, tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from zensols.persist.domain import FactoryStash, ReadOnlyStash\n"
        "from zensols.persist.stash.lmdb import LmdbStash\n"
        "class Slow(ReadOnlyStash):\n"
        "    def load(self, name):\n"
        "        Path(f'{sys.argv[1]}.{os.getpid()}').touch()\n"
        "        sys.stdin.readline()\n"
        "        return name * 2\n"
        "    def keys(self):\n"
        "        return ['a']\n"
        "stash = FactoryStash(LmdbStash(Path(sys.argv[1])), Slow())\n"
        "print('ready', flush=True)\n"
        "assert stash['a'] == 'aa'\n"
    )
    children = [start_python(code, tmp_path / "data") for _ in range(4)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        # Which one computes isn't known, and the others don't listen and may have
        # ended as soon as it is done.
        with suppress(BrokenPipeError):
            child.stdin.write("go\n")
            child.stdin.flush()
    for child in children:
        _, error = child.communicate()
        assert child.returncode == 0, error
    assert len(list(tmp_path.glob("data.*"))) == 1
