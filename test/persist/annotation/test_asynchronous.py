from __future__ import annotations

import asyncio
import copy
import inspect
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation import (
    PersistableContainer,
    PersistedWork,
    persisted,
)
from zensols.persist.codec import default_codec, file_info, load_file
from zensols.persist.error import LockTimeoutError, PersistableError
from zensols.persist.stash import DictionaryStash, DirectoryStash


class Owner(PersistableContainer):
    def __init__(self) -> None:
        self.log: list[str] = []

    async def compute(self, name: str) -> list[str]:
        self.log.append(name)
        await asyncio.sleep(0)
        return [name]

    @persisted("_memory")
    async def memory(self) -> list[str]:
        """In memory."""
        return await self.compute("memory")

    @persisted("_disk", path="x.dat")
    async def disk(self) -> list[str]:
        return await self.compute("disk")

    @persisted("_stash", stash=lambda self: DirectoryStash(Path("s")), key="k")
    async def stash(self) -> list[str]:
        return await self.compute("stash")

    @persisted("_shared", cache_global=True)
    async def shared(self) -> list[str]:
        return await self.compute("shared")

    @persisted
    async def with_argument(self, a: int = 1) -> int:
        return a


METHODS = ["memory", "disk", "stash", "shared"]


@pytest.mark.parametrize("name", METHODS)
def test_f_single_flight(in_tmp: Path, name: str) -> None:
    owner = Owner()

    async def main() -> None:
        method = getattr(owner, name)
        results = await asyncio.gather(*(method() for _ in range(10)))
        assert results == [[name]] * 10
        assert len(set(map(id, results))) == 1
        assert await method() is results[0]
        assert owner.log == [name]

    asyncio.run(main())
    asyncio.run(main_again(owner, name))
    if name == "shared":
        owner._shared.clear()  # type: ignore[attr-defined]


async def main_again(owner: Any, name: str) -> None:
    assert await getattr(owner, name)() == [name]
    assert owner.log == [name]
    getattr(owner, f"_{name}").clear()
    assert await getattr(owner, name)() == [name]
    assert owner.log == [name] * 2


def test_is_a_coroutine_function() -> None:
    assert inspect.iscoroutinefunction(Owner.memory)
    assert Owner.memory.__doc__ == "In memory."


def test_argument() -> None:
    owner = Owner()
    assert asyncio.run(owner.with_argument(a=5)) == 5
    assert asyncio.run(owner.with_argument()) == 5


def test_disk(in_tmp: Path) -> None:
    asyncio.run(Owner().disk())
    assert os.listdir() == ["x.dat"]
    assert load_file(default_codec(), "x.dat") == ["disk"]
    assert file_info("x.dat").seconds is not None
    other = Owner()
    assert asyncio.run(other.disk()) == ["disk"]
    assert other.log == []


def test_stash(in_tmp: Path) -> None:
    asyncio.run(Owner().stash())
    assert dict(DirectoryStash(Path("s"))) == {"k": ["stash"]}
    assert os.listdir() == ["s"]


def test_owners_of_one_file_compute_once(in_tmp: Path) -> None:
    owners = [Owner() for _ in range(5)]

    async def main() -> list[Any]:
        return await asyncio.gather(*(owner.disk() for owner in owners))

    assert asyncio.run(main()) == [["disk"]] * 5
    assert sum(len(owner.log) for owner in owners) == 1


def test_owners_of_one_shared_value_compute_once() -> None:
    owners = [Owner() for _ in range(5)]

    async def main() -> list[Any]:
        return await asyncio.gather(*(owner.shared() for owner in owners))

    assert len(set(map(id, asyncio.run(main())))) == 1
    assert sum(len(owner.log) for owner in owners) == 1
    owners[0]._shared.clear()  # type: ignore[attr-defined]


class Failing:
    def __init__(self, *errors: type[BaseException]) -> None:
        self.errors = list(errors)

    @persisted("_memory")
    async def memory(self) -> int:
        return await self.compute()

    @persisted("_disk", path="x.dat")
    async def disk(self) -> int:
        return await self.compute()

    async def compute(self) -> int:
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop()
        return 3


@pytest.mark.parametrize("name", ["memory", "disk"])
@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
def test_failure_is_not_kept(
    in_tmp: Path, name: str, error: type[BaseException]
) -> None:
    owner = Failing(error)

    async def main() -> None:
        with pytest.raises(error):
            await getattr(owner, name)()
        assert os.listdir() == []
        assert not getattr(owner, f"_{name}").is_set()
        assert await getattr(owner, name)() == 3

    asyncio.run(main())


class Hanging:
    def __init__(self) -> None:
        self.running = asyncio.Event()
        self.go_on = asyncio.Event()
        self.count = 0

    @persisted("_memory")
    async def memory(self) -> int:
        return await self.compute()

    @persisted("_disk", path="x.dat")
    async def disk(self) -> int:
        return await self.compute()

    async def compute(self) -> int:
        self.count += 1
        self.running.set()
        await self.go_on.wait()
        return self.count


@pytest.mark.parametrize("name", ["memory", "disk"])
def test_cancelled_one_is_not_kept(in_tmp: Path, name: str) -> None:
    async def main() -> None:
        owner = Hanging()
        task = asyncio.create_task(getattr(owner, name)())
        await owner.running.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        owner.go_on.set()
        assert await getattr(owner, name)() == 2
        assert os.listdir() == (["x.dat"] if name == "disk" else [])

    asyncio.run(main())


