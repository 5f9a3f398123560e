from __future__ import annotations

import copy
import io
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from zensols.persist.annotation import PersistedWork
from zensols.persist.codec import default_codec, dump_file, file_info, load_file
from zensols.persist.dealloc import Deallocatable
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)

STATE = {
    "owner",
    "cache_global",
    "transient",
    "worker",
    "path",
    "use_disk",
    "varname",
    "mkdir",
    "deallocate_recursive",
    "recover_empty",
}


class Owner:
    def __init__(self, n: int = 1) -> None:
        self.n = n


def make_work(path: Any = "_x", owner: Any = None, **kwargs: Any) -> PersistedWork:
    work = PersistedWork(path, owner or Owner(), **kwargs)
    work.worker = lambda: [work.owner.n]
    return work


def test_attributes() -> None:
    owner = Owner()
    work = PersistedWork("_x", owner)
    assert work.owner is owner
    assert work.path == Path("_x")
    assert work.worker is None
    assert [
        work.use_disk,
        work.cache_global,
        work.transient,
        work.mkdir,
        work.deallocate_recursive,
        work.recover_empty,
    ] == [False] * 6
    work = PersistedWork(Path("x"), owner, True, True, None, True, True, True)
    assert [
        work.use_disk,
        work.cache_global,
        work.transient,
        work.mkdir,
        work.deallocate_recursive,
        work.recover_empty,
    ] == [True] * 6


def test_varname(in_tmp: Path) -> None:
    work = PersistedWork("a/B c", Owner())
    assert work.varname == f"_{__name__}.Owner_a/B c_pwvinst"
    assert not work.use_disk
    assert str(work) == repr(work) == work.varname
    tail = "_".join(p.lower() for p in Path(os.path.abspath("A b.dat")).parts[1:-1])
    for special in "-. ":
        tail = tail.replace(special, "_")
    work = PersistedWork(Path("A b.dat"), Owner())
    assert work.varname.startswith(f"_{__name__}.Owner_")
    assert work.varname.endswith("_a_b_dat_pwvinst")


def test_memory() -> None:
    work = make_work()
    value = work()
    assert value == [1]
    work.owner.n = 2
    assert work() is value
    work.clear()
    assert work() == [2]


def test_arguments_matter_only_when_it_computes() -> None:
    work = make_work()
    work.worker = lambda a, b=0: a + b
    assert work(1, b=2) == 3
    assert work() == 3
    assert work(5) == 3


@pytest.mark.parametrize("value", [None, 0, "", [], False])
def test_f_any_value_is_kept(tmp_path: Path, value: object) -> None:
    for path in ("_x", tmp_path / "x"):
        calls: list[int] = []
        work = make_work(path)
        work.worker = lambda calls=calls: calls.append(1) or value
        assert work() == value
        assert work() == value
        work.owner = Owner()
        work()
        assert len(calls) == (2 if path == "_x" else 1)


def test_f_none_on_disk_is_read_once(in_tmp: Path) -> None:
    make_work(Path("x.dat")).clear()
    for owner in (Owner(), Owner()):
        work = make_work(Path("x.dat"), owner)
        work.worker = lambda: None
        assert work() is None
        os.rename("x.dat", "y.dat")
        work.worker = None
        assert work() is None
        os.rename("y.dat", "x.dat")


def test_initial_value() -> None:
    work = make_work(initial_value=0)
    assert work.is_set()
    assert work() == 0
    assert not make_work(initial_value=None).is_set()


def test_f_without_worker() -> None:
    work = PersistedWork("_x", Owner())
    with pytest.raises(PersistableError, match="has no worker"):
        work()


def test_subclass() -> None:
    class Sum(PersistedWork):
        def __do_work__(self, *args: int, **kwargs: int) -> int:
            return sum(args, **kwargs)

    work = Sum("_x", Owner())
    assert work(1, 2, start=3) == 6
    assert work() == 6


def test_disk(in_tmp: Path) -> None:
    work = make_work(Path("x.dat"))
    assert not work.is_set()
    start = perf_counter()
    value = work()
    most = perf_counter() - start
    assert os.listdir() == ["x.dat"]
    assert work() is value
    assert load_file(default_codec(), "x.dat") == [1]
    seconds = file_info("x.dat").seconds
    assert seconds is not None
    assert 0 <= seconds <= most


