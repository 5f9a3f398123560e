"""Closing what nobody closed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading

import pytest

from zensols.persist.stash.leftovers import close_now, close_when_collected


class Owner:
    """In a cycle, so that it is garbage until it is collected."""

    def __init__(self) -> None:
        self.self = self


def test_collected_is_closed_by_another_thread() -> None:
    closed = threading.Event()
    threads = []

    def close() -> None:
        threads.append(threading.current_thread())
        closed.set()

    owner = Owner()
    finalizer = close_when_collected(owner, close)
    gc.collect()
    assert not closed.is_set()
    del owner
    gc.collect()
    assert closed.wait(60)
    assert threading.current_thread() not in threads
    close_now(finalizer)
    assert len(threads) == 1


def test_closed_at_once() -> None:
    closed = []
    finalizer = close_when_collected(owner := Owner(), lambda: closed.append(1))
    close_now(finalizer)
    assert closed == [1]
    del owner
    gc.collect()
    close_now(finalizer)
    assert closed == [1]


def test_thread_ends_when_nothing_is_open() -> None:
    """Processes with threads should not be forked."""
    code = """
def closers():
    return [thread for thread in threading.enumerate() if thread.name == "closes"]
other = Owner()
finalizer = close_when_collected(owner, close)
close_when_collected(other, close)
[thread] = closers()
close_now(finalizer)
assert closers() == [thread]
del other
thread.join(60)
assert closers() == []
finalizer = close_when_collected(owner, close)
assert len(closers()) == 1
"""
    assert run(code) == "closed\n" * 3


def test_failure_is_logged_and_others_are_closed() -> None:
    code = """
first, second, closed = Owner(), Owner(), threading.Event()
close_when_collected(first, lambda: 1 / 0)
close_when_collected(second, closed.set)
del first, second
assert closed.wait(60)
"""
    assert run("logging.basicConfig(stream=sys.stdout)\n" + code).startswith(
        "WARNING:zensols.persist.stash.leftovers:Can't close what was collected\n"
    )


def run(code: str) -> str:
    begin = (
        "import gc, logging, os, sys, threading\n"
        "from zensols.persist.stash.leftovers import close_now, close_when_collected\n"
        "class Owner: pass\n"
        "def close(): print('closed', flush=True)\n"
        "owner = Owner()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", begin + code],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    ).stdout


def test_at_the_end_of_the_process() -> None:
    code = "finalizer = close_when_collected(owner, close)\nprint('end', flush=True)"
    assert run(code) == "end\nclosed\n"


def test_what_is_being_closed_at_the_end_of_the_process() -> None:
    """Even if the thread has more to do than it can."""
    code = (
        "first, second, begun = Owner(), Owner(), threading.Event()\n"
        "def hang():\n"
        "    begun.set()\n"
        "    threading.Event().wait()\n"
        "close_when_collected(first, hang)\n"
        "close_when_collected(second, close)\n"
        "del first\n"
        "begun.wait()\n"
        "del second\n"
        "print('end', flush=True)"
    )
    assert run(code) == "end\nclosed\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize(
    "leave", ["del owner; gc.collect()", "close_now(finalizer)", "pass"]
)
def test_child_leaves_it_open(leave: str) -> None:
    code = f"""
finalizer = close_when_collected(owner, close)
pid = os.fork()
if pid == 0:
    {leave}
    mine = Owner()
    closed = threading.Event()
    close_when_collected(mine, closed.set)
    del mine
    assert closed.wait(60)
    print("child", flush=True)
    sys.exit()
os.waitpid(pid, 0)
print("end", flush=True)
"""
    assert run(code) == "child\nend\nclosed\n"
