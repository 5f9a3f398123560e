from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import zensols.persist.domain
from zensols.persist.domain import (
    CacheFactoryStash,
    DelegateStash,
    FactoryStash,
    Primeable,
    ReadOnlyStash,
    Stash,
)
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash

ROOT = Path(zensols.persist.domain.__file__).parents[3]


@dataclass
class Squares(ReadOnlyStash[Any]):
    """Creates the squares of 0 to 9, and None for ``none``."""

    created: list[str] = field(default_factory=list)

    def load(self, name: str) -> Any:
        if not self.exists(name):
            return None
        self.created.append(name)
        return None if name == "none" else int(name) ** 2

    def exists(self, name: str) -> bool:
        return name in set(self.keys())

    def keys(self) -> Iterable[str]:
        yield from map(str, range(10))
        yield "none"


def make(**kwargs: Any) -> FactoryStash[Any]:
    return FactoryStash(DictionaryStash(), Squares(), **kwargs)


def test_creates_once() -> None:
    stash = make()
    assert [stash.load("3"), stash.get("3"), stash["3"]] == [9, 9, 9]
    assert stash.factory.created == ["3"]
    assert stash.delegate["3"] == 9


def test_get_and_item_create() -> None:
    assert make().get("3", 1) == 9
    assert make()["3"] == 9


def test_stored_value_is_preferred() -> None:
    stash = make()
    stash["3"] = "mine"
    assert stash["3"] == "mine"
    assert stash.factory.created == []


def test_f_keys_are_all_before_and_after_the_first_load() -> None:
    stash = make()
    before = list(stash.keys())
    assert stash["3"] == 9
    assert list(stash.keys()) == before == [*map(str, range(10)), "none"]
    assert stash.keys() == set(before)
    assert len(stash) == 11


def test_keys_of_the_delegate_alone_are_listed_too() -> None:
    stash = make()
    stash["mine"] = 1
    assert list(stash.keys())[-1] == "mine"
    assert stash["mine"] == 1
    assert "mine" in stash


def test_f_exists_agrees_with_keys() -> None:
    stash = make()
    assert all(stash.exists(key) for key in stash.keys())
    assert "3" in stash
    assert "11" not in stash
    assert stash.factory.created == []


@pytest.mark.parametrize("enable_preemptive", [True, False])
def test_has_data(enable_preemptive: bool) -> None:
    stash = make(enable_preemptive=enable_preemptive)
    assert not stash.has_data
    assert stash["3"] == 9
    assert stash.has_data is enable_preemptive
    assert len(stash) == 11


def test_f_none_is_created_once() -> None:
    stash = make()
    assert [stash.load("none"), stash.get("none", 1), stash["none"]] == [None] * 3
    assert stash.factory.created == ["none"]
    assert stash.delegate.exists("none")


def test_none_is_not_stored_if_told_so() -> None:
    stash = make(dump_factory_nones=False)
    assert stash["none"] is None
    assert stash.get("none", 1) is None
    assert stash.factory.created == ["none", "none"]
    assert not stash.delegate.exists("none")


def test_absent_key() -> None:
    stash = make()
    assert stash.load("11") is None
    assert stash.get("11", MISSING) is MISSING
    with pytest.raises(KeyError, match="11"):
        stash["11"]
    assert dict(stash.delegate) == {}


def test_f_none_for_a_key_that_the_factory_lacks_is_not_stored() -> None:
    stash = make()
    assert stash.load("11") is None
    assert "11" not in stash
    assert not stash.delegate.exists("11")


def test_iterating_creates_one_value_at_a_time() -> None:
    stash = make()
    items = iter(stash)
    assert next(items) == ("0", 0)
    assert next(items) == ("1", 1)
    assert stash.factory.created == ["0", "1"]
    values = stash.values()
    assert [next(values) for _ in range(3)] == [0, 1, 4]
    assert stash.factory.created == ["0", "1", "2"]


def test_clear_spares_a_read_only_factory() -> None:
    stash = make()
    stash.factory.strict = True
    assert stash["3"] == 9
    stash.clear()
    assert dict(stash.delegate) == {}
    assert len(stash) == 11


