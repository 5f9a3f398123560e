from __future__ import annotations

import importlib
import math
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from zensols.persist.codec import SignedPickleCodec, dump_file, load_file
from zensols.persist.codec.entry import DILL, Header
from zensols.persist.codec.pickling import dumps, dumps_whole, loads, loads_whole
from zensols.persist.error import ClassNotFoundError, PersistableError

OFFSET = 3


def uses_dill(codec: SignedPickleCodec, value: Any) -> bool:
    data = bytes(codec.encode(value))
    return bool(Header(data, len(data), "").flags & DILL)


def round_trip(codec: SignedPickleCodec, value: Any) -> Any:
    return codec.decode(bytes(codec.encode(value)))


def named(x: int) -> int:
    return x + OFFSET


def test_plain_values_need_no_dill(codec: SignedPickleCodec) -> None:
    for value in (None, [1], {"a": SimpleNamespace(b=(1,))}, named, math.sin, Path):
        assert not uses_dill(codec, value)


def test_functions(codec: SignedPickleCodec) -> None:
    factor = 5

    def local(x: int) -> int:
        return x * factor + OFFSET

    for function in (local, lambda x: x * factor + OFFSET):
        assert uses_dill(codec, function)
        assert round_trip(codec, {"f": function})["f"](2) == 13


def test_recursive_functions(codec: SignedPickleCodec) -> None:
    def factorial(n: int) -> int:
        return 1 if n == 0 else n * factorial(n - 1)

    assert uses_dill(codec, factorial)
    assert round_trip(codec, [factorial])[0](5) == 120


def test_functions_that_call_each_other(codec: SignedPickleCodec) -> None:
    def is_even(n: int) -> bool:
        return n == 0 or is_odd(n - 1)

    def is_odd(n: int) -> bool:
        return n != 0 and is_even(n - 1)

    numpy = pytest.importorskip("numpy")
    found = round_trip(codec, {"f": is_even, "a": numpy.arange(10_000)})
    assert found["f"](10)
    assert not found["f"](11)
    assert (found["a"] == numpy.arange(10_000)).all()


def test_local_classes(codec: SignedPickleCodec) -> None:
    class Base:
        def __init__(self, x: int) -> None:
            self.x = x

        def plus(self) -> int:
            return self.x + OFFSET

    class Derived(Base):
        def plus(self) -> int:
            return super().plus() + 1

    assert uses_dill(codec, Derived(1))
    found = round_trip(codec, [Derived(1), Derived(2)])
    assert [one.plus() for one in found] == [5, 6]
    assert type(found[0]) is type(found[1])


def test_modules(codec: SignedPickleCodec) -> None:
    assert uses_dill(codec, math)
    assert round_trip(codec, {"m": math})["m"] is math


def test_made_up_modules(codec: SignedPickleCodec) -> None:
    """Which would be stored by name, and found by nobody."""
    with pytest.raises(PersistableError, match=r"value\['m'\]: <module 'made_up'>"):
        codec.encode({"m": ModuleType("made_up")})


def test_identity_is_kept(codec: SignedPickleCodec) -> None:
    shared = [1]
    ring: dict[str, Any] = {"a": shared, "b": shared, "f": lambda: shared}
    ring["ring"] = ring
    found = round_trip(codec, ring)
    assert found["a"] is found["b"]
    assert found["ring"] is found


def test_classes_of_main_stay_themselves(run_python: Callable[..., str]) -> None:
    """An instance beside a lambda is still one of the program's class."""
    found = run_python(
        """
from dataclasses import dataclass
from zensols.persist.codec import SignedPickleCodec

@dataclass
class Point:
    x: int
    class Inner:
        pass

def helper():
    return Point(2)

codec = SignedPickleCodec("42" * 32)
def copy(value):
    return codec.decode(bytes(codec.encode(value)))
assert copy(Point(1)) == Point(1)
assert copy([Point(1), lambda: 1])[0] == Point(1)
assert type(copy([Point.Inner(), lambda: 1])[0]) is Point.Inner
assert copy([Point, lambda: 1])[0] is Point
assert copy(lambda: helper())() == Point(2)
print("done")
"""
    )
    assert found == "done"