def test_file_wins_over_computation(in_tmp: Path) -> None:
    make_work(Path("x.dat"), Owner(1))()
    assert make_work(Path("x.dat"), Owner(2))() == [1]


def test_relative_path_is_resolved_at_each_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    work = make_work(Path("x.dat"))
    monkeypatch.chdir(tmp_path / "b")
    work()
    assert os.listdir(tmp_path / "a") == []
    assert os.listdir(tmp_path / "b") == ["x.dat"]


def test_set_does_not_touch_the_disk(in_tmp: Path) -> None:
    work = make_work(Path("x.dat"))
    work.set(3)
    assert os.listdir() == []
    assert work() == 3
    work.clear()
    work()
    work.set(4)
    assert load_file(default_codec(), "x.dat") == [1]


def test_clear_deletes_the_file(in_tmp: Path) -> None:
    work = make_work(Path("x.dat"))
    work.clear()
    work()
    work.clear()
    assert os.listdir() == []
    assert not work.is_set()


def test_deallocate_keeps_the_file(in_tmp: Path) -> None:
    work = make_work(Path("x.dat"))
    work()
    work.deallocate()
    assert os.listdir() == ["x.dat"]


def test_transient_is_written_to_disk(in_tmp: Path) -> None:
    make_work(Path("x.dat"), transient=True)()
    assert os.listdir() == ["x.dat"]


def test_missing_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.dat"
    work = make_work(path)
    calls: list[int] = []
    work.worker = lambda: calls.append(1)
    with pytest.raises(PersistableError, match=str(path.parent)):
        work()
    assert calls == []
    assert os.listdir(tmp_path) == []
    make_work(path, mkdir=True)()
    assert os.listdir(path.parent) == ["x.dat"]


def test_empty_file(in_tmp: Path) -> None:
    Path("x.dat").touch()
    with pytest.raises(PersistableError, match=r"x\.dat"):
        make_work(Path("x.dat"))()
    work = make_work(Path("x.dat"), recover_empty=True)
    assert work() == [1]
    assert load_file(default_codec(), "x.dat") == [1]


def test_f_truncated_file(in_tmp: Path) -> None:
    make_work(Path("x.dat"))()
    os.truncate("x.dat", 40)
    with pytest.raises(CorruptDataError, match=r"x\.dat"):
        make_work(Path("x.dat"))()
    assert make_work(Path("x.dat"), Owner(2), recover_empty=True)() == [2]


def test_hostile_file_is_not_run(in_tmp: Path) -> None:
    class Hostile:
        def __reduce__(self) -> Any:
            return os.mkdir, ("was_run",)

    Path("x.dat").write_bytes(pickle.dumps(Hostile()))
    for recover_empty in (False, True):
        with pytest.raises(UntrustedDataError, match=r"x\.dat"):
            make_work(Path("x.dat"), recover_empty=recover_empty)()
    assert os.listdir() == ["x.dat"]


def test_f_failing_worker_leaves_nothing(in_tmp: Path) -> None:
    work = make_work(Path("x.dat"))
    work.worker = lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        work()
    assert os.listdir() == []
    assert not work.is_set()


def test_f_unpicklable_value_leaves_nothing(in_tmp: Path) -> None:
    work = make_work(Path("x.dat"))
    work.worker = lambda: {"lock": threading.Lock()}
    with pytest.raises(PersistableError, match=r"value\['lock'\]"):
        work()
    assert os.listdir() == []
    assert not work.is_set()


@pytest.mark.parametrize("path", ["_x", Path("x.dat")])
def test_f_value_usable_once_is_refused(in_tmp: Path, path: Any) -> None:
    work = make_work(path)
    work.worker = lambda: (i for i in range(3))
    with pytest.raises(PersistableError, match="return a list"):
        work()
    assert not work.is_set()


