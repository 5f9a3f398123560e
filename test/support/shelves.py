"""Stashes that the tests fill, and what they are filled into; worker processes import
them by their name.

"""

from __future__ import annotations

import logging
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from labour import await_that

from zensols.multi import (
    ChunkProcessor,
    MultiProcessDefaultStash,
    MultiProcessFactoryStash,
    MultiProcessor,
    MultiProcessStash,
    PoolMultiProcessor,
)
from zensols.persist import (
    Deallocatable,
    DictionaryStash,
    DirectoryStash,
    PersistableContainer,
    PrimeableStash,
    ReadOnlyStash,
    SqliteStash,
    Stash,
)

ENGINES = ["serial", "threads", "processes"]

ITEMS = (1, 2, 3, 4, 5)


class Journal:
    """What was done, by whom, in files, which all processes append to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def note(self, what: object) -> int:
        """Note something and return how often it was."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "journal", "ab", buffering=0) as file:
            file.write(f"{os.getpid()} {what}\n".encode())
        return self.counts()[str(what)]

    def lines(self) -> list[tuple[int, str]]:
        """Who noted what."""
        path = self.folder / "journal"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        pairs = (line.split(" ", 1) for line in lines)
        return [(int(pid), what) for pid, what in pairs]

    def counts(self) -> Counter[str]:
        """How often each thing was noted."""
        return Counter(what for _, what in self.lines())

    def pids(self) -> set[int]:
        """Who noted something."""
        return {pid for pid, _ in self.lines()}

    def take(self) -> dict[str, int]:
        """Return how often each thing was noted, and begin anew."""
        counts = self.counts()
        (self.folder / "journal").unlink(missing_ok=True)
        return dict(counts)


@dataclass
class LockedStash(Stash[Any]):
    """A user's own stash, which no other process can have."""

    data: dict[str, Any] = field(default_factory=dict)
    lock_of_mine: Any = field(default_factory=threading.Lock, compare=False)

    def load(self, name: str) -> Any:
        with self.lock_of_mine:
            return self.data.get(name)

    def exists(self, name: str) -> bool:
        with self.lock_of_mine:
            return name in self.data

    def dump(self, name: str, inst: Any) -> None:
        with self.lock_of_mine:
            self.data[name] = inst

    def delete(self, name: str | None = None) -> None:
        with self.lock_of_mine:
            self.data.pop(str(name), None)

    def keys(self) -> Iterable[str]:
        with self.lock_of_mine:
            return list(self.data)


DELEGATES: dict[str, Callable[[Path], Stash[Any]]] = {
    "dictionary": lambda _: DictionaryStash(),
    "directory": lambda folder: DirectoryStash(folder / "items"),
    "sqlite": lambda folder: SqliteStash(folder / "items.db"),
    "own": lambda _: LockedStash(),
}


def what_a_loop_makes(items: Iterable[int]) -> dict[str, Any]:
    """What :class:`Doubles` are filled with."""
    return {key: value for item in items for key, value in double(item)}


def double(item: int) -> Iterator[tuple[str, Any]]:
    """Make no, one or two items of one; each third value is None."""
    for number in range(item % 3):
        yield f"{item}.{number}", None if item % 9 == 1 else item * 2


@dataclass
class Doubles(MultiProcessDefaultStash[Any]):
    """Doubles numbers, of which some fail, each so many times."""

    show_progress = False
    items: Iterable[int] = ITEMS
    folder: Path | None = None
    bad: dict[int, int] = field(default_factory=dict)
    gate: Path | None = None
    """The items from 100 on wait for this file."""

    def _create_data(self) -> Iterable[int]:
        self.note("created")
        return self.items

    def _process(self, chunk: list[int]) -> Iterator[tuple[str, Any]]:
        for item in chunk:
            if item >= 100 and self.gate is not None:
                self.note(f"waiting {item}")
                assert await_that(self.gate.exists)
            count = self.note(item)
            if count <= self.bad.get(item, 0):
                raise ValueError(f"item {item} is bad")
            yield from double(item)

    def note(self, what: object) -> int:
        return 1 if self.folder is None else Journal(self.folder).note(what)


