from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import zensols.persist.stash
from zensols.persist.error import PersistableError
from zensols.persist.stash import DirectoryStash, IncrementKeyDirectoryStash

ROOT = Path(zensols.persist.stash.__file__).parents[3]


@pytest.fixture
def stash(tmp_path: Path) -> IncrementKeyDirectoryStash[Any]:
    return IncrementKeyDirectoryStash(tmp_path / "data")


def names(stash: DirectoryStash[Any]) -> list[str]:
    return sorted(os.listdir(stash.path))


def test_stores_under_the_next_number(stash: IncrementKeyDirectoryStash[Any]) -> None:
    for value in "abc":
        stash.dump(value)
    assert dict(stash) == {"1": "a", "2": "b", "3": "c"}
    assert names(stash) == ["data-1.dat", "data-2.dat", "data-3.dat"]
    assert stash.load() == "c"
    assert stash.load("2") == "b"


def test_name_and_pattern(tmp_path: Path) -> None:
    stash: IncrementKeyDirectoryStash[Any] = IncrementKeyDirectoryStash(
        tmp_path, "{name}.pkl", "model"
    )
    assert stash.pattern == "model-{name}.pkl"
    stash.dump("a")
    assert names(stash) == ["model-1.pkl"]


def test_two_share_a_folder(tmp_path: Path) -> None:
    first: IncrementKeyDirectoryStash[Any] = IncrementKeyDirectoryStash(
        tmp_path, name="a"
    )
    second: IncrementKeyDirectoryStash[Any] = IncrementKeyDirectoryStash(
        tmp_path, name="b"
    )
    first.dump(1)
    second.dump(2)
    second.dump(3)
    assert dict(first) == {"1": 1}
    assert dict(second) == {"1": 2, "2": 3}
    second.clear()
    assert dict(first) == {"1": 1}


def test_empty(stash: IncrementKeyDirectoryStash[Any]) -> None:
    assert stash.load() is None
    assert stash.get_last_key() == "0"
    assert stash.get_last_key(inc=True) == "1"
    assert len(stash) == 0
    assert not stash.path.exists()


def test_a_key_may_be_given(stash: IncrementKeyDirectoryStash[Any]) -> None:
    stash.dump("7", "seven")
    stash.dump("best", "b")
    stash["3"] = "three"
    stash.dump("next")
    assert sorted(stash.keys()) == ["3", "7", "8"]
    assert stash.get_last_key() == "8"
    assert stash.load() == "next"
    assert stash.load("best") == "b"


def test_keys_are_compared_as_numbers(stash: IncrementKeyDirectoryStash[Any]) -> None:
    for i in range(12):
        stash.dump(i)
    assert stash.get_last_key() == "12"
    assert stash.load() == 11


def test_f_none_is_a_value(stash: IncrementKeyDirectoryStash[Any]) -> None:
    stash.dump("5", None)
    assert list(stash) == [("5", None)]
    assert stash["5"] is None
    stash.dump(None)
    assert sorted(stash.keys()) == ["5", "6"]


def test_f_last_key_heeds_other_writers(
    stash: IncrementKeyDirectoryStash[Any],
) -> None:
    other: IncrementKeyDirectoryStash[Any] = IncrementKeyDirectoryStash(stash.path)
    stash.dump("a")
    assert other.get_last_key() == "1"
    stash.dump("b")
    other.dump("c")
    assert dict(stash) == {"1": "a", "2": "b", "3": "c"}
    assert stash.get_last_key() == "3"


def test_f_last_key_heeds_deletes(stash: IncrementKeyDirectoryStash[Any]) -> None:
    stash.dump("a")
    stash.dump("b")
    stash.delete("2")
    assert stash.get_last_key() == "1"
    assert stash.load() == "a"
    stash.clear()
    assert stash.get_last_key() == "0"
    stash.dump("c")
    assert dict(stash) == {"1": "c"}


def test_f_other_keys_load_alone(stash: IncrementKeyDirectoryStash[Any]) -> None:
    stash.dump("best", "b")
    assert stash.load("best") == stash["best"] == stash.get("best", 9) == "b"
    assert "best" in stash
    assert list(stash.keys()) == []


def test_delete_needs_a_key(stash: IncrementKeyDirectoryStash[Any]) -> None:
    stash.dump("a")
    with pytest.raises(PersistableError, match="needs a key"):
        stash.delete()
    assert len(stash) == 1


def test_client_with_a_field_of_that_name(tmp_path: Path) -> None:
    @dataclass
    class Client(IncrementKeyDirectoryStash[Any]):
        name: str = field(default="split")
        size: int = 3

        def __post_init__(self) -> None:
            super().__post_init__(f"{self.name}-{self.size}")

    stash = Client(tmp_path)
    stash.dump("a")
    assert names(stash) == ["split-3-1.dat"]
    assert stash.name == "split"
    assert stash.load() == "a"


def test_pickles(stash: IncrementKeyDirectoryStash[Any]) -> None:
    stash.dump("a")
    other = pickle.loads(pickle.dumps(stash))
    other.dump("b")
    assert other == stash
    assert stash.load() == "b"


CHILD = """
import sys
from pathlib import Path
from zensols.persist.stash import IncrementKeyDirectoryStash

stash = IncrementKeyDirectoryStash(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for i in range(20):
    stash.dump((sys.argv[2], i))
"""


def test_processes_lose_no_number(stash: IncrementKeyDirectoryStash[Any]) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(stash.path), str(i)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(8)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=120)
        assert child.returncode == 0
    items = dict(stash)
    assert sorted(map(int, items)) == list(range(1, 161))
    assert set(items.values()) == {(str(i), n) for i in range(8) for n in range(20)}
    for i in range(8):
        own = [int(key) for key, value in items.items() if value[0] == str(i)]
        assert [items[str(key)][1] for key in sorted(own)] == list(range(20))
    assert os.listdir(stash.path.parent) == ["data"]