@pytest.mark.parametrize("force", [True, False])
def test_clear_of_the_factory(force: bool) -> None:
    class Clearable(Squares):
        cleared = False

        def clear(self) -> None:
            self.cleared = True

    stash = FactoryStash(DictionaryStash(), Clearable(), force_clear_factory=force)
    stash.clear()
    assert stash.factory.cleared is force
    writable = FactoryStash(DictionaryStash(), DictionaryStash({"a": 1}))
    assert writable["a"] == 1
    writable.clear()
    assert dict(writable) == {}


class FailingError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


class Failing(Squares):
    def load(self, name: str) -> Any:
        raise FailingError(int(name))


def test_f_exceptions_are_the_original_and_note_the_key() -> None:
    stash = FactoryStash(DictionaryStash(), Failing())
    for read in (stash.load, stash.get, stash.__getitem__):
        with pytest.raises(FailingError, match=r"^code 7\b") as e:
            read("7")
        assert e.value.args == ("code 7",)
        assert e.value.code == 7
        assert e.value.__notes__ == ["while creating the value of key '7'"]
    assert dict(stash.delegate) == {}
    with pytest.raises(FailingError) as e:
        list(stash.values())
    assert e.value.code == 0


def test_clients_add_fields() -> None:
    @dataclass
    class Features(FactoryStash[Any], Primeable):
        scale: int = 1
        primed: int = 0

        def __post_init__(self) -> None:
            super().__post_init__()
            self.label = f"x{self.scale}"

        def prime(self) -> None:
            super().prime()
            self.primed += 1

    stash = Features(DictionaryStash(), Squares(), False, True, False, 3)
    assert (stash.enable_preemptive, stash.scale, stash.label) == (False, 3, "x3")
    stash.prime()
    assert stash.primed == 1


def test_field_order() -> None:
    stash = FactoryStash(DictionaryStash(), Squares(), False, False, True)
    assert not stash.enable_preemptive
    assert not stash.dump_factory_nones
    assert stash.force_clear_factory
    assert stash.once
    with pytest.raises(TypeError, match="positional"):
        FactoryStash(DictionaryStash(), Squares(), False, False, True, False)


@pytest.mark.parametrize("delegate_attr", [True, False])
def test_pickles_and_copies(delegate_attr: bool) -> None:
    stash = make()
    stash.delegate_attr = delegate_attr
    assert stash["3"] == 9
    for other in (
        pickle.loads(pickle.dumps(stash)),
        copy.deepcopy(stash),
        copy.copy(stash),
    ):
        assert other == stash
        assert other["3"] == 9
        assert other["4"] == 16
        assert hasattr(other, "data") is delegate_attr


class Counting(Squares):
    """Creates while all other threads are about to ask for the same value."""

    def __init__(self, asking: threading.Barrier) -> None:
        super().__init__()
        self.asking = asking
        self.inside = threading.Lock()
        self.count: Counter[str] = Counter()

    def load(self, name: str) -> Any:
        with self.inside:
            self.count[name] += 1
        return super().load(name)