@pytest.mark.parametrize("name", ["memory", "disk"])
def test_others_go_on_when_one_is_cancelled(in_tmp: Path, name: str) -> None:
    async def main() -> None:
        owner = Hanging()
        first = asyncio.create_task(getattr(owner, name)())
        await owner.running.wait()
        second = asyncio.create_task(getattr(owner, name)())
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        owner.go_on.set()
        assert await second == 1

    asyncio.run(main())


class Base:
    @persisted("_x", path="x.dat")
    async def x(self) -> list[str]:
        await asyncio.sleep(0)
        return ["base"]


class Sub(Base):
    @persisted("_x", path="x.dat")
    async def x(self) -> list[str]:
        inner = await super().x()
        assert await super().x() is inner
        return [*inner, "sub"]


def test_f_overriding_method_calls_the_overridden_one(in_tmp: Path) -> None:
    sub = Sub()

    async def main() -> None:
        results = await asyncio.gather(*(sub.x() for _ in range(3)))
        assert results == [["base", "sub"]] * 3

    asyncio.run(main())
    assert asyncio.run(sub.x()) == ["base", "sub"]
    assert load_file(default_codec(), "x.dat") == ["base", "sub"]


def test_result_of_another_kind_of_call() -> None:
    class Wrong:
        def __init__(self) -> None:
            self._x = PersistedWork("_x", self)

        @persisted("_x")
        async def x(self) -> int:
            return 3

    wrong = Wrong()
    with pytest.raises(PersistableError, match="await it"):
        wrong._x()
    assert asyncio.run(wrong.x()) == 3
    assert wrong._x() == 3


def test_generator_result_is_refused() -> None:
    class Wrong:
        @persisted
        async def x(self) -> Any:
            return (i for i in range(3))

    with pytest.raises(PersistableError, match="return a list"):
        asyncio.run(Wrong().x())


def test_lock_timeout(in_tmp: Path) -> None:
    class Impatient:
        @persisted("_x", path="x.dat", lock_timeout=0)
        async def x(self) -> int:
            return 3

    from zensols.persist.files import path_lock, work_lock_path

    error = pytest.raises(LockTimeoutError, match=str(os.getpid()))
    with path_lock(work_lock_path("x.dat")), error:
        asyncio.run(Impatient().x())
    assert asyncio.run(Impatient().x()) == 3


def test_waits_for_a_lock_without_blocking_the_loop(in_tmp: Path) -> None:
    from zensols.persist.files import path_lock, work_lock_path

    async def main() -> None:
        owner = Owner()
        with path_lock(work_lock_path("x.dat")):
            task = asyncio.create_task(owner.disk())
            # It is tried in slices, of which this outlasts one.
            done, _ = await asyncio.wait([task], timeout=0.6)
            assert not done
            assert owner.log == []
        assert await task == ["disk"]

    asyncio.run(main())


def test_cancelled_while_waiting_for_a_lock(in_tmp: Path) -> None:
    from zensols.persist.files import path_lock, work_lock_path

    async def main() -> None:
        owner = Owner()
        with path_lock(work_lock_path("x.dat")):
            task = asyncio.create_task(owner.disk())
            await asyncio.wait([task], timeout=0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await owner.disk() == ["disk"]
        assert owner.log == ["disk"]

    asyncio.run(main())
    assert os.listdir() == ["x.dat"]


HAMMER = """if True:
    import asyncio, os, sys
    from zensols.persist.annotation import persisted
    class Owner:
        @persisted("_x", path="data/x.dat", mkdir=True)
        async def x(self):
            fd = os.open("log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(fd, b"computed\\n")
            os.close(fd)
            await asyncio.sleep(0.01)
            return 3
    async def main():
        owner = Owner()
        return await asyncio.gather(*(owner.x() for _ in range(4)))
    print("ready", flush=True)
    sys.stdin.readline()
    print(asyncio.run(main()))
"""


def test_processes_compute_once(tmp_path: Path, start_python: Any) -> None:
    processes = [start_python(HAMMER) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate(timeout=120)[0] for process in processes]
    assert results == ["[3, 3, 3, 3]\n"] * 4
    assert (tmp_path / "log").read_text() == "computed\n"
    assert os.listdir(tmp_path / "data") == ["x.dat"]


def test_pickle_and_copy() -> None:
    owner = Owner()
    value = asyncio.run(owner.memory())
    restored = pickle.loads(pickle.dumps(owner))
    assert asyncio.run(restored.memory()) == value
    assert restored.log == ["memory"]
    assert asyncio.run(copy.copy(owner).memory()) is value


def test_several_threads(in_tmp: Path) -> None:
    owner = Owner()
    barrier = threading.Barrier(4)
    results: list[Any] = []

    def run() -> None:
        barrier.wait(60)
        results.append(asyncio.run(owner.disk()))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [["disk"]] * 4
    assert owner.log == ["disk"]


def test_stash_in_memory() -> None:
    stash: DictionaryStash[Any] = DictionaryStash()

    class Kept:
        @persisted("_x", stash=stash, key=lambda self: "k", version=1)
        async def x(self) -> int:
            return 3

    assert asyncio.run(Kept().x()) == 3
    assert stash.data["k"].value == 3
