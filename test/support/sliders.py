"""NiceGUI apps with a slider, as processes of their own, and their visitors."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labour import await_that
from server import free_port

BOUND = 60
"""Seconds after which an app is taken to hang."""

ROOT = Path(__file__).parent.parent.parent

# Scripts say nothing of the port, and must not be changed.
_PLACE = """
import os
import uvicorn

_init = uvicorn.Config.__init__

def init(self, *args, **kwargs):
    _init(self, *args, **{**kwargs, "host": "127.0.0.1", "port": int(os.environ["PORT"])})

uvicorn.Config.__init__ = init
"""


class App:
    """A running app."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.address = f"http://127.0.0.1:{port}"
        assert process.stdout is not None
        said = ""
        while "NiceGUI ready" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        # It says so a moment before.
        assert await_that(lambda: is_open(port))

    def visit(self) -> str:
        """The page, as somebody sees it who comes now."""
        with urllib.request.urlopen(self.address, timeout=BOUND) as answer:
            page: str = answer.read().decode()
        return page

    def value(self) -> float:
        """What the slider shows to somebody who comes now."""
        return value_of(self.visit())

    def move(self, page: str, value: float) -> None:
        """Move the slider on a page."""
        asyncio.run(self._move(page, value))

    async def _move(self, page: str, value: float) -> None:
        import socketio

        client = re.search(r"'client_id': '([^']+)'", page)
        listener = re.search(r'"tag":"q-slider".*?"listener_id":"([^"]+)"', page)
        number = re.search(r'"(\d+)":\{"tag":"q-slider"', page)
        assert client is not None
        assert listener is not None
        assert number is not None
        query = (
            f"client_id={client[1]}&next_message_id=0&implicit_handshake=true"
            "&tab_id=tab&document_id=document"
        )
        async with socketio.AsyncSimpleClient() as visitor:
            await visitor.connect(
                f"{self.address}?{query}", socketio_path="/_nicegui_ws/socket.io"
            )
            event = {
                "id": int(number[1]),
                "client_id": client[1],
                "listener_id": listener[1],
                "args": [str(value)],
            }
            # Answered when it has been handled.
            await visitor.call("event", event, timeout=BOUND)

    def end(self, number: int) -> str:
        """End the app by a signal, and return what it printed."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=BOUND)
        return out


def is_open(port: int) -> bool:
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", port)) == 0


def value_of(page: str) -> float:
    found = re.search(r'"tag":"q-slider".*?"model-value":([\d.]+)', page)
    assert found is not None, page
    return float(found[1])


@contextmanager
def run_app(script: Path, home: Path) -> Iterator[App]:
    """Run a script, whose modules are kept in a folder."""
    port = free_port()
    place = script.parent / "place"
    place.mkdir(exist_ok=True)
    (place / "sitecustomize.py").write_text(_PLACE)
    environment = {
        **os.environ,
        "BROWSER": "true",
        "PORT": str(port),
        "PYTHONPATH": os.pathsep.join((str(place), str(ROOT))),
        "ZENSOLS_PERSIST_HOME": str(home),
    }
    # NiceGUI behaves otherwise where it sees this.
    environment.pop("PYTEST_CURRENT_TEST", None)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=script.parent,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            yield App(process, port)
        finally:
            try:
                os.killpg(process.pid, 9)
            except ProcessLookupError:
                pass