@pytest.mark.parametrize("path", ["_x", Path("x.dat")])
def test_f_worker_that_asks_for_its_own_value(in_tmp: Path, path: Any) -> None:
    work = make_work(path)
    seen: list[Any] = []

    def inner() -> str:
        return "inner"

    def outer() -> str:
        work.worker = inner
        seen.append(work())
        seen.append(work.is_set())
        work.worker = lambda: seen.append("again")
        seen.append(work())
        return f"outer of {seen[0]}"

    work.worker = outer
    assert work() == "outer of inner"
    assert seen == ["inner", True, "inner"]
    assert work() == "outer of inner"
    if work.use_disk:
        assert os.listdir() == ["x.dat"]
        assert load_file(default_codec(), "x.dat") == "outer of inner"


@pytest.mark.parametrize("cache_global", [False, True])
def test_inner_value_is_not_kept_if_the_outer_fails(cache_global: bool) -> None:
    work = make_work(cache_global=cache_global)

    def outer() -> None:
        work.worker = lambda: "inner"
        work()
        raise ValueError("outer")

    work.worker = outer
    with pytest.raises(ValueError, match="outer"):
        work()
    assert not work.is_set()


def test_inner_value_is_not_seen_by_other_threads() -> None:
    work = make_work()
    has_inner = threading.Event()
    go_on = threading.Event()
    seen: list[Any] = []

    def outer() -> str:
        work.worker = lambda: "inner"
        work()
        has_inner.set()
        assert go_on.wait(60)
        return "outer"

    work.worker = outer
    first = threading.Thread(target=work)
    first.start()
    assert has_inner.wait(60)
    assert not hasattr(work, "_value_at_hand")
    second = threading.Thread(target=lambda: seen.append(work()))
    second.start()
    go_on.set()
    for thread in (first, second):
        thread.join(60)
    assert seen == ["outer"]


def run_threads(count: int, function: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(count)
    results: list[Any] = []

    def run() -> None:
        barrier.wait(60)
        results.append(function())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.parametrize("path", ["_x", Path("x.dat")])
def test_f_threads_compute_once(in_tmp: Path, path: Any, computation: Any) -> None:
    work = make_work(path)
    work.worker = computation
    results = run_threads(8, work)
    assert len(results) == 8
    assert len(set(map(id, results))) == 1
    assert computation.calls == 1


def test_works_of_one_file_compute_once(in_tmp: Path) -> None:
    calls: list[int] = []

    def compute() -> Any:
        work = make_work(Path("x.dat"))
        work.worker = lambda: calls.append(1) or "value"
        return work()

    assert run_threads(8, compute) == ["value"] * 8
    assert len(calls) == 1
    assert os.listdir() == ["x.dat"]


HAMMER = """if True:
    import os, sys
    from pathlib import Path
    from zensols.persist.annotation import PersistedWork
    class Owner: pass
    def compute():
        fd = os.open("log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, b"computed\\n")
        os.close(fd)
        return list(range(10000))
    work = PersistedWork(Path("data/x.dat"), Owner(), mkdir=True)
    work.worker = compute
    print("ready", flush=True)
    sys.stdin.readline()
    print(sum(work()))
"""


def test_f_processes_compute_once(tmp_path: Path, start_python: Any) -> None:
    processes = [start_python(HAMMER) for _ in range(8)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate(timeout=120)[0] for process in processes]
    assert results == [f"{sum(range(10000))}\n"] * 8
    assert (tmp_path / "log").read_text() == "computed\n"
    assert os.listdir(tmp_path / "data") == ["x.dat"]


STUCK = """if True:
    import sys
    from pathlib import Path
    from zensols.persist.annotation import PersistedWork
    class Owner: pass
    def compute():
        print("computing", flush=True)
        sys.stdin.readline()
        return "never"
    work = PersistedWork(Path("x.dat"), Owner())
    work.worker = compute
    work()
"""


def test_killed_process_frees_the_lock(in_tmp: Path, start_python: Any) -> None:
    stuck = start_python(STUCK)
    assert stuck.stdout.readline() == "computing\n"
    results: list[Any] = []
    waiting = threading.Thread(
        target=lambda: results.append(make_work(Path("x.dat"))())
    )
    waiting.start()
    assert waiting.is_alive()
    stuck.kill()
    waiting.join(60)
    assert results == [[1]]
    assert os.listdir() == ["x.dat"]


def test_pickled_state() -> None:
    work = make_work(Path("x.dat"), mkdir=True, transient=True, cache_global=True)
    state = work.__getstate__()
    assert state.keys() == STATE
    assert state["owner"] is None
    assert state["worker"] is None
    assert state["path"] == Path("x.dat")
    assert [state[n] for n in ("use_disk", "mkdir", "transient", "cache_global")] == [
        True
    ] * 4
    assert work.owner is not None


def test_pickle() -> None:
    work = make_work(transient=True)
    work()
    restored = pickle.loads(pickle.dumps(work))
    assert restored.__getstate__() == work.__getstate__()
    assert restored.owner is None
    assert not restored.is_set()
    with pytest.raises(PersistableError, match="has no owner"):
        restored()
    restored.owner = owner = Owner(5)
    restored.worker = lambda: owner.n
    assert restored() == 5


def test_state_of_the_older_package() -> None:
    work = PersistedWork.__new__(PersistedWork)
    work.__setstate__(
        {
            "owner": None,
            "cache_global": False,
            "transient": False,
            "worker": None,
            "path": Path("_x"),
            "use_disk": False,
            "varname": "_old.Owner__x_pwvinst",
            "mkdir": False,
            "deallocate_recursive": False,
            "recover_empty": False,
        }
    )
    owner = Owner()
    setattr(owner, "_old.Owner__x_pwvinst", 3)
    work.owner = owner
    assert work() == 3


def test_pickle_of_the_older_package_names_the_package() -> None:
    data = pickle.dumps(make_work(), protocol=0)
    assert b"annotation.work\n" in data
    restored = pickle.loads(data.replace(b"annotation.work\n", b"annotation\n"))
    assert type(restored) is PersistedWork


def test_attributes_of_subclasses_are_pickled() -> None:
    work = make_work()
    work.extra = 3  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(work)).extra == 3


