from __future__ import annotations

import gc
import json
import logging
import math
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import LockTimeoutError, StoreUnavailableError
from zensols.persist.files import path_lock
from zensols.persist.stash import lease as module
from zensols.persist.stash.lease import LEASE, Lease, Wait, hold_lock

ROOT = Path(__file__).parents[3]


class FileLease(Lease):
    """A file that says who has the lock, and when it expires."""

    polls = 0.005, 0.02, 2.0

    def __init__(self, path: str | Path, seconds: float = LEASE) -> None:
        folder, name = os.path.split(path)
        super().__init__((folder, name), seconds)
        self._path = Path(path)
        self._token = secrets.token_hex(8)
        self._owner = f"process {os.getpid()} of here"

    def take(self) -> str | None:
        with path_lock(f"{self._path}.lock"):
            found = self._find()
            if found["token"] == self._token or found["end"] < time.time():
                self._write()
                return None
            return str(found["owner"])

    def renew(self) -> bool:
        with path_lock(f"{self._path}.lock"):
            if self._find()["token"] != self._token:
                return False
            self._write()
            return True

    def release(self) -> bool:
        with path_lock(f"{self._path}.lock"):
            if self._find()["token"] != self._token:
                return False
            self._path.unlink()
            return True

    def _find(self) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            found: dict[str, Any] = json.loads(self._path.read_text("utf-8"))
            return found
        return {"token": None, "end": -math.inf}

    def _write(self) -> None:
        content = {
            "owner": self._owner,
            "token": self._token,
            "end": time.time() + self.seconds,
        }
        self._path.write_text(json.dumps(content), "utf-8")


class RenewedLease(FileLease):
    """One that tells when it has been renewed, and fails as often as it is told."""

    def __init__(self, path: Path, *failures: Exception) -> None:
        super().__init__(path, seconds=0.03)
        self.failures = [*failures]
        self.renewed = threading.Semaphore(0)

    def renew(self) -> bool:
        if self.failures:
            raise self.failures.pop(0)
        is_ours = super().renew()
        self.renewed.release()
        return is_ours


class DroppedLease(FileLease):
    """One whose server goes away."""

    def __init__(self, path: Path, error: Exception) -> None:
        super().__init__(path)
        self.error = error

    def release(self) -> bool:
        raise self.error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # No other test's renewal is called like that.
    return tmp_path / tmp_path.name


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def hold(path: Path, timeout: float | None = 60) -> Any:
    return FileLease(path).hold("key 'a'", timeout)


def is_free(executor: ThreadPoolExecutor, path: Path) -> bool:
    """Whether another thread can have it."""

    def take() -> bool:
        try:
            with hold(path, 0):
                return True
        except LockTimeoutError:
            return False

    return executor.submit(take).result(60)


def token(path: Path) -> str:
    """The proof of its owner, who may be renewing it at the moment."""
    with path_lock(f"{path}.lock"):
        return str(json.loads(path.read_text("utf-8"))["token"])


