from __future__ import annotations

import gc
import os
import re
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import Popen

import pytest

from zensols.persist.error import LockTimeoutError, PersistableError
from zensols.persist.files import key_lock_path, path_lock, work_lock_path

StartPython = Callable[..., "Popen[str]"]

COUNT = """
import sys
from pathlib import Path
from zensols.persist.files import key_lock_path, path_lock
folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    counter = folder / f"{number % 3}.txt"
    with path_lock(key_lock_path(str(folder), counter.name)):
        count = int(counter.read_text())
        counter.write_text(str(count + 1))
"""

HOLD = """
import sys
from zensols.persist.files import path_lock
with path_lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""

WAIT = """
import sys
from zensols.persist.error import LockTimeoutError
from zensols.persist.files import path_lock
try:
    with path_lock(sys.argv[1], timeout=0):
        print("free", flush=True)
except LockTimeoutError:
    print("waiting", flush=True)
with path_lock(sys.argv[1]):
    print("held", flush=True)
"""

FORK_IN_BLOCK = """
import os, sys
from zensols.persist.error import LockTimeoutError
from zensols.persist.files import path_lock
child = None
with path_lock(sys.argv[1]), path_lock(sys.argv[1]):
    child = os.fork()
    if child == 0:
        try:
            with path_lock(sys.argv[1], timeout=0):
                print("believes that it holds its parent's lock", flush=True)
        except LockTimeoutError as e:
            print(f"process {os.getppid()}" in str(e), flush=True)
    else:
        os.waitpid(child, 0)
        print("child has left", flush=True)
        sys.stdin.readline()
"""

FORK_AND_DIE = """
import os, sys
from zensols.persist.files import path_lock
with path_lock(sys.argv[1]):
    if os.fork() == 0:
        print("held", flush=True)
        sys.stdin.readline()
        os._exit(0)
    os.waitpid(-1, 0)
"""

FORK_OF_THREAD = """
import os, sys, threading
from zensols.persist.files import path_lock
held, done = threading.Event(), threading.Event()
def hold():
    with path_lock(sys.argv[1] + "1"):
        held.set()
        done.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    with path_lock(sys.argv[1] + "2", timeout=60):
        os._exit(0)
print(os.waitpid(child, 0)[1])
done.set()
thread.join()
"""

NOBODY = 65534

HOLD_UNPRIVILEGED = f"""
import os, sys, tempfile, filelock
from zensols.persist.files import path_lock
# Root's libraries can't be imported any more once this isn't root.
with tempfile.TemporaryDirectory() as folder, path_lock(folder + "/a.lock"):
    pass
if os.getuid() == 0:
    os.setuid({NOBODY})
try:
    with path_lock(sys.argv[1], timeout=0):
        print("held", flush=True)
        sys.stdin.readline()
except Exception as e:
    print(type(e).__name__, e, flush=True)