def test_deep_copy_alone_has_no_owner() -> None:
    work = make_work()
    work()
    clone = copy.deepcopy(work)
    assert clone.owner is None
    assert work() == [1]


def test_restored_objects_are_not_tracked() -> None:
    Deallocatable.ALLOCATION_TRACKING = True
    try:
        work = make_work()
        assert Deallocatable._num_deallocations() == 1
        pickle.loads(pickle.dumps(work))
        copy.deepcopy(work)
        assert Deallocatable._num_deallocations() == 1
        work.deallocate()
        assert Deallocatable._num_deallocations() == 0
    finally:
        Deallocatable.ALLOCATION_TRACKING = False


def test_write(capsys: pytest.CaptureFixture[str]) -> None:
    work = make_work(transient=True)
    work.write()
    name, *lines = capsys.readouterr().out.splitlines()
    assert name == f"{work.varname}" or name == f"{work.varname}:"
    assert lines == [" global: False", " transient: True", " type: <class 'list'>"]
    out = io.StringIO()
    work.write(2, True, out)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("  _")
    assert lines[-1] == "   content: [1]"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("data", [b"x", b"\x80", bytes(100)])
def test_f_unreadable_files(in_tmp: Path, data: bytes) -> None:
    Path("x.dat").write_bytes(data)
    with pytest.raises(PersistableError, match=r"x\.dat"):
        make_work(Path("x.dat"))()
    assert Path("x.dat").read_bytes() == data


def test_f_value_that_can_not_be_restored(in_tmp: Path) -> None:
    class Broken:
        def __reduce__(self) -> Any:
            return int, ("no number",)

    dump_file(default_codec(), Broken(), "x.dat")
    for recover_empty in (False, True):
        with pytest.raises(PersistableError, match=r"x\.dat.*no number") as caught:
            make_work(Path("x.dat"), recover_empty=recover_empty)()
        assert isinstance(caught.value.__cause__, ValueError)


def test_f_reader_sees_the_old_file_while_a_new_one_is_made(in_tmp: Path) -> None:
    dump_file(default_codec(), "old", "x.dat")
    work = make_work(Path("x.dat"))
    seen: list[Any] = []

    class Slow:
        def __reduce__(self) -> Any:
            seen.append(make_work(Path("x.dat"))())
            return str, ("new",)

    work.set(None)
    dump_file(default_codec(), Slow(), "x.dat")
    assert "old" in seen
    work._forget()
    assert work() == "new"
