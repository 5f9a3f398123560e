"""Stores, states and backups for the panel to show."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from zensols.persist import DirectoryStash, open_stash
from zensols.persist.backup import snapshot
from zensols.persist.codec import SignedPickleCodec
from zensols.persist.state import open_persister

T = TypeVar("T")

HOSTILE = "<script>alert('key')</script>"
MANY = 100_000
ODD = ["a\tb\n", "\u202egpj.exe", "日本", "a\\x41", "%2F&#?", "\ud800", " "]


def apart(work: Callable[[], T]) -> T:
    """Does work in another thread than the browser's, where a coroutine is running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


class Shop:
    """Stores, states and backups in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str, scheme: str = "dir") -> str:
        return f"{scheme}:{self.folder}/{name}"

    def stash(self, name: str = "work", scheme: str = "dir") -> Any:
        return open_stash(self.url(name, scheme))

    def fill_work(self) -> None:
        stash = self.stash()
        stash["report/2026"] = {"title": "Numbers", "n": [1, 2, 3]}
        stash[HOSTILE] = "<img src=x onerror=\"alert('value')\">" * 5
        for n in range(30):
            stash[f"user-{n:02}"] = {"id": n, "text": "x" * 20 * n}

    def fill_foreign(self) -> None:
        theirs: Any = SignedPickleCodec("42" * 32)
        stash: Any = DirectoryStash(self.folder / "work", codec=theirs)
        stash["foreign"] = {"a": 1}

    def fill_many(self) -> None:
        many = self.stash("many", "lmdb")
        many.dump_many((f"key-{n:06}", n) for n in range(MANY))
        many.close()

    def fill_arrays(self) -> None:
        import numpy as np

        stash = self.stash("arrays")
        stash["grid"] = np.arange(600.0).reshape(20, 30)
        stash["text"] = "two\nlines " * 30

    def fill_odd(self) -> None:
        stash = self.stash("odd.db", "sqlite")
        for number, key in enumerate(ODD):
            stash[key] = number
        stash.close()

    def fill_states(self) -> None:
        apart(self._fill_states)

    def _fill_states(self) -> None:
        with open_persister(self.url("states.db", "sqlite")) as persister:
            seen: list[str] = []
            for step, (position, text) in enumerate(
                [
                    ("ask", "Rain?"),
                    ("search", "no net"),
                    ("search", "3"),
                    ("answer", "Yes"),
                ],
                1,
            ):
                seen = [*seen, text]
                status = "failed" if text == "no net" else "completed"
                state = {"seen": seen, "step": step, "<script>alert(1)</script>": step}
                persister.save("ann", "chat", step, position, state, status)  # type: ignore[arg-type]

    def fill_backups(self) -> None:
        stash = self.stash()
        snapshot(stash, self.url("backups"))
        stash["user-00"] = "changed"
        stash.delete("user-01")
        snapshot(stash, self.url("backups"))
        stash["later"] = 1
