from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import zensols.persist
from zensols.persist.backup.lifetime import begin, end

ROOT = Path(zensols.persist.__file__).parents[2]
CODE = """
import os, signal, sys
from zensols.persist.backup.lifetime import begin, end
class Service:
    def __init__(self, name): self.name = name
    def retire(self): print("retire", self.name, flush=True)
    def stop(self): print("stop", self.name, flush=True)
class Broken(Service):
    def stop(self): raise OSError("no disk")
"""
SAY = "print('ready', flush=True); sys.stdin.read()\n"


class Service:
    def __init__(self) -> None:
        self.retired = False

    def retire(self) -> None:
        self.retired = True

    def stop(self) -> None:
        raise AssertionError("not the end")


def run(code: str, kill: int = 0) -> tuple[int, list[str], str]:
    with subprocess.Popen(
        [sys.executable, "-c", CODE + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as child:
        assert child.stdout is not None
        lines = []
        if kill:
            lines.append(child.stdout.readline().strip())
            child.send_signal(kill)
        out, err = child.communicate(timeout=60)
    return child.returncode, [*lines, *out.split("\n")][:-1], err


def test_newer_one_takes_over() -> None:
    older, newer, other = Service(), Service(), Service()
    begin("a", older)
    begin("b", other)
    begin("a", newer)
    end(older)
    assert older.retired
    assert not newer.retired
    begin("a", third := Service())
    assert newer.retired, "it had not been ended with the older one"
    for service in (third, other):
        end(service)


def test_all_stop_at_the_end_of_the_program() -> None:
    code, said, err = run("begin(1, Broken('x')); begin(2, Service('y'))")
    assert (code, said) == (0, ["stop y"])
    assert "no disk" in err


def test_what_has_ended_is_not_stopped() -> None:
    assert run("s = Service('x'); begin(1, s); end(s)")[:2] == (0, [])


def test_forked_child_stops_nothing() -> None:
    code = "begin(1, Service('x')); pid = os.fork()\nif not pid: sys.exit()\n"
    assert run(code + "os.waitpid(pid, 0)")[:2] == (0, ["stop x"])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 1)]
)
def test_signals_stop_all(number: int, code: int) -> None:
    result = run("begin(1, Service('x'))\n" + SAY, number)
    assert result[1] == ["ready", "stop x"]
    assert result[0] in (code, -number, 130)


def test_handler_that_was_there_is_called() -> None:
    result = run(
        "def leave(number, frame): print('leaving', flush=True); os._exit(3)\n"
        "signal.signal(signal.SIGTERM, leave); begin(1, Service('x'))\n" + SAY,
        signal.SIGTERM,
    )
    assert result[:2] == (3, ["ready", "stop x", "leaving"])


def test_signal_that_is_ignored_stays_so() -> None:
    code, said, _ = run(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); begin(1, Service('x'))\n"
        "os.kill(os.getpid(), signal.SIGTERM); print('here', flush=True)"
    )
    assert (code, said) == (0, ["here", "stop x"])


def test_other_threads_begin_without_signals() -> None:
    code, said, _ = run(
        "import threading\n"
        "t = threading.Thread(target=begin, args=(1, Service('x'))); t.start(); t.join()"
        "\nprint(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, flush=True)"
    )
    assert (code, said) == (0, ["True", "stop x"])