def renewals(path: Path) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == f"renews {path.name!r}"]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What locks have told, and not what threads of other tests have."""
    return [r.getMessage() for r in caplog.records if r.name == module.__name__]


def assert_ends(thread: threading.Thread) -> None:
    thread.join(60)
    assert not thread.is_alive()


def test_is_had_until_the_outermost_block_ends(
    path: Path, executor: ThreadPoolExecutor
) -> None:
    with hold(path):
        before = token(path)
        with hold(path, 0):
            assert token(path) == before
        assert token(path) == before
        assert not is_free(executor, path)
    assert not path.exists()
    assert is_free(executor, path)


def test_blocks_may_end_in_any_order(path: Path, executor: ThreadPoolExecutor) -> None:
    with ExitStack() as second:
        with ExitStack() as first:
            first.enter_context(hold(path))
            second.enter_context(hold(path))
        assert path.exists()
        assert not is_free(executor, path)
    assert not path.exists()
    assert is_free(executor, path)


def test_places_have_their_own(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    (tmp_path / "other").mkdir()
    with hold(tmp_path / "a"):
        assert is_free(executor, tmp_path / "b")
        assert is_free(executor, tmp_path / "other" / "a")


def test_threads_exclude_each_other(path: Path, executor: ThreadPoolExecutor) -> None:
    inside: list[int] = []
    most: list[int] = []

    def use() -> None:
        for _ in range(5):
            with hold(path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    for future in [executor.submit(use) for _ in range(4)]:
        future.result(60)
    assert most == [1] * 20


def test_error_names_the_thread(path: Path, executor: ThreadPoolExecutor) -> None:
    with hold(path):
        for timeout in (0, -1, 0.01):
            waiter = executor.submit(hold(path, timeout).__enter__)
            with pytest.raises(LockTimeoutError) as info:
                waiter.result(60)
            assert str(info.value) == (
                f"Could not lock key 'a' within {timeout} seconds, since another thread "
                "of this process has it: wait longer or, if it hangs, end it"
            )


def test_failure_to_take_leaves_it_to_others(
    path: Path, executor: ThreadPoolExecutor
) -> None:
    path.mkdir()
    with pytest.raises(IsADirectoryError), hold(path):
        pytest.fail("nobody locks")
    path.rmdir()
    assert renewals(path) == []
    assert is_free(executor, path)
    with hold(path, 0):
        assert path.exists()


HOLD = f"""
import runpy, sys
FileLease = runpy.run_path({__file__!r})["FileLease"]
with FileLease(sys.argv[1], float(sys.argv[2])).hold("it", 60):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def start(path: Path) -> Iterator[Callable[[float], subprocess.Popen[str]]]:
    """Starts a process that has the lock until told to go on."""
    with ExitStack() as stack:

        def start(seconds: float) -> subprocess.Popen[str]:
            child = subprocess.Popen(
                [sys.executable, "-c", HOLD, str(path), str(seconds)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(child)
            stack.callback(child.kill)
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            return child

        yield start


def test_waits_for_another_process(
    path: Path, start: Callable[[float], subprocess.Popen[str]]
) -> None:
    child = start(LEASE)
    for timeout in (0, 0.03):
        with (
            pytest.raises(
                LockTimeoutError, match=rf"since process {child.pid} of here"
            ),
            hold(path, timeout),
        ):
            pytest.fail("two have the lock")
    with ThreadPoolExecutor(1) as executor:
        entered = threading.Event()

        def wait() -> None:
            with hold(path, None):
                entered.set()

        waiter = executor.submit(wait)
        assert not entered.wait(0.1)
        child.communicate("go on\n")
        waiter.result(60)
    assert not path.exists()


def test_dead_owner_s_expires(
    path: Path, start: Callable[[float], subprocess.Popen[str]]
) -> None:
    child = start(1)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert path.exists()
    with hold(path):
        assert f"process {os.getpid()} " in path.read_text("utf-8")


def test_is_renewed_as_long_as_it_is_held(path: Path) -> None:
    lease = RenewedLease(path)
    with lease.hold("it", 0):
        [thread] = renewals(path)
        assert thread.daemon
        for _ in range(3):
            assert lease.renewed.acquire(timeout=60)
    assert_ends(thread)
    assert not path.exists()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Event loop is closed"),
        ValueError("I/O operation on closed file"),
        AttributeError("'NoneType' object has no attribute 'send'"),
        StoreUnavailableError("it doesn't answer"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_renewal_survives_what_closed_connections_raise(
    path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    lease = RenewedLease(path, error, error)
    with lease.hold("it", 0):
        for _ in range(2):
            assert lease.renewed.acquire(timeout=60)
    assert warnings(caplog) == [f"Can't renew a lock: {error}"] * 2
    assert not path.exists()


def test_renewal_that_fails_since_it_is_released_is_not_told(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun = threading.Event()

    class LateLease(RenewedLease):
        def renew(self) -> bool:
            begun.set()
            assert self.released.wait(60)
            return super().renew()

    with LateLease(path, RuntimeError("it is closed")).hold("it", 0):
        [thread] = renewals(path)
        assert begun.wait(60)
    assert_ends(thread)
    assert warnings(caplog) == []


def test_lost_lock_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lease = RenewedLease(path)
    content = json.dumps({"owner": "another one", "token": "?", "end": math.inf})
    with lease.hold("it", 0):
        [thread] = renewals(path)
        with path_lock(f"{path}.lock"):
            path.write_text(content, "utf-8")
        assert_ends(thread)
        assert warnings(caplog) == []
    [warning] = warnings(caplog)
    assert warning.startswith(f"Lock {path.name!r} was lost while held")
    assert path.read_text("utf-8") == content
    with (
        pytest.raises(LockTimeoutError, match="since another one has it"),
        hold(path, 0),
    ):
        pytest.fail("two have the lock")


def test_server_gone_at_the_end(
    path: Path, caplog: pytest.LogCaptureFixture, executor: ThreadPoolExecutor
) -> None:
    lease = DroppedLease(path, StoreUnavailableError("it doesn't answer"))
    with pytest.raises(ZeroDivisionError), lease.hold("it", 0):
        [thread] = renewals(path)
        raise ZeroDivisionError
    assert_ends(thread)
    [warning] = warnings(caplog)
    assert warning == "A lock stays for 30.0 seconds: it doesn't answer"
    assert not is_free(executor, path)
    path.unlink()
    assert is_free(executor, path)


def test_error_of_the_release_leaves_it_to_threads(
    path: Path, executor: ThreadPoolExecutor
) -> None:
    lease = DroppedLease(path, RuntimeError("it is closed"))
    with pytest.raises(RuntimeError, match="it is closed"), lease.hold("it", 0):
        [thread] = renewals(path)
    assert_ends(thread)
    path.unlink()
    assert is_free(executor, path)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forked_child_has_no_lock(path: Path) -> None:
    with hold(path):
        before = token(path)
        pid = os.fork()
        if pid == 0:
            try:
                with hold(path, 0):
                    os._exit(1)
            except LockTimeoutError as e:
                os._exit(0 if f"process {os.getppid()} of here" in str(e) else 2)
            finally:
                os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert token(path) == before


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_child_that_leaves_the_block_does_not_free_it(path: Path) -> None:
    pid = 1
    try:
        with hold(path), hold(path):
            before = token(path)
            pid = os.fork()
            if pid:
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                assert code == 7
                assert token(path) == before
        if pid == 0:
            os._exit(7)
    finally:
        if pid == 0:
            os._exit(1)
    assert not path.exists()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forked_child_gets_what_a_thread_of_its_parent_had(
    path: Path, executor: ThreadPoolExecutor
) -> None:
    held, done = threading.Event(), threading.Event()

    def keep() -> None:
        with hold(path):
            held.set()
            assert done.wait(60)

    keeper = executor.submit(keep)
    assert held.wait(60)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, b"begun")
            with hold(path, 60):
                os._exit(0)
        finally:
            os._exit(1)
    assert os.read(reading, 5) == b"begun"
    done.set()
    keeper.result(60)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(reading)
    os.close(writing)


def test_locks_do_not_pile_up(tmp_path: Path) -> None:
    with hold(tmp_path / "outer"):
        for number in range(20):
            with hold(tmp_path / str(number)):
                pass
        gc.collect()
        places = [key for key in module._registry._locks if str(tmp_path) in str(key)]
        assert places == [(str(tmp_path), "outer")]


def test_nothing_is_logged_when_all_is_well(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="zensols"), hold(path):
        pass
    assert [r for r in caplog.records if r.name.startswith("zensols")] == []


def test_lock_without_lease_is_taken_for_the_first_block_only() -> None:
    did: list[str] = []

    def take(wait: Wait) -> Callable[[], None]:
        assert wait.pause()
        did.append("taken")
        return lambda: did.append("given back")

    def hold_it() -> Any:
        return hold_lock(("here", "it"), take, Wait("it", None, (0.0, 0.0, 1.0)))

    for _ in range(2):
        with hold_it(), hold_it():
            did.append("held")
    assert did == ["taken", "held", "given back"] * 2


@pytest.mark.parametrize(
    ("timeout", "seconds", "goes_on"),
    [
        (None, -1.0, True),
        (0, 0.0, False),
        (-5, 0.0, False),
        (60, 60.0, True),
        (math.inf, threading.TIMEOUT_MAX, True),
    ],
)
def test_wait(timeout: float | None, seconds: float, goes_on: bool) -> None:
    wait = Wait("it", timeout, (0.0, 0.0, 1.0))
    assert wait.seconds == seconds
    assert wait.pause() is goes_on


def test_pauses_grow_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    me, sleep = threading.current_thread(), time.sleep

    def pause(seconds: float) -> None:
        # Other threads of this process go on sleeping.
        (pauses.append if threading.current_thread() is me else sleep)(seconds)

    monkeypatch.setattr(time, "sleep", pause)
    wait = Wait("it", None, (0.25, 3.0, 2.0))
    assert all(wait.pause() for _ in range(6))
    assert pauses == [0.25, 0.5, 1.0, 2.0, 3.0, 3.0]


def test_pause_ends_with_the_time() -> None:
    wait = Wait("it", 0.01, (600.0, 600.0, 1.0))
    while wait.pause():
        pass
    assert str(wait.error("another one")).startswith("Could not lock it within 0.01")
