from __future__ import annotations

import functools
import gc
import inspect
import logging
import os
import subprocess
import sys
import threading
import types
import warnings
import weakref
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation import PersistedWork, persisted
from zensols.persist.codec import (
    JsonCodec,
    default_codec,
    dump_file,
    file_info,
    load_file,
)
from zensols.persist.error import LockTimeoutError, PersistableError
from zensols.persist.stash import DictionaryStash, DirectoryStash


class Counting:
    def __init__(self, n: int = 1) -> None:
        self.n = n
        self.calls = 0

    def compute(self) -> list[int]:
        self.calls += 1
        return [self.n]

    @property
    @persisted("_prop")
    def prop(self) -> list[int]:
        """A property."""
        return self.compute()

    @persisted("_method")
    def method(self) -> list[int]:
        """A method."""
        return self.compute()

    @persisted()
    def named(self) -> list[int]:
        return self.compute()

    @persisted
    def bare(self) -> list[int]:
        return self.compute()

    @persisted("_none")
    def none(self) -> None:
        self.compute()

    @persisted("_args")
    def args(self, a: int = 1, *rest: int, b: int = 2, **others: int) -> Any:
        return a, rest, b, others


def test_property() -> None:
    owner: Any = Counting()
    value = owner.prop
    owner.n = 2
    assert owner.prop is value
    assert isinstance(owner._prop, PersistedWork)
    owner._prop.clear()
    assert owner.prop == [2]
    assert owner.calls == 2


def test_method() -> None:
    owner: Any = Counting()
    assert owner.method() is owner.method()
    assert owner.calls == 1
    assert Counting(5).method() == [5]


@pytest.mark.parametrize("name", ["named", "bare"])
def test_without_name(name: str) -> None:
    owner: Any = Counting()
    assert getattr(owner, name)() is getattr(owner, name)()
    assert isinstance(getattr(owner, f"_{name}_pw"), PersistedWork)
    assert owner.calls == 1


def test_f_none_is_kept() -> None:
    owner = Counting()
    owner.none()
    owner.none()
    assert owner.calls == 1


def test_arguments() -> None:
    owner = Counting()
    assert owner.args(5, 6, b=7, c=8) == (5, (6,), 7, {"c": 8})
    assert owner.args() == (5, (6,), 7, {"c": 8})
    assert owner.args(1, 2, 3, x=4) == (5, (6,), 7, {"c": 8})
    with pytest.raises(TypeError):
        owner.method(1)  # type: ignore[call-arg]


def test_f_wraps() -> None:
    for name in ("method", "bare", "args"):
        function = getattr(Counting, name)
        assert function.__name__ == name
        assert function.__qualname__ == f"Counting.{name}"
        assert function.__module__ == __name__
        wrapped = function.__wrapped__
        assert function.__doc__ == wrapped.__doc__
        assert function.__annotations__ == wrapped.__annotations__ != {}
        assert inspect.signature(function) == inspect.signature(wrapped)
    assert Counting.method.__doc__ == "A method."
    assert Counting.prop.__doc__ == "A property."


def test_lambda_and_method_type() -> None:
    class Empty:
        n = 3

    owner: Any = Empty()
    function = persisted("_x")(lambda self, m=1: [self.n * m])
    owner.f = types.MethodType(function, owner)
    assert owner.f() is owner.f()
    assert owner.f(7) == [3]
    assert persisted("_y")(lambda self: self.n)(owner) == 3
    assert owner._y.is_set()


def test_property_of_a_bound_method() -> None:
    class Helper:
        def get(self, owner: Any) -> list[int]:
            return [owner.n]

    class Owner:
        n = 3
        x = property(persisted("_x")(Helper().get))

    owner = Owner()
    assert owner.x == [3]
    assert owner.x is owner.x


