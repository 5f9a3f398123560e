"""Snapshots of stashes that eight others write to: of what belongs together, they have
all or nothing.

"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from kinds import KINDS, opened, url_of

from zensols.persist import DictionaryStash, Stash
from zensols.persist.backup import snapshot
from zensols.persist.domain import open_stash

WRITERS = 8
SIZE = 40
ROUNDS = 4

StartPython = Callable[..., "subprocess.Popen[str]"]

WRITE = f"""
import sys
import threading
from itertools import count
from zensols.persist.domain import open_stash

url, first = sys.argv[1], int(sys.argv[2])
stash = open_stash(url)
stop = threading.Event()

def write(writer):
    for number in count():
        stash.dump_many((f"{{writer}}-{{n}}", number) for n in range({SIZE}))
        if number == 0:
            sys.stdout.write("writing\\n")
            sys.stdout.flush()
        if stop.is_set():
            break

threads = [threading.Thread(target=write, args=(first + n,)) for n in range(4)]
for thread in threads:
    thread.start()
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
stash.close() if hasattr(stash, "close") else None
"""
"""Four threads of a process that writes batches until its input ends."""


def check(stash: Stash[Any]) -> dict[str, int]:
    """Take snapshots, and see that each has one number for each batch."""
    into = DictionaryStash[Any]()
    last: dict[str, int] = {}
    for _ in range(ROUNDS):
        found: dict[str, set[int]] = {}
        taken = snapshot(stash, into).as_stash()
        for key, number in taken.items():
            found.setdefault(key.partition("-")[0], set()).add(number)
        torn = {
            writer: numbers for writer, numbers in found.items() if len(numbers) > 1
        }
        assert torn == {}
        assert len(taken) == SIZE * len(found)
        now = {writer: numbers.pop() for writer, numbers in found.items()}
        # Nobody has gone back in time.
        assert all(now[writer] >= number for writer, number in last.items())
        last = now
    return last


@contextmanager
def writing(stash: Stash[Any]) -> Iterator[None]:
    """Eight threads write meanwhile, and have each written twice before."""
    stop = threading.Event()
    begun = threading.Semaphore(0)
    errors: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for number in count():
                stash.dump_many((f"{writer}-{n}", number) for n in range(SIZE))
                if number == 1:
                    begun.release()
                if stop.is_set():
                    break
        except BaseException as e:
            errors.append(e)
            begun.release()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(WRITERS):
            assert begun.acquire(timeout=60)
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []


@pytest.mark.parametrize("kind", KINDS)
def test_threads(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with opened(kind, request, tmp_path) as stash:
        with writing(stash):
            last = check(stash)
        assert len(last) == WRITERS
        assert max(last.values()) > 0
        assert len(stash) == SIZE * WRITERS


@pytest.mark.parametrize("kind", ["directory", "sqlite", "redis"])
def test_processes(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    start_python: StartPython,
) -> None:
    url = url_of(kind, request, tmp_path)
    assert url is not None
    stash = open_stash(url)
    with ExitStack() as stack:
        children = [
            stack.enter_context(start_python(WRITE, url, first)) for first in (0, 4)
        ]
        for child in children:
            assert child.stdout is not None
            for _ in range(4):
                assert child.stdout.readline() == "writing\n"
        last = check(stash)
        for child in children:
            _, error = child.communicate()
            assert child.returncode == 0, error
    assert len(last) == WRITERS
    if hasattr(stash, "close"):
        stash.close()


@pytest.mark.parametrize("kind", ["lmdb", "sqlite", "postgres"])
def test_batch_of_many_transactions(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A batch that is too large for one transaction."""
    with opened(kind, request, tmp_path) as stash:
        store: Any = stash
        many = 2 * store.transaction[0] + 10
        going_on, seen = threading.Event(), threading.Event()

        def items() -> Iterator[tuple[str, int]]:
            for number in range(many):
                if number == many - 5:
                    # What came before is stored.
                    going_on.set()
                    assert seen.wait(60)
                yield str(number), 1

        writer = threading.Thread(target=stash.dump_many, args=(items(),))
        writer.start()
        assert going_on.wait(60)
        with pytest.raises(TimeoutError):
            snapshot(stash, DictionaryStash[Any](), timeout=0.01)
        seen.set()
        writer.join()
        assert snapshot(stash, DictionaryStash[Any]()).count == many


def test_killed_writer(tmp_path: Path, start_python: StartPython) -> None:
    """One that dies within a batch keeps nobody waiting, nor does one that dies
    taking a snapshot.
    """
    url = f"dir://{tmp_path}/data"
    stash = open_stash(url)
    stash["a"] = 1
    for what in "stash.batch()", "stash.frozen()":
        code = f"""
import sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
with {what}:
    print("in", flush=True)
    sys.stdin.read()
"""
        with start_python(code, url) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "in\n"
            child.kill()
        stash.dump_many([("b", 2)])
        assert snapshot(stash, DictionaryStash[Any](), timeout=60).count == 2


def test_snapshot_in_a_batch() -> None:
    """Of the thread that is in it."""
    stash = DictionaryStash[Any]()
    with stash.batch():
        stash["a"] = 1
        taken = snapshot(stash, DictionaryStash[Any]())
        with stash.batch():
            stash.dump_many([("b", 2)])
    assert taken.count == 1
    assert dict(stash) == {"a": 1, "b": 2}