class Plain(MultiProcessStash[Any]):
    """Needs nothing but a delegate."""

    show_progress = False

    def _create_data(self) -> Iterable[int]:
        return ITEMS

    def _process(self, chunk: list[int]) -> Iterable[tuple[Any, Any]]:
        return what_a_loop_makes(chunk).items()


class Whole(Plain):
    """Stores chunks."""

    def _process(self, chunk: list[int]) -> Iterable[tuple[str, Any]]:
        assert type(chunk) is list
        yield str(chunk[0]), chunk


class Hooked(Plain):
    """Changes chunks."""

    seen: ClassVar[list[tuple[int, Any]]] = []

    def _create_chunk_processor(self, chunk_id: int, data: Any) -> ChunkProcessor:
        made = super()._create_chunk_processor(chunk_id, [n + 1 for n in data])
        self.seen.append((made.chunk_id, made.data))
        return made


class Telling(Plain):
    """Tells where it works."""

    def _process(self, chunk: list[int]) -> Iterable[tuple[str, Any]]:
        yield str(chunk[0]), (self.is_child, id(self), os.getpid())


class Logging(Plain):
    """Logs what it does."""

    def _process(self, chunk: list[int]) -> Iterable[tuple[str, Any]]:
        for number in chunk:
            logging.getLogger("words").info("number %d", number)
            yield str(number), number


class Broken(Plain):
    """Can't tell all items."""

    def _create_data(self) -> Iterable[int]:
        yield 2
        raise ZeroDivisionError("no more")


class Numbered(Plain):
    """Has keys that aren't text."""

    def _process(self, chunk: list[int]) -> Iterable[tuple[Any, Any]]:
        return ((number, -number) for number in chunk)


class Through(Plain):
    """Does what it is told."""

    call: Callable[[int], Any] = staticmethod(abs)

    def _process(self, chunk: list[int]) -> Iterable[tuple[str, Any]]:
        return ((str(number), self.call(number)) for number in chunk)


def caused(number: int) -> None:
    """Raise an exception with a cause."""
    try:
        {}[number]
    except KeyError as e:
        raise ValueError("of the key") from e


@dataclass
class SetUp(Doubles):
    """Sets itself up in workers."""

    ready = False

    def _init_child(self, processor: ChunkProcessor) -> None:
        super()._init_child(processor)
        assert self.is_child
        assert not self.ready
        self.ready = True
        self.note(f"init {os.getpid()} for {processor.data[0] in ITEMS}")

    def _process(self, chunk: list[int]) -> Iterator[tuple[str, Any]]:
        assert self.ready
        return super()._process(chunk)


@dataclass
class ContainerLast(Doubles, PersistableContainer, Deallocatable):
    """As clients combine them."""

    _PERSITABLE_TRANSIENT_ATTRIBUTES = frozenset({"guard"})
    guard: Any = None


@dataclass
class ContainerFirst(PersistableContainer, Doubles):
    """As clients combine them."""

    _PERSITABLE_TRANSIENT_ATTRIBUTES = frozenset({"guard"})
    guard: Any = None


@dataclass
class Client(Doubles):
    """Overrides what clients override."""

    def prime(self) -> None:  # type: ignore[override]
        self.note("primed")
        super().prime()

    def load(self, name: str) -> Any:
        value = super().load(name)
        return value if value is None else -value

    def keys(self) -> Iterable[str]:
        return sorted(super().keys(), reverse=True)

    def exists(self, name: str) -> bool:
        return super().exists(name.lstrip("+"))

    # Nothing has called these on a stash for long.
    def _invoke_pool(self, *args: Any) -> None:
        raise AssertionError

    _invoke_work = _invoke_pool

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass
class Reading(MultiProcessDefaultStash[int]):
    """Its workers read it."""

    show_progress = False

    def _create_data(self) -> Iterable[int]:
        return range(4)

    def _process(self, chunk: list[int]) -> Iterator[tuple[str, int]]:
        assert self.is_child
        for number in chunk:
            before = [self.get("absent", 0), "absent" in self, self.load("absent")]
            assert before == [0, False, None]
            assert all(key in "0123" for key in self.keys())
            self.prime()
            yield str(number), number