"""


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def stash(tmp_path: Path) -> Path:
    folder = tmp_path / "stash"
    folder.mkdir()
    return folder


@pytest.fixture
def lock(stash: Path) -> str:
    """The path of the lock of a key."""
    return key_lock_path(str(stash), "key")


def test_processes_exclude_each_other(
    start_python: StartPython, tmp_path: Path, stash: Path
) -> None:
    for number in range(3):
        (stash / f"{number}.txt").write_text("0")
    children = [start_python(COUNT, stash, 90) for _ in range(8)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        assert child.wait() == 0
    counts = [int(path.read_text()) for path in sorted(stash.iterdir())]
    assert counts == [240, 240, 240]
    assert names(tmp_path) == ["stash"]


def test_threads_exclude_each_other(tmp_path: Path, lock: str) -> None:
    counter = tmp_path / "counter.txt"
    counter.write_text("0")

    def count() -> None:
        for _ in range(50):
            with path_lock(lock), path_lock(lock):
                counter.write_text(str(int(counter.read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.read_text() == "400"
    assert names(tmp_path) == ["counter.txt", "stash"]


def test_lock_is_reentrant_and_gone_when_idle(
    start_python: StartPython, tmp_path: Path, lock: str
) -> None:
    with path_lock(lock, timeout=0):
        with path_lock(lock, timeout=0):
            assert os.path.exists(lock)
        assert os.path.exists(lock)
        waiter = start_python(WAIT, lock)
        assert waiter.stdout.readline() == "waiting\n"
    assert waiter.stdout.readline() == "held\n"
    assert waiter.wait() == 0
    assert names(tmp_path) == ["stash"]


def test_lock_is_released_by_an_error(lock: str) -> None:
    with pytest.raises(KeyError), path_lock(lock):
        raise KeyError
    assert not os.path.exists(lock)
    released = []

    def take() -> None:
        with path_lock(lock, timeout=0):
            released.append(True)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    assert released


@pytest.mark.parametrize("kill", [True, False])
def test_lock_of_a_dead_process_is_free(
    kill: bool, start_python: StartPython, tmp_path: Path, lock: str
) -> None:
    owner = start_python(HOLD, lock)
    assert owner.stdout.readline() == "held\n"
    waiter = start_python(WAIT, lock)
    assert waiter.stdout.readline() == "waiting\n"
    if kill:
        owner.kill()
    else:
        owner.stdin.close()
    assert waiter.stdout.readline() == "held\n"
    assert waiter.wait() == 0
    assert names(tmp_path) == ["stash"]


@pytest.mark.parametrize("timeout", [0, 0.05, -1])
def test_timeout_tells_the_file_and_its_owner(
    timeout: float, start_python: StartPython, lock: str
) -> None:
    owner = start_python(HOLD, lock)
    assert owner.stdout.readline() == "held\n"
    with (
        pytest.raises(LockTimeoutError, match=f"process {owner.pid} ") as e,
        path_lock(lock, timeout),
    ):
        pass
    assert f"'{lock}'" in str(e.value)
    assert f"{timeout} seconds" in str(e.value)
    owner.stdin.close()
    assert owner.wait() == 0
    with path_lock(lock, timeout=float("inf")):
        assert os.path.exists(lock)


def test_owner_is_told_after_one_that_died(
    start_python: StartPython, lock: str
) -> None:
    first = start_python(HOLD, lock)
    assert first.stdout.readline() == "held\n"
    first.kill()
    first.wait()
    with open(lock, "a") as f:
        f.write("0" * 10)
    second = start_python(HOLD, lock)
    assert second.stdout.readline() == "held\n"
    with pytest.raises(LockTimeoutError, match=f"process {second.pid} "):
        path_lock(lock, 0).__enter__()


def test_owner_that_is_not_told(start_python: StartPython, lock: str) -> None:
    owner = start_python(HOLD, lock)
    assert owner.stdout.readline() == "held\n"
    os.truncate(lock, 0)
    with pytest.raises(LockTimeoutError, match="another process"):
        path_lock(lock, 0).__enter__()


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_timeout_bounds_the_wait_for_a_thread(timeout: float, lock: str) -> None:
    errors: list[LockTimeoutError] = []

    def take() -> None:
        try:
            path_lock(lock, timeout).__enter__()
        except LockTimeoutError as e:
            errors.append(e)

    thread = threading.Thread(target=take)
    with path_lock(lock):
        thread.start()
        thread.join()
    assert f"thread of this process, {os.getpid()}," in str(errors[0])
    assert not os.path.exists(lock)


def test_timeout_behind_a_waiting_thread_tells_the_owner(
    start_python: StartPython, lock: str
) -> None:
    owner = start_python(HOLD, lock)
    assert owner.stdout.readline() == "held\n"
    entered = []

    def wait() -> None:
        with path_lock(lock):
            entered.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    with pytest.raises(LockTimeoutError, match=f"process {owner.pid} "):
        path_lock(lock, 0.1).__enter__()
    owner.stdin.close()
    thread.join()
    assert entered


def test_forked_child_does_not_hold_its_parents_lock(
    start_python: StartPython, tmp_path: Path, lock: str
) -> None:
    parent = start_python(FORK_IN_BLOCK, lock)
    assert parent.stdout.readline() == "True\n"
    assert parent.stdout.readline() == "child has left\n"
    with pytest.raises(LockTimeoutError, match=f"process {parent.pid} "):
        path_lock(lock, 0).__enter__()
    parent.stdin.close()
    assert parent.wait() == 0
    assert names(tmp_path) == ["stash"]


def test_forked_child_does_not_keep_the_lock_of_a_dead_parent(
    start_python: StartPython, lock: str
) -> None:
    parent = start_python(FORK_AND_DIE, lock)
    assert parent.stdout.readline() == "held\n"
    parent.kill()
    parent.wait()
    with path_lock(lock, timeout=0):
        assert os.path.exists(lock)


def test_fork_while_another_thread_holds_a_lock(
    start_python: StartPython, lock: str
) -> None:
    child = start_python(FORK_OF_THREAD, lock)
    assert child.communicate()[0] == "0\n"


def test_locks_are_private_whatever_the_umask(tmp_path: Path) -> None:
    lock = Path(key_lock_path(str(tmp_path / "a" / "stash"), "key"))
    old = os.umask(0)
    try:
        with path_lock(str(lock)):
            assert mode(lock) == 0o600
            assert mode(lock.parent) == 0o700
            assert mode(lock.parent.parent) == 0o700
    finally:
        os.umask(old)
    assert names(tmp_path / "a") == []


def test_folder_of_locks_outlasts_each_of_them(stash: Path, lock: str) -> None:
    other = key_lock_path(str(stash), "other")
    with path_lock(lock):
        with path_lock(other):
            assert os.path.dirname(other) == os.path.dirname(lock)
        assert not os.path.exists(other)
        assert os.path.exists(lock)
    assert not os.path.exists(os.path.dirname(lock))


def test_folder_of_a_works_lock_is_never_made_nor_removed(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with (
        pytest.raises(PersistableError, match=f"'{missing}'"),
        path_lock(work_lock_path(str(missing / "work.dat"))),
    ):
        pass
    assert names(tmp_path) == []
    empty = tmp_path / "my.locks"
    empty.mkdir()
    with path_lock(work_lock_path(str(empty / "work.dat"))):
        assert names(empty) == [".work.dat.lock"]
    assert names(empty) == []


def test_what_cannot_be_locked(tmp_path: Path, stash: Path) -> None:
    folder = tmp_path / ".stash.locks"
    folder.touch()
    with pytest.raises(PersistableError, match=f"'{folder}'"):
        path_lock(key_lock_path(str(stash), "key")).__enter__()
    (tmp_path / "folder.lock").mkdir()
    with pytest.raises(PersistableError, match=r"folder\.lock"):
        path_lock(str(tmp_path / "folder.lock")).__enter__()
    with pytest.raises(PersistableError, match=r"folder\.lock"):
        path_lock(str(tmp_path / "folder.lock")).__enter__()


def test_spellings_of_a_path_are_one_lock(in_tmp: Path) -> None:
    (in_tmp / "real").mkdir()
    (in_tmp / "link").symlink_to("real")
    with path_lock("real/a.lock"), path_lock(str(in_tmp / "link/../link/a.lock"), 0):
        assert names(in_tmp / "real") == ["a.lock"]
    assert names(in_tmp / "real") == []


def test_lock_objects_do_not_pile_up(stash: Path) -> None:
    from zensols.persist.files import lock as module

    # Those that other tests' threads still have.
    others = set(module._registry._locks)
    with path_lock(key_lock_path(str(stash), "outer")):
        for number in range(20):
            with path_lock(key_lock_path(str(stash), str(number))):
                pass
        gc.collect()
        assert len(set(module._registry._locks) - others) == 1


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that anybody may read, with one that anybody may write to."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "tmp").mkdir()
        (path / "tmp").chmod(0o1777)
        path.chmod(0o555)
        yield path
        path.chmod(0o700)


def test_lock_in_a_read_only_folder(start_python: StartPython, public: Path) -> None:
    for lock in (
        key_lock_path(str(public / "stash"), "key"),
        work_lock_path(str(public / "work.dat")),
    ):
        start = partial(
            start_python, HOLD_UNPRIVILEGED, lock, TMPDIR=str(public / "tmp")
        )
        owner = start()
        assert owner.stdout.readline() == "held\n"
        (folder,) = (public / "tmp").iterdir()
        assert mode(folder) == 0o700
        loser = start()
        message = loser.communicate()[0]
        assert message.startswith("LockTimeoutError")
        assert f"process {owner.pid} " in message
        owner.stdin.close()
        assert owner.wait() == 0
        assert names(public / "tmp") == []
        assert names(public) == ["tmp"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make it another's")
def test_lock_folder_of_somebody_else_is_refused(
    start_python: StartPython, public: Path
) -> None:
    folder = public / "tmp" / f".zensols-persist-{NOBODY}.locks"
    folder.mkdir()
    folder.chmod(0o777)
    lock = key_lock_path(str(public / "stash"), "key")
    child = start_python(HOLD_UNPRIVILEGED, lock, TMPDIR=str(public / "tmp"))
    message = child.communicate()[0]
    assert message.startswith("PersistableError")
    assert f"'{folder}'" in message
    assert names(folder) == []


def test_key_lock_is_beside_the_folder(tmp_path: Path, stash: Path) -> None:
    lock = Path(key_lock_path(str(stash), "key"))
    assert lock.parent == tmp_path / ".stash.locks"
    assert re.fullmatch(r"[0-9a-f]{32}\.lock", lock.name)
    assert key_lock_path(f"{stash}/", "key") == str(lock)
    (tmp_path / "link").symlink_to("stash")
    assert key_lock_path(str(tmp_path / "link"), "key") == str(lock)


def test_key_locks_of_any_keys_differ(stash: Path) -> None:
    keys = [
        "",
        "a",
        "A",
        "a/b",
        "\0",
        "\ud800",
        "\N{LATIN SMALL LETTER E}",
        "é",
        "x" * 999,
    ]
    assert len({key_lock_path(str(stash), key) for key in keys}) == len(keys)


def test_work_lock_is_beside_the_file(tmp_path: Path) -> None:
    lock = work_lock_path(str(tmp_path / "work.dat"))
    assert lock == str(tmp_path / ".work.dat.lock")


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127])
def test_long_names_can_be_locked(name: str, tmp_path: Path) -> None:
    other = f"{name[:-1]}y"
    for lock, another in (
        (work_lock_path(str(tmp_path / name)), work_lock_path(str(tmp_path / other))),
        (
            key_lock_path(str(tmp_path / name), "a"),
            key_lock_path(str(tmp_path / other), "a"),
        ),
    ):
        assert lock != another
        with path_lock(lock):
            assert os.path.exists(lock)
    assert names(tmp_path) == []