def test_lambdas_of_another_program(
    run_python: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "entry"
    run_python(
        """
import sys
from zensols.persist.codec import SignedPickleCodec, dump_file
OFFSET = 4
def helper(x):
    return x + OFFSET
dump_file(SignedPickleCodec("42" * 32), {"f": lambda x: helper(x)}, sys.argv[1])
""",
        path,
    )
    assert load_file(SignedPickleCodec("42" * 32), str(path))["f"](1) == 5


@pytest.mark.parametrize("name", ["Gone", "make"])
def test_module_is_gone(
    name: str,
    codec: SignedPickleCodec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = tmp_path / f"module_of_{name}.py"
    source.write_text("class Gone: pass\ndef make(): pass")
    module = importlib.import_module(f"module_of_{name}")
    value = module.make if name == "make" else module.Gone()
    path = str(tmp_path / "entry")
    dump_file(codec, [value], path)
    load_file(codec, path)
    delattr(module, name)
    with pytest.raises(ClassNotFoundError, match=name) as error:
        load_file(codec, path)
    assert path in str(error.value)
    del sys.modules[f"module_of_{name}"]
    source.unlink()
    importlib.invalidate_caches()
    with pytest.raises(ClassNotFoundError, match=f"module_of_{name}") as error:
        load_file(codec, path)
    assert path in str(error.value)
    assert isinstance(error.value.__cause__, ImportError)


def test_module_of_a_dill_pickle_is_gone(
    codec: SignedPickleCodec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lost_module.py").write_text("class Lost: pass")
    import lost_module  # type: ignore[import-not-found]

    data = bytes(codec.encode([lost_module.Lost(), lambda: 1]))
    del sys.modules["lost_module"]
    (tmp_path / "lost_module.py").unlink()
    importlib.invalidate_caches()
    with pytest.raises(ClassNotFoundError, match="lost_module"):
        codec.decode(data)


class Unreadable:
    def __setstate__(self, state: Any) -> None:
        raise state["error"]


@pytest.mark.parametrize(
    "error", [ValueError("no"), AttributeError("no"), KeyError("no")]
)
def test_values_that_cannot_be_restored(
    error: Exception, codec: SignedPickleCodec
) -> None:
    value = Unreadable()
    value.__dict__["error"] = error
    data = bytes(codec.encode(value))
    with pytest.raises(PersistableError, match=r"value in here: .*no") as found:
        codec.decode(data, source="here")
    assert type(found.value) is PersistableError
    assert type(found.value.__cause__) is type(error)


def test_memory_errors_pass() -> None:
    class Huge:
        def __reduce__(self) -> Any:
            raise MemoryError

    for dump in (dumps, dumps_whole):
        with pytest.raises(MemoryError):
            dump(Huge())


def test_interrupts_pass() -> None:
    class Slow:
        def __reduce__(self) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dumps(Slow())


def test_large_buffers_are_kept_apart() -> None:
    small, large = bytearray(1 << 13), bytearray(1 << 14)
    value = [pickle.PickleBuffer(small), pickle.PickleBuffer(large)]
    data, buffers, used_dill = dumps(value)
    assert [b.nbytes for b in buffers] == [1 << 14]
    assert not used_dill
    assert 1 << 13 < len(data) < 1 << 14
    assert loads(memoryview(data), buffers) == [small, large]


def test_buffers_beside_what_takes_dill() -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(10_000)
    data, buffers, used_dill = dumps([array, lambda: 1])
    assert used_dill
    assert len(buffers) == 1
    found = loads(memoryview(data), buffers, flags=DILL)
    assert (found[0] == array).all()


def test_whole_pickles_have_their_buffers_inside() -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(10_000)
    for value in ([array, 1], [array, lambda: 1]):
        assert (loads_whole(dumps_whole(value))[0] == array).all()


def test_pickles_that_dill_itself_wrote(
    run_python: Callable[..., str], tmp_path: Path
) -> None:
    """Whose functions refer to the globals of the program that reads them."""
    path = tmp_path / "bare"
    run_python(
        """
import pathlib, sys, dill
pathlib.Path(sys.argv[1]).write_bytes(dill.dumps([lambda: here]))
""",
        path,
    )
    found = run_python(
        """
import pathlib, sys
from zensols.persist.codec.pickling import loads_whole
here = "here"
print(loads_whole(pathlib.Path(sys.argv[1]).read_bytes())[0]())
""",
        path,
    )
    assert found == "here"