def test_other_callables() -> None:
    class Owner:
        n = 3
        x = persisted("_x")(functools.partial(lambda a, self=None: [a], 5))
        y = property(persisted("_y")(functools.partial(lambda a, self: [a, self.n], 5)))

    owner = Owner()
    assert owner.y == [5, 3]
    assert owner.y is owner.y


def test_work_made_in_the_constructor_decides(in_tmp: Path) -> None:
    class Owner:
        def __init__(self) -> None:
            self._x = PersistedWork(Path("x.dat"), self, transient=True)

        @persisted("_x", path="other.dat")
        def x(self) -> int:
            return 3

    owner = Owner()
    assert owner.x() == 3
    assert owner._x.transient
    assert os.listdir() == ["x.dat"]


def test_work_is_called_before_the_method() -> None:
    class Owner:
        n = 3

        def __init__(self) -> None:
            self._x = PersistedWork("_x", self)
            self._y = PersistedWork("_y", self)

        @persisted("_x")
        def x(self) -> list[int]:
            return [self.n]

        @property
        @persisted("_y")
        def y(self) -> list[int]:
            return [self.n]

    owner = Owner()
    value = owner._x()
    assert owner.x() is value
    owner._x.clear()
    owner.n = 4
    assert owner._x() == [4]
    assert owner._y(owner) == [4]
    owner._y.clear()
    assert owner.y == [4]


@pytest.mark.parametrize("path", ["x.dat", Path("x.dat")])
def test_path(in_tmp: Path, path: Any) -> None:
    class Owner:
        @persisted("_x", path=path)
        def x(self) -> int:
            return 3

    Owner().x()
    assert os.listdir() == ["x.dat"]


def test_options() -> None:
    class Owner:
        @persisted("_x", "a/x.dat", True, True, True, True, True, True)
        def x(self) -> int:
            return 3

        @persisted("_y")
        def y(self) -> int:
            return 3

    from zensols.persist.annotation.definition import definition_of
    from zensols.persist.annotation.lookup import work_of

    owner: Any = Owner()
    owner.y()
    assert definition_of(owner, owner._y) is not None
    hook = Owner.__dict__["__persisted_methods__"]
    work = work_of(owner, hook.definitions["_x"])
    options = [
        work.use_disk,
        work.cache_global,
        work.transient,
        work.mkdir,
        work.deallocate_recursive,
        work.recover_empty,
    ]
    assert options == [True] * 6
    assert work.path == Path("a/x.dat")


def test_cache_global() -> None:
    class Owner:
        def __init__(self, n: int) -> None:
            self.n = n

        @persisted("_x", cache_global=True)
        def x(self) -> list[int]:
            return [self.n]

    first, second = Owner(1), Owner(2)
    assert first.x() is second.x()
    first._x.clear_global()  # type: ignore[attr-defined]
    assert (second.x(), first.x()) == ([2], [2])


def test_work_of_the_same_attribute_in_another_method() -> None:
    class Owner:
        @persisted("_x")
        def inner(self) -> str:
            return "inner"

        @persisted("_x")
        def outer(self) -> str:
            return f"outer of {self.inner()}"

    owner = Owner()
    assert owner.outer() == "outer of inner"
    assert owner.inner() == "outer of inner"


def test_f_overriding_method_calls_the_overridden_one(in_tmp: Path) -> None:
    class Base:
        @property
        @persisted("_x", path="x.dat")
        def x(self) -> list[str]:
            return ["base"]

    class Sub(Base):
        @property
        @persisted("_x", path="x.dat", version=2)
        def x(self) -> list[str]:
            return [*super().x, "sub"]

    sub: Any = Sub()
    assert sub.x == ["base", "sub"]
    assert sub.x == ["base", "sub"]
    assert load_file(default_codec(), "x.dat") == ["base", "sub"]
    fingerprint = file_info("x.dat").fingerprint
    assert fingerprint != ""
    other = Sub()
    assert other.x == ["base", "sub"]
    assert sub._x._fingerprint == fingerprint
    assert os.listdir() == ["x.dat"]


