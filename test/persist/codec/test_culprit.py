"""The paths to what can't be stored, through all that can hold it."""

from __future__ import annotations

import functools
import socket
import sys
import threading
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zensols.persist.codec import SignedPickleCodec
from zensols.persist.codec.culprit import find_culprit, shorten, show
from zensols.persist.error import PersistableError

LOCK = threading.Lock()
Pair = namedtuple("Pair", "left right")  # noqa: PYI024  a plain one


@dataclass
class Layer:
    size: int
    activation: Any


@dataclass(slots=True)
class Slotted:
    size: int
    activation: Any


class Slots:
    __slots__ = ("_inner", "unset")

    def __init__(self, inner: Any) -> None:
        self._inner = inner


class Copied:
    """Hands out a copy of its state."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "more": 1}

    def method(self) -> None:
        pass


class Listed(list[Any]):
    pass


class Named(dict[str, Any]):
    pass


class Reduced:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __reduce__(self) -> Any:
        return Reduced, (self.inner,)


def close_over(inner: Any) -> Callable[[], Any]:
    return lambda: inner


def in_ring() -> list[Any]:
    ring: list[Any] = [0]
    ring += [ring, {"ring": ring, "lock": LOCK}]
    return ring


def with_attribute(value: Any) -> Any:
    value.extra = LOCK
    return value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (LOCK, ""),
        ({"layers": [0, 1, 2, Layer(3, LOCK)]}, "['layers'][3].activation"),
        (SimpleNamespace(a=SimpleNamespace(b=LOCK)), ".a.b"),
        ([Slotted(1, LOCK)], "[0].activation"),
        ([Slots({1: LOCK})], "[0]._inner[1]"),
        ((1, (2, (3, LOCK))), "[1][1][1]"),
        ([Pair(1, LOCK)], "[0].right"),
        ({LOCK}, ".{@}"),
        ([frozenset([(1, LOCK)])], "[0].{(1, @)}[1]"),
        (close_over(LOCK), ".<closure 'inner'>"),
        ([close_over([LOCK])], "[0].<closure 'inner'>[0]"),
        ([lambda x=LOCK: x], "[0].__defaults__[0]"),
        ([lambda *, x=LOCK: x], "[0].__kwdefaults__['x']"),
        ([lambda: LOCK], "[0].<global 'LOCK'>"),
        ({LOCK: 1}, ".keys()"),
        ({(1, (2, LOCK)): 1}, ".keys()[1][1]"),
        ({1: {(1, LOCK): 1}}, "[1].keys()[1]"),
        ([Copied(LOCK)], "[0].inner"),
        ([Copied([LOCK]).method], "[0].__self__.inner[0]"),
        ([Reduced([0, LOCK])], "[0].inner[1]"),
        (Listed([0, LOCK]), "[1]"),
        (with_attribute(Listed([0])), ".extra"),
        (Named(a=[LOCK]), "['a'][0]"),
        (OrderedDict(a=1, b=LOCK), "['b']"),
        (defaultdict(list, {"a": LOCK}), "['a']"),
        (deque([1, [LOCK]]), "[1][0]"),
        (functools.partial(print, LOCK), ".args[0]"),
        ([functools.partial(print, end=LOCK)], "[0].keywords['end']"),
        (in_ring(), "[2]['lock']"),
        ({"a'b": [LOCK]}, '["a\'b"][0]'),
    ],
)
def test_paths(value: Any, path: str, codec: SignedPickleCodec) -> None:
    with pytest.raises(PersistableError) as error:
        codec.encode(value)
    path = path.replace("@", repr(LOCK))
    assert str(error.value).startswith(f"Can't store value{path}: {LOCK!r}: ")
    assert "__getstate__" in str(error.value)


def test_object_arrays(codec: SignedPickleCodec) -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.array([[1, 2], [LOCK, 4]], dtype=object)
    with pytest.raises(PersistableError, match=r"value\['a'\]\.flat\[2\]: <unlocked"):
        codec.encode({"a": array})


def test_local_classes(codec: SignedPickleCodec) -> None:
    class Local:
        shared = LOCK

    with pytest.raises(PersistableError, match=r"value\[0\].*shared: <unlocked"):
        codec.encode([Local()])


def test_made_while_pickling(codec: SignedPickleCodec) -> None:
    """The path leads as far as the user's objects go."""

    class Making:
        def __reduce__(self) -> Any:
            return list, ([threading.Lock()],)

    with pytest.raises(PersistableError, match=r"value\['x'\]\[0\]: <unlocked"):
        codec.encode({"x": [Making()]})


class Unwilling:
    def __repr__(self) -> str:
        raise ValueError

    def __reduce__(self) -> Any:
        raise RuntimeError("not me")


def test_refusing_objects(codec: SignedPickleCodec) -> None:
    with pytest.raises(PersistableError) as error:
        codec.encode([1, Unwilling()])
    assert "value[1]: <Unwilling object>: not me" in str(error.value)
    assert isinstance(error.value.__cause__, RuntimeError)


def test_live_objects(codec: SignedPickleCodec, tmp_path: Path) -> None:
    async def coroutine() -> None:
        pass

    def generator() -> Iterator[int]:
        yield 1

    with (
        closing(coroutine()) as awaited,
        (tmp_path / "file").open("w") as text,
        (tmp_path / "file").open("rb") as binary,
        socket.socket() as connection,
    ):
        for value in (
            threading.Lock(),
            threading.RLock(),
            threading.Thread(),
            threading.Event(),
            threading.Condition(),
            threading.local(),
            text,
            binary,
            connection,
            generator(),
            awaited,
            sys.stdout,
            memoryview(b""),
        ):
            with pytest.raises(PersistableError) as error:
                codec.encode({"a": [value]})
            assert "Can't store value['a'][0]: " in str(error.value)
            assert show(value) in str(error.value)


def test_frames(codec: SignedPickleCodec) -> None:
    with pytest.raises(PersistableError, match=r"value\[0\]: <frame"):
        codec.encode([sys._getframe()])


def test_subclasses_of_live_classes(codec: SignedPickleCodec) -> None:
    class Worker(threading.Thread):
        pass

    with pytest.raises(PersistableError, match=r"value\[0\]: <Worker"):
        codec.encode([Worker()])


def test_too_deep(codec: SignedPickleCodec) -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(PersistableError, match="nested too deeply") as error:
        codec.encode(value)
    assert str(error.value).startswith("Can't store value[0][0]")
    assert len(str(error.value)) < 500


def test_long_texts_are_cut() -> None:
    assert len(show("x" * 1000)) == 201
    assert show([1]) == "[1]"
    assert shorten(["[0]"] * 3) == "value[0][0][0]"
    assert shorten([f"[{i}]" for i in range(1000)]).count("[") == 24


def test_attributes_are_not_computed() -> None:
    class Computing:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

        @property
        def computed(self) -> Any:
            raise AssertionError

    value = Computing()
    value.__dict__["inner"] = LOCK
    assert find_culprit([value, LOCK]) == "value.inner"
