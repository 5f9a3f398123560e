"""Programs that end, in each way there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest

ROOT = Path(__file__).parents[3]

HEAD = """
import asyncio, os, signal, sys, threading
from zensols import persist as persistence

class Model(persistence.PersistentModule):
    def __init__(self, key=None):
        super().__init__(persistence_key=key)
        self.value = 1

    def backup(self):
        return {"value": self.value}

    def restore(self, data):
        self.value = data["value"]
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program to its end."""

    def run(
        code: str, *, status: int = 0, warnings: str = "error"
    ) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "robot.py"
        script.write_text(HEAD + dedent(code))
        environment = dict(os.environ)
        # NiceGUI behaves otherwise where it sees this.
        environment.pop("PYTEST_CURRENT_TEST", None)
        done = subprocess.run(
            [sys.executable, "-W", warnings, script],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            env={
                **environment,
                "PYTHONPATH": str(ROOT),
                "ZENSOLS_PERSIST_HOME": str(tmp_path / "home"),
            },
        )
        assert done.returncode == status, done.stderr
        return done

    return run


def kept(tmp_path: Path, key: str = "robot.Model") -> object:
    path = tmp_path / "home" / f"{key}.json"
    return json.loads(path.read_text())["value"] if path.exists() else None


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "home").iterdir())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("raise ValueError", 1),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT),
        (
            """signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
os.kill(os.getpid(), signal.SIGTERM)""",
            7,
        ),
        ("threading.Thread(target=setattr, args=(model, 'value', 5)).start()", 0),
    ],
)
def test_changed_module_is_written(
    code: str, status: int, run: Run, tmp_path: Path
) -> None:
    run(
        f"model = Model()\nsame = Model('same')\nmodel.value = 5\n{code}", status=status
    )
    assert kept(tmp_path) == 5
    assert left(tmp_path) == ["robot.Model.json"]
    assert run("print(Model().value)").stdout == "5\n"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("await asyncio.sleep(0)", 0),
        ("raise ValueError", 1),
        ("os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(60)", -15),
        ("os.kill(os.getpid(), signal.SIGINT); await asyncio.sleep(60)", -2),
        (
            """cancel = asyncio.current_task().cancel
asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, cancel)
os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(60)""",
            1,
        ),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_asyncio_program(
    code: str, status: int, inside: bool, run: Run, tmp_path: Path
) -> None:
    lines = ["async def main():"]
    lines += ["    global model", "    model = Model()"] if inside else []
    lines += ["    model.value = 5", indent(code, "    ")]
    lines += [] if inside else ["model = Model()"]
    run("\n".join([*lines, "asyncio.run(main())"]), status=status)
    assert kept(tmp_path) == 5
    assert left(tmp_path) == ["robot.Model.json"]


def test_written_when_the_loop_ends(run: Run) -> None:
    said = run("""
        from pathlib import Path
        folder = Path(os.environ["ZENSOLS_PERSIST_HOME"])

        async def main():
            global model
            model = Model()
            try:
                model.value = 5
                await asyncio.sleep(0)
            finally:
                model.value = 6

        asyncio.run(main())
        print((folder / "robot.Model.json").read_text())
        """).stdout
    assert json.loads(said) == {"value": 6}


def test_written_when_a_nicegui_app_ends(run: Run) -> None:
    pytest.importorskip("nicegui")
    said = run(
        """
        import socket
        from pathlib import Path
        from nicegui import app, ui

        # Stays bound, so that no other program gets the port meanwhile; who sets
        # this option, as servers do, can listen there all the same.
        free = socket.socket()
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        model = Model()
        app.on_startup(lambda: setattr(model, "value", 5))
        app.timer(0.01, app.shutdown, once=True)
        ui.run(lambda: None, host="127.0.0.1", port=port, reload=False, show=False)
        free.close()
        print((Path(os.environ["ZENSOLS_PERSIST_HOME"]) / "robot.Model.json").read_text())
        """,
        warnings="default",
    ).stdout
    assert json.loads(said[said.index("{") :]) == {"value": 5}


def test_written_once(run: Run) -> None:
    said = run(
        """
        from zensols.persist.module import document
        replace = document.replace

        def note(path, *args, **kwargs):
            replace(path, *args, **kwargs)
            print(os.path.basename(path), flush=True)

        document.replace = note

        async def main():
            models = Model("a"), Model("b"), Model("same")
            models[0].value = 5
            models[0].request_backup()
            models[1].value = 5

        asyncio.run(main())
        os.kill(os.getpid(), signal.SIGTERM)
        """,
        status=-signal.SIGTERM,
    ).stdout
    assert sorted(said.split()) == ["a.json", "b.json"]


@pytest.mark.parametrize("ends", [True, False])
def test_handler_that_is_there_is_chained(run: Run, tmp_path: Path, ends: bool) -> None:
    said = run(
        f"""
        def stop(number, frame):
            print("stopped", number, os.listdir(os.environ["ZENSOLS_PERSIST_HOME"]))
            if {ends}:
                sys.exit(4)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        model = Model()
        other = Model("other")
        for number in (signal.SIGTERM, signal.SIGINT):
            model.value += 1
            os.kill(os.getpid(), number)
        """,
        status=4 if ends else 0,
    ).stdout
    first = said.splitlines()[0]
    assert first.startswith("stopped 15 ")
    assert "'robot.Model.json'" in first
    assert kept(tmp_path) == (2 if ends else 3)
    assert len(said.splitlines()) == (1 if ends else 2)


def test_ignored_signal_stays_ignored(run: Run, tmp_path: Path) -> None:
    said = run("""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        model = Model()
        os.kill(os.getpid(), signal.SIGTERM)
        print(signal.getsignal(signal.SIGTERM) is signal.SIG_IGN)
        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        """).stdout
    assert said.split() == ["True", "True"]


def test_signal_while_a_lock_is_held_that_backup_needs(
    run: Run, tmp_path: Path
) -> None:
    run(
        """
        from zensols.persist.module import shutdown
        shutdown._PATIENCE = 0.1
        lock = threading.Lock()

        class Locked(Model):
            def backup(self):
                with lock:
                    return super().backup()

        model = Locked("locked")
        with lock:
            model.value = 5
            os.kill(os.getpid(), signal.SIGTERM)
        """,
        status=128 + signal.SIGTERM,
    )
    assert kept(tmp_path, "locked") == 5


def test_no_handler_in_a_notebook_or_another_thread(run: Run) -> None:
    said = run("""
        before = signal.getsignal(signal.SIGTERM)
        thread = threading.Thread(target=Model, args=("thread",))
        thread.start()
        thread.join()
        print(signal.getsignal(signal.SIGTERM) is before)

        import types
        sys.modules["ipykernel"] = types.ModuleType("ipykernel")
        model = Model("kernel")
        print(signal.getsignal(signal.SIGTERM) is before)

        del sys.modules["ipykernel"]
        shell = sys.modules["IPython"] = types.ModuleType("IPython")
        shell.get_ipython = lambda: object()
        model = Model("shell")
        print(signal.getsignal(signal.SIGTERM) is before)

        shell.get_ipython = lambda: None
        model = Model("none")
        print(signal.getsignal(signal.SIGTERM) is before)
        """).stdout
    assert said.split() == ["True", "True", "True", "False"]


FORK = """
    model = Model()
    model.value = 5
    pid = os.fork()
    if pid == 0:
        model.value = 6
        model.request_backup()
        {end}
    os.waitpid(pid, 0)
    print(os.listdir(os.environ["ZENSOLS_PERSIST_HOME"]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "end", ["sys.exit()", "os.kill(os.getpid(), signal.SIGTERM)", "raise ValueError"]
)
def test_forked_child_never_writes(end: str, run: Run, tmp_path: Path) -> None:
    said = run(FORK.format(end=end)).stdout
    # The parent's lock, which the child has not taken away, either.
    assert said == "['.robot.Model.json.lock']\n"
    assert kept(tmp_path) == 5


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_module_of_a_child_is_written(method: str, run: Run, tmp_path: Path) -> None:
    run(f"""
        import multiprocessing

        def work():
            model = Model("child")
            model.value = 5

        if __name__ == "__main__":
            child = multiprocessing.get_context("{method}").Process(target=work)
            child.start()
            child.join()
            assert child.exitcode == 0
        """)
    assert kept(tmp_path, "child") == 5


def test_spawned_children_import_the_script(run: Run, tmp_path: Path) -> None:
    run("""
        import multiprocessing

        model = Model()

        def work(number):
            return model.value + number

        if __name__ == "__main__":
            model.value = 5
            with multiprocessing.get_context("spawn").Pool(2) as pool:
                assert pool.map(work, [1, 2]) == [2, 3]
        """)
    assert kept(tmp_path) == 5
    assert left(tmp_path) == ["robot.Model.json"]


def test_second_program_is_told(run: Run, tmp_path: Path) -> None:
    said = run(
        """
        import subprocess
        if len(sys.argv) == 1 and "SECOND" not in os.environ:
            model = Model()
            done = subprocess.run([sys.executable, __file__], capture_output=True,
                                  text=True, env={**os.environ, "SECOND": "1"})
            print(done.returncode, str(os.getpid()) in done.stderr)
            print(done.stderr.splitlines()[-1])
            os.kill(os.getpid(), signal.SIGKILL)
        model = Model()
        """,
        status=-signal.SIGKILL,
    ).stdout
    first, message = said.splitlines()
    assert first == "1 True"
    assert "Module 'robot.Model' is that of process" in message
    # What the killed one held is free.
    run("model = Model()\nmodel.value = 5")
    assert kept(tmp_path) == 5