def test_f_own_name() -> None:
    with pytest.raises(PersistableError, match="name it '_x'"):

        class Owner:
            @persisted("x")
            def x(self) -> int:
                return 1


def test_wrong_order() -> None:
    with pytest.raises(PersistableError, match="under @property"):

        class First:
            @persisted("_x")  # type: ignore[type-var]
            @property
            def x(self) -> int:
                return 1

    with pytest.raises(PersistableError, match="under @property"):

        class Second:
            @persisted  # type: ignore[call-overload]
            @property
            def x(self) -> int:
                return 1

    with pytest.raises(PersistableError, match="nor a name: 3"):
        persisted(3)(lambda self: 1)  # type: ignore[call-overload]
    with pytest.raises(PersistableError, match="give a name"):
        persisted(lambda self: 1)


def test_f_generators_are_refused() -> None:
    with pytest.raises(PersistableError, match=r"Owner\.x .*return a list or a tuple"):

        class Owner:
            @persisted("_x")
            def x(self) -> Iterator[int]:
                yield 1

    with pytest.raises(PersistableError, match="in a stash"):

        class AsyncOwner:
            @persisted
            async def x(self) -> AsyncIterator[int]:
                yield 1


def define_with_required() -> Any:
    class Owner:
        @persisted("_x")
        def x(self, a: int, b: int = 1, *, c: int, d: int = 2) -> int:
            return a + b + c + d

    return Owner


def define_bare_with_required() -> Any:
    class Owner:
        @persisted
        async def x(self, a: int) -> int:
            return a

    return Owner


@pytest.mark.parametrize(
    ("define", "names"),
    [(define_with_required, r"a, c"), (define_bare_with_required, "a")],
)
def test_required_arguments_warn(define: Any, names: str) -> None:
    with pytest.warns(
        UserWarning, match=rf"Owner\.x requires arguments \({names}\)"
    ) as w:
        define()
    assert w[0].filename == __file__
    assert w[0].lineno == define.__code__.co_firstlineno + 2


def test_method_with_required_arguments_works() -> None:
    with pytest.warns(UserWarning, match="requires arguments"):
        owner = define_with_required()()
    assert owner.x(1, c=3) == 7
    assert owner.x() == 7


def test_optional_arguments_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class Owner:
            @persisted
            def x(self, a: int = 1, *b: int, c: int = 2, **d: int) -> int:
                return a

            @persisted
            def y(self=None, a: int = 1) -> int:  # type: ignore[misc]
                return a

    assert Owner().x() == 1


def test_stash() -> None:
    stash: DictionaryStash[Any] = DictionaryStash()

    class Owner(Counting):
        @persisted("_x", stash=stash, key="k")
        def x(self) -> list[int]:
            return self.compute()

    owner: Any = Owner(1)
    value = owner.x()
    assert stash.data == {"k": [1]}
    assert owner.x() is value
    other: Any = Owner(2)
    assert other.x() == [1]
    assert (owner.calls, other.calls) == (1, 0)
    other._x.clear()
    assert stash.data == {}
    assert other.x() == [2]
    owner._x.deallocate()
    assert stash.data == {"k": [2]}


def test_stash_and_key_of_the_instance(tmp_path: Path) -> None:
    class Owner(Counting):
        @persisted(
            stash=lambda self: DirectoryStash(tmp_path / "s"),
            key=lambda self: str(self.n),
        )
        def x(self) -> list[int]:
            return self.compute()

    assert (Owner(1).x(), Owner(2).x()) == ([1], [2])
    again = Owner(2)
    assert again.x() == [2]
    assert again.calls == 0
    assert dict(DirectoryStash(tmp_path / "s")) == {"1": [1], "2": [2]}