def run_threads(number: int, target: Any) -> None:
    threads = [threading.Thread(target=target, args=(i,)) for i in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_create_each_value_once() -> None:
    start = threading.Barrier(8)
    factory = Counting(start)
    stash = FactoryStash(DictionaryStash(), factory)
    found: list[list[int]] = []

    def read(_: int) -> None:
        values = []
        for key in map(str, range(10)):
            start.wait()
            values.append(stash[key])
        found.append(values)

    run_threads(8, read)
    assert found == [[i**2 for i in range(10)]] * 8
    assert factory.count == dict.fromkeys(map(str, range(10)), 1)


def test_others_wait_while_one_creates() -> None:
    creating, go_on = threading.Event(), threading.Event()
    log: list[str] = []

    class Slow(Squares):
        def load(self, name: str) -> Any:
            creating.set()
            go_on.wait(60)
            log.append("created")
            return super().load(name)

    stash = FactoryStash(DictionaryStash(), Slow())
    first = threading.Thread(target=stash.load, args=("3",))
    first.start()
    assert creating.wait(60)
    second = threading.Thread(target=lambda: log.append(f"read {stash['3']}"))
    second.start()
    with pytest.raises(TimeoutError, match="'3'"), stash.lock("3", timeout=0):
        pass
    go_on.set()
    first.join()
    second.join()
    assert log == ["created", "read 9"]


def test_threads_create_different_values_at_once() -> None:
    meeting = threading.Barrier(4, timeout=60)

    class Meeting(Squares):
        def load(self, name: str) -> Any:
            meeting.wait()
            return super().load(name)

    stash = FactoryStash(DictionaryStash(), Meeting())
    run_threads(4, lambda i: stash.load(str(i)))
    assert dict(stash.delegate) == {str(i): i**2 for i in range(4)}


def test_without_once_threads_create_one_value_at_once() -> None:
    meeting = threading.Barrier(2, timeout=60)

    class Meeting(Squares):
        def load(self, name: str) -> Any:
            meeting.wait()
            return super().load(name)

    stash = FactoryStash(DictionaryStash(), Meeting(), once=False)
    run_threads(2, lambda _: stash.load("3"))
    assert stash.factory.created == ["3", "3"]


def test_failure_lets_the_next_one_try() -> None:
    start = threading.Barrier(4)
    failed = []

    class FailingOnce(Squares):
        def load(self, name: str) -> Any:
            value = super().load(name)
            if len(self.created) == 1:
                raise FailingError(1)
            return value

    stash = FactoryStash(DictionaryStash(), FailingOnce())

    def read(_: int) -> None:
        start.wait()
        try:
            assert stash["3"] == 9
        except FailingError:
            failed.append(1)

    run_threads(4, read)
    assert failed == [1]
    assert stash.factory.created == ["3", "3"]


def test_factory_may_read_the_stash() -> None:
    class Fibonacci(ReadOnlyStash[int]):
        stash: Stash[int]

        def load(self, name: str) -> int:
            n = int(name)
            return n if n < 2 else self.stash[str(n - 1)] + self.stash[str(n - 2)]

        def keys(self) -> Iterable[str]:
            return map(str, range(30))

    factory = Fibonacci()
    factory.stash = stash = FactoryStash(DictionaryStash(), factory)
    assert stash["29"] == 514229


CHILD = """
import sys
from pathlib import Path
from zensols.persist.domain import FactoryStash, ReadOnlyStash
from zensols.persist.stash import DirectoryStash

folder = Path(sys.argv[1])

class Factory(ReadOnlyStash):
    def load(self, name):
        with open(folder / "log.txt", "a") as f:
            f.write(name + "\\n")
        return int(name) ** 2
    def keys(self):
        return map(str, range(50))

stash = FactoryStash(DirectoryStash(folder / "data"), Factory())
print("ready", flush=True)
sys.stdin.readline()
assert dict(stash) == {str(i): i ** 2 for i in range(50)}
"""


def test_processes_create_each_value_once(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    created = (tmp_path / "log.txt").read_text().split()
    assert sorted(created, key=int) == list(map(str, range(50)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "log.txt"]


def make_cache(delegate: Stash[Any], **kwargs: Any) -> CacheFactoryStash[Any]:
    return CacheFactoryStash(delegate, Squares(), **kwargs)


def test_cache_factory_has_the_keys_of_the_factory() -> None:
    stash = make_cache(DictionaryStash({"old": 1, "3": "cached"}))
    assert list(stash.keys()) == [*map(str, range(10)), "none"]
    assert "old" not in stash
    assert "4" in stash
    assert stash["3"] == "cached"
    assert stash["4"] == 16
    assert stash.delegate["4"] == 16
    assert stash.factory.created == ["4"]


def test_cache_factory_does_not_store_none() -> None:
    stash = make_cache(DictionaryStash())
    assert stash["none"] is None
    assert not stash.delegate.exists("none")
    assert not stash.dump_factory_nones
    other = make_cache(DictionaryStash(), dump_factory_nones=True)
    assert other["none"] is None
    assert other.delegate.exists("none")


def test_delegates_may_be_stacked() -> None:
    inner = make()
    outer = FactoryStash(DelegateStash(DictionaryStash()), inner)
    assert outer["3"] == 9
    assert outer["3"] == 9
    assert inner.factory.created == ["3"]