@dataclass
class Dice(MultiProcessDefaultStash[tuple[float, int]]):
    """Throws dice."""

    show_progress = False

    def _create_data(self) -> Iterable[int]:
        return range(12)

    def _process(self, chunk: list[int]) -> Iterator[tuple[str, tuple[float, int]]]:
        for number in chunk:
            yield str(number), (random.random(), self.chunk_seed or 0)


class Cubes(ReadOnlyStash[Any]):
    """A factory of cubes, of which some fail, each so many times; none are zero."""

    def __init__(
        self, folder: Path, names: Sequence[Any] = "12345", **bad: int
    ) -> None:
        super().__init__()
        self.folder = folder
        self.names = names
        self.bad = bad

    def load(self, name: str) -> Any:
        count = Journal(self.folder).note(name)
        if count <= self.bad.get(f"_{name}", 0):
            raise ValueError(f"cube {name} is bad")
        if str(name) not in map(str, self.names):
            raise KeyError(name)
        return int(name) ** 3 or None

    def exists(self, name: str) -> bool:
        return name in self.names

    def keys(self) -> Iterable[Any]:
        return list(self.names)


class PrimedCubes(PrimeableStash[Any], Cubes):
    """Says when it is primed."""

    __init__ = Cubes.__init__

    def prime(self) -> None:
        super().prime()
        Journal(self.folder).note("primed")


class GatedCubes(Cubes):
    """Holds some up until there is a file."""

    held: frozenset[Any] = frozenset()

    def load(self, name: str) -> Any:
        if name in self.held:
            Journal(self.folder).note("waiting")
            assert await_that((self.folder / "gate").exists)
        return super().load(name)


class CubesByTwo(MultiProcessFactoryStash[Any]):
    """Loads them otherwise."""

    def _load_from_factory(self, key: Any) -> Any:
        return 2 * super()._load_from_factory(key)


class Named(ReadOnlyStash[Any]):
    """Makes squares."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names

    def load(self, name: str) -> Any:
        return int(name) ** 2

    def keys(self) -> Iterable[str]:
        return self.names


class Unpicklable(Named):
    """Some of it can't be stored."""

    def load(self, name: str) -> Any:
        return threading.Lock() if "lock" in name else 1


class ChunkOfSome(ChunkProcessor):
    """Has made as many as its number says."""

    def process(self) -> int:
        return self.chunk_id


class PidChunk(ChunkProcessor):
    """Tells where it is run."""

    def process(self) -> int:
        return os.getpid()


class FailingChunk(ChunkProcessor):
    """Fails, but for the first."""

    def process(self) -> int:
        if self.chunk_id:
            raise LookupError(f"chunk {self.chunk_id}")
        return 1


class ExitingChunk(ChunkProcessor):
    """Leaves without a word, but for the first."""

    def process(self) -> int:
        if self.chunk_id:
            os._exit(3)
        return 1


class LazyPool(PoolMultiProcessor):
    """Returns what the pool's map returns."""

    def _invoke_pool(self, pool: Any, fn: Any, data: Any) -> Iterable[int]:
        return map(fn, data) if pool is None else pool.map(fn, data)


class Freed(Deallocatable):
    """A value that says when it is freed."""

    freed: ClassVar[list[int]] = []

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def deallocate(self) -> None:
        super().deallocate()
        self.freed.append(self.number)


class Freeing(Plain, Deallocatable):
    """Makes them, and is one."""

    def _process(self, chunk: list[int]) -> Iterable[tuple[Any, Any]]:
        return ((number, Freed(number)) for number in chunk)

    def deallocate(self) -> None:
        super().deallocate()
        Freed.freed.append(-1)


class OwnProcessor(PoolMultiProcessor):
    """A client's."""


@dataclass
class HerePool(MultiProcessor):
    """Runs chunks in threads, and notes their sizes."""

    sizes: ClassVar[list[int]] = []
    workers: ClassVar[list[int]] = []

    def _invoke_work(
        self, workers: int, chunk_size: int, data: Iterable[Any], fn: Any
    ) -> list[int]:
        chunks = list(data)
        self.sizes.extend(len(chunk.data) for chunk in chunks)
        self.workers.append(workers)
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(fn, chunks))