def test_restored_work_still_knows_its_stash() -> None:
    import copy

    stash: DictionaryStash[Any] = DictionaryStash()

    class Owner(Counting):
        @persisted("_x", stash=stash, key="k")
        def x(self) -> list[int]:
            return self.compute()

    owner = Owner(1)
    owner.x()
    restored: Any = copy.deepcopy(owner)
    vars(restored._x).update(vars(owner._x))  # type: ignore[attr-defined]
    restored._x._definition = None
    restored._x.clear()
    assert stash.data == {}
    restored.n = 2
    assert restored.x() == [2]


@pytest.mark.parametrize(
    "options",
    [
        {"stash": DictionaryStash()},
        {"key": "k"},
        {"stash": DictionaryStash(), "key": "k", "path": "x.dat"},
    ],
)
def test_stash_options_that_do_not_go_together(options: Any) -> None:
    with pytest.raises(PersistableError, match="stash"):
        persisted("_x", **options)


def test_stash_and_work_with_a_file(in_tmp: Path) -> None:
    class Owner:
        def __init__(self) -> None:
            self._x = PersistedWork(Path("x.dat"), self)

        @persisted("_x", stash=DictionaryStash(), key="k")
        def x(self) -> int:
            return 1

    with pytest.raises(PersistableError, match="leave one out"):
        Owner().x()


def define(version: Any = None, depends_on: Any = ()) -> Any:
    class Owner(Counting):
        @persisted("_x", path="x.dat", version=version, depends_on=depends_on)
        def x(self) -> list[int]:
            return self.compute()

    return Owner


