"""What a process does that is about to be killed, run as a script: it tells each
thing that it is going to do, and that it has done it.

    killed.py KIND FOLDER SEED

"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from zensols.persist.annotation import PersistedWork, persisted
from zensols.persist.composite import DirectoryCompositeStash
from zensols.persist.stash import DirectoryStash, IncrementKeyDirectoryStash

KEYS = ("1", "2", "3")
ABSENT = -1

Change = tuple[str, int, Callable[[], None]]
"""A key, the number of its value afterwards, and what makes it so."""


def make_payload(number: int) -> bytes:
    # Some take milliseconds to write, for the kill to fall into.
    block = hashlib.sha256(b"%d" % number).digest()
    return block * ((number * 7919) % 1000 * (150 if number % 3 == 0 else 1))


class DirectoryKind:
    """A store of numbered values that carry their own check."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stash = self.open()

    def open(self) -> Any:
        return DirectoryStash[Any](self.folder / "data")

    def make(self, number: int) -> Any:
        payload = make_payload(number)
        return number, payload, hashlib.sha256(payload).hexdigest()

    def number(self, value: Any) -> int:
        """The number of a value, which is found to be whole."""
        number, payload, digest = value
        assert hashlib.sha256(payload).hexdigest() == digest, f"torn: {number}"
        assert payload == make_payload(number), f"not the payload of {number}"
        return number

    def change(self, choose: random.Random, number: int) -> Change:
        key = choose.choice(KEYS)
        if choose.random() < 0.25:
            return key, ABSENT, lambda: self.stash.delete(key)
        value = self.make(number)
        return key, number, lambda: self.stash.dump(key, value)

    def read(self) -> dict[str, int]:
        """The numbers that are there, read in every way."""
        stash = self.open()
        found = {key: self.number(value) for key, value in stash}
        assert sorted(stash.keys()) == sorted(found)
        assert len(stash) == len(found)
        for key in {*KEYS, *found}:
            assert stash.exists(key) == (key in found), key
            value = stash.load(key)
            assert (value is None) == (key not in found), key
        return found

    def write(self) -> None:
        """Write as the next process does."""
        stash = self.open()
        stash.dump("next", self.make(0))
        stash.delete("next")


class CompositeKind(DirectoryKind):
    def open(self) -> Any:
        groups = ({"number", "digest"}, {"payload"})
        return DirectoryCompositeStash[Any](self.folder, groups, "features")

    def make(self, number: int) -> Any:
        number, payload, digest = super().make(number)
        features = {"number": number, "payload": payload, "digest": digest}
        return SimpleNamespace(number=number, features=features)

    def number(self, value: Any) -> int:
        features = value.features
        parts = features["number"], features["payload"], features["digest"]
        assert super().number(parts) == value.number
        return value.number


class IncrementKind(DirectoryKind):
    def open(self) -> Any:
        return IncrementKeyDirectoryStash[Any](self.folder / "data", name="model")

    def change(self, choose: random.Random, number: int) -> Change:
        last = self.stash.get_last_key(inc=True)
        value = self.make(number)
        if int(last) < 10 and choose.random() < 0.5:
            return last, number, lambda: self.stash.dump(value)
        key = choose.choice(sorted(self.stash.keys()) or [last])
        if choose.random() < 0.5:
            return key, ABSENT, lambda: self.stash.delete(key)
        return key, number, lambda: self.stash.dump(key, value)

    def write(self) -> None:
        stash = self.open()
        stash.dump(self.make(0))
        stash.delete(stash.get_last_key())


class WorkKind(DirectoryKind):
    def open(self) -> Path:
        return self.folder / "work.dat"

    def change(self, choose: random.Random, number: int) -> Change:
        path = self.open()
        if path.exists() and choose.random() < 0.25:
            return "work", ABSENT, lambda: PersistedWork(path, self).clear()
        value = self.make(number)

        class Owner:
            # A new version, which replaces what is there.
            @persisted("_value", path=path, version=str(number))
            def value(self) -> Any:
                return value

        return "work", number, lambda: Owner().value() and None

    def read(self) -> dict[str, int]:
        work = PersistedWork(self.open(), self)
        work.worker = lambda: None
        there = self.open().exists()
        value = work()
        if not there:
            work.clear()
        return {"work": self.number(value)} if there else {}

    def write(self) -> None:
        class Owner:
            @persisted("_value", path=self.folder / "next.dat")
            def value(self) -> int:
                return 1

        Owner().value()
        (self.folder / "next.dat").unlink()


KINDS = {
    "directory": DirectoryKind,
    "composite": CompositeKind,
    "increment": IncrementKind,
    "work": WorkKind,
}


def main(kind: str, folder: str, seed: str) -> None:
    store = KINDS[kind](Path(folder))
    choose = random.Random(int(seed))
    first = int(seed) % 1_000_000
    for number in range(first, first + 1_000_000):
        key, after, change = store.change(choose, number)
        print(key, after, flush=True)
        change()
        print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
