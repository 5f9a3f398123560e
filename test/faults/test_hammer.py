"""Eight processes that use one store at once."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hammers import MAKE

from zensols.persist.stash import DirectoryStash

PROCESSES = 8

STASH = (
    MAKE
    + """
from zensols.persist.stash import DirectoryStash

stash = DirectoryStash(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for turn in range(150):
    key = choose.choice(["a", "b", "c"])
    match choose.randrange(5):
        case 0 | 1:
            stash[key] = make(me * 1000 + turn)
        case 2:
            stash.delete(key)
        case 3:
            list_keys(stash)
    value = stash.get(key, "absent")
    if value != "absent":
        check(value)
    keep_own(stash, turn)
    with stash.lock("counter"):
        count(Path(sys.argv[1] + ".count"))
"""
)

PERSISTED = """
import hashlib, os, sys
from pathlib import Path
from zensols.persist.annotation import PersistedWork, persisted

folder = Path(sys.argv[1])
digest = lambda value: hashlib.sha256(repr(value).encode()).hexdigest()

class Corpus:
    def __init__(self, number):
        self.number = number
        self._by_hand = PersistedWork(folder / f"by-hand-{number}.dat", self)
        self._value = PersistedWork(folder / f"{number}.dat", self)

    def compute(self, name):
        fd = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(fd, f"{os.getpid()}\\n".encode())
        os.close(fd)
        return os.getpid(), sum(range(30_000)), os.urandom(50_000)

    @property
    @persisted("_value")
    def value(self):
        return self.compute(str(self.number))

    @persisted("_by_hand")
    def by_hand(self):
        return self.compute(f"by-hand-{self.number}")

print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    corpus = Corpus(number)
    print(digest(corpus.value), digest(corpus.by_hand()), flush=True)
"""

FACTORY = """
import hashlib, os, sys
from pathlib import Path
from zensols.persist.domain import FactoryStash, ReadOnlyStash
from zensols.persist.stash import DirectoryStash

folder = Path(sys.argv[1])
digest = lambda value: hashlib.sha256(repr(value).encode()).hexdigest()

class Factory(ReadOnlyStash):
    def load(self, name):
        fd = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(fd, f"{os.getpid()}\\n".encode())
        os.close(fd)
        return os.getpid(), sum(range(30_000)), os.urandom(50_000)

    def keys(self):
        return map(str, range(20))

print("ready", flush=True)
stash = FactoryStash(DirectoryStash(folder / "data"), Factory())
sys.stdin.readline()
for number in range(20):
    print(digest(stash[str(number)]), flush=True)
"""


def hammer(start_python: Any, code: str, *arguments: object) -> list[str]:
    """Let processes begin together, and return what each of them says."""
    children: list[subprocess.Popen[str]] = [
        start_python(code, *arguments, number) for number in range(PROCESSES)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.communicate()[1]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = []
    for child in children:
        out, error = child.communicate()
        assert child.returncode == 0, error
        assert error == ""
        said.append(out)
    return said


def test_directory_stash(start_python: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    counter = tmp_path / "data.count"
    counter.write_text("0")
    hammer(start_python, STASH, folder)
    stash = DirectoryStash[Any](folder)
    own = {f"own-{number}" for number in range(PROCESSES)}
    assert own <= set(stash.keys()) <= own | {"a", "b", "c"}
    assert {path.name for path in folder.iterdir()} == {
        f"{k}.dat" for k in stash.keys()
    }
    assert counter.read_text() == str(PROCESSES * 150)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "data.count"}


@pytest.mark.parametrize("code", [PERSISTED, FACTORY], ids=["persisted", "factory"])
def test_one_computation(start_python: Any, tmp_path: Path, code: str) -> None:
    said = hammer(start_python, code, tmp_path)
    assert len(set(said)) == 1
    assert said[0].strip()
    logs = list(tmp_path.glob("*.log"))
    assert len(logs) == 20
    for log in logs:
        assert len(log.read_text().splitlines()) == 1, log.name
    left = [path.name for path in tmp_path.rglob("*") if path.name[0] in ".%"]
    assert left == []