def test_version(in_tmp: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert define(1)(1).x() == [1]
    assert define(1)(2).x() == [1]
    with caplog.at_level(logging.INFO, "zensols.persist"):
        assert define(2)(3).x() == [3]
    assert "another version" in caplog.text
    assert define(2)(4).x() == [3]
    assert define()(5).x() == [3]


def test_depends_on(in_tmp: Path) -> None:
    def first() -> int:
        return 1

    def second() -> int:
        return 2

    assert define(depends_on=[first])(1).x() == [1]
    assert define(depends_on=[first])(2).x() == [1]
    assert define(depends_on=[second])(3).x() == [3]


def test_version_of_a_value_in_a_pickled_object(in_tmp: Path) -> None:
    owner = define(1)(1)
    owner.x()
    os.unlink("x.dat")
    for version, expected in ((1, [1]), (2, [5])):
        restored = define(version)(5)
        vars(restored).update(
            {
                n: v
                for n, v in vars(owner).items()
                if n.endswith("_pwvinst") or "_pwvinst_" in n
            }
        )
        assert restored.x() == expected


def test_version_of_a_global_value_in_a_pickled_object() -> None:
    import copy

    from zensols.persist.annotation import PersistableContainer

    def define(version: int) -> Any:
        class Owner(PersistableContainer):
            n = version

            @persisted("_x", cache_global=True, version=version)
            def x(self) -> list[int]:
                return [self.n]

        return Owner

    first, second = define(1), define(2)
    owner = first()
    owner.x()
    state = copy.deepcopy(owner.__getstate__())
    restored = first()
    restored.n = 5
    owner._x.clear()
    restored.__setstate__(state)
    assert restored.x() == [1]
    restored._x.clear()
    other = second()
    other.__setstate__(copy.deepcopy(state))
    assert other.x() == [2]


def test_inner_value_is_not_kept_if_the_outer_can_not_be_written(in_tmp: Path) -> None:
    class Base:
        @persisted("_x", path="x.dat")
        def x(self) -> Any:
            return "inner"

    class Sub(Base):
        @persisted("_x", path="x.dat")
        def x(self) -> Any:
            super().x()
            return threading.Lock()

    owner = Sub()
    for _ in range(2):
        with pytest.raises(PersistableError, match="lock"):
            owner.x()


def test_owner_that_keeps_attributes_elsewhere() -> None:
    class Module:
        """Keeps lists as torch modules keep modules."""

        def __init__(self) -> None:
            self.__dict__["lists"] = {}

        def __setattr__(self, name: str, value: Any) -> None:
            kept = self.lists if isinstance(value, list) else self.__dict__
            kept[name] = value

        def __getattr__(self, name: str) -> Any:
            try:
                return self.__dict__["lists"][name]
            except KeyError:
                raise AttributeError(name) from None

        def __delattr__(self, name: str) -> None:
            del (self.lists if name in self.lists else self.__dict__)[name]

        @property
        @persisted("_x")
        def x(self) -> list[int]:
            return [1]

    module: Any = Module()
    value = module.x
    assert module.lists == {module._x.varname: value}
    assert module.x is value
    module.lists[module._x.varname] = replaced = [2]
    assert module.x is replaced
    module._x.clear()
    assert module.lists == {}
    assert module.x == [1]


def test_codec(in_tmp: Path) -> None:
    class Owner:
        @persisted("_x", path="x.dat", codec=JsonCodec())
        def x(self) -> dict[str, int]:
            return {"a": 1}

    Owner().x()
    assert file_info("x.dat").codec == "json"
    assert Owner().x() == {"a": 1}


@pytest.mark.parametrize("cache_global", [False, True])
def test_f_threads_compute_once(cache_global: bool, computation: Any) -> None:
    class Owner:
        @property
        @persisted("_x", cache_global=cache_global)
        def x(self) -> object:
            return computation()

    owner = Owner()
    barrier = threading.Barrier(8)

    def read(_: int) -> object:
        barrier.wait(60)
        return (Owner() if cache_global else owner).x

    with ThreadPoolExecutor(8) as executor:
        found = list(executor.map(read, range(8)))
    assert len(set(map(id, found))) == 1
    assert computation.calls == 1


def test_lock_timeout_between_threads() -> None:
    running, go_on = threading.Event(), threading.Event()

    class Owner:
        @persisted("_x", lock_timeout=0.01)
        def x(self) -> int:
            running.set()
            assert go_on.wait(60)
            return 3

    owner = Owner()
    thread = threading.Thread(target=owner.x)
    thread.start()
    assert running.wait(60)
    with pytest.raises(LockTimeoutError, match=str(os.getpid())):
        owner.x()
    go_on.set()
    thread.join(60)
    assert owner.x() == 3


def test_lock_timeout_between_processes(in_tmp: Path, start_python: Any) -> None:
    code = """if True:
        import sys
        from zensols.persist.annotation import persisted
        class Owner:
            @persisted("_x", path="x.dat")
            def x(self):
                print("computing", flush=True)
                sys.stdin.readline()
                return 3
        print(Owner().x())
    """
    process = start_python(code)
    assert process.stdout.readline() == "computing\n"

    class Owner:
        @persisted("_x", path="x.dat", lock_timeout=0.05)
        def x(self) -> int:
            return 4

    with pytest.raises(LockTimeoutError, match=rf"process {process.pid}\b"):
        Owner().x()
    out, _ = process.communicate("go\n", timeout=120)
    assert out == "3\n"
    assert Owner().x() == 3
    assert os.listdir() == ["x.dat"]


def test_present_file_is_read_without_lock(in_tmp: Path) -> None:
    from zensols.persist.files import path_lock, work_lock_path

    dump_file(default_codec(), 3, "x.dat")
    results: list[int] = []
    with path_lock(work_lock_path("x.dat")):
        thread = threading.Thread(target=lambda: results.append(define()(1).x()))
        thread.start()
        thread.join(60)
    assert results == [3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forked_while_a_thread_computes(run_python: Any) -> None:
    code = """if True:
        import os, threading, warnings
        from zensols.persist.annotation import persisted
        warnings.simplefilter("ignore", DeprecationWarning)
        running, go_on = threading.Event(), threading.Event()
        class Owner:
            in_child = False
            @property
            @persisted("_x")
            def x(self):
                if not self.in_child:
                    running.set()
                    go_on.wait(60)
                return os.getpid()
        owner = Owner()
        thread = threading.Thread(target=lambda: owner.x)
        thread.start()
        running.wait(60)
        child = os.fork()
        if child == 0:
            owner.in_child = True
            os._exit(7 if owner.x == os.getpid() else 1)
        _, status = os.waitpid(child, 0)
        go_on.set()
        thread.join()
        print(os.waitstatus_to_exitcode(status), owner.x == os.getpid())
    """
    assert run_python(code) == "7 True\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forked_child_waits_for_the_file_that_a_thread_computes(
    tmp_path: Path, run_python: Any
) -> None:
    code = """if True:
        import os, threading, warnings
        from zensols.persist.annotation import persisted
        warnings.simplefilter("ignore", DeprecationWarning)
        running, go_on = threading.Event(), threading.Event()
        class Owner:
            @property
            @persisted("_x", path="x.dat")
            def x(self):
                running.set()
                go_on.wait(60)
                return os.getpid()
        owner = Owner()
        thread = threading.Thread(target=lambda: owner.x)
        thread.start()
        running.wait(60)
        child = os.fork()
        if child == 0:
            os._exit(7 if owner.x == os.getppid() else 1)
        go_on.set()
        thread.join()
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status))
    """
    assert run_python(code) == "7\n"
    assert os.listdir(tmp_path) == ["x.dat"]


def test_owner_is_collected() -> None:
    owner: Any = Counting()
    owner.method()
    found = weakref.ref(owner)
    del owner
    gc.collect()
    assert found() is None


def test_seed_example(in_tmp: Path, run_python: Any) -> None:
    code = """if True:
        from pathlib import Path
        from zensols.persist import PersistableContainer, PersistedWork, persisted

        class SomeClass(PersistableContainer):
            def __init__(self, n):
                self.n = n
                self._counter = PersistedWork(Path('counter.dat'), self, mkdir=True)

            @property
            @persisted('_counter')
            def count(self):
                print('returning count value')
                return self.n * 2

            @property
            @persisted('_notsaved')
            def notsaved(self):
                print('returning unsaved value')
                return self.n * 3

        inst = SomeClass(5)
        print(tuple(Path('.').iterdir()))
        print(inst.count)
        print(tuple(Path('.').iterdir()))
        print(inst.count)
        print(inst.notsaved)
        print(inst.notsaved)
        inst = SomeClass(10)
        print(inst.count)
        print(inst.notsaved)
    """
    assert run_python(code).splitlines() == [
        "()",
        "returning count value",
        "10",
        "(PosixPath('counter.dat'),)",
        "10",
        "returning unsaved value",
        "15",
        "15",
        "10",
        "returning unsaved value",
        "30",
    ]
    assert os.listdir() == ["counter.dat"]


TYPES = """\
from typing import assert_type
from zensols.persist.annotation import persisted

class Owner:
    @property
    @persisted("_a")
    def a(self) -> list[int]:
        return [1]

    @persisted("_b", transient=True)
    def b(self, n: int = 1) -> str:
        return str(n)

    @persisted
    def c(self) -> float:
        return 1.0

    @persisted()
    async def d(self) -> bytes:
        return b""

async def main(owner: Owner) -> None:
    assert_type(owner.a, list[int])
    assert_type(owner.b(n=2), str)
    assert_type(owner.c(), float)
    assert_type(await owner.d(), bytes)
    owner.b("two")  # type: ignore[arg-type]
    owner.c(1)  # type: ignore[call-arg]
"""


@pytest.mark.timeout(600)
def test_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    source = tmp_path / "typed.py"
    source.write_text(TYPES)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--follow-imports=silent",
            "--explicit-package-bases",
            # What others' packages declare takes five times as long to read.
            "--no-site-packages",
            f"--cache-dir={tmp_path}",
            str(source),
        ],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
