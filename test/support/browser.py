"""A real browser, and what it looks at.

The synchronous interface of Playwright leaves a running event loop in its thread, so
it has a thread of its own, in which the tests that ask for a page are run.

"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
WAIT = 60_000
"""Milliseconds; never waited for in full unless something is wrong."""


def find_browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Driver:
    """Starts the browser, in its thread."""

    def __init__(self, path: str) -> None:
        self.thread = ThreadPoolExecutor(1, "browser")
        self._path = path
        self._playwright: Any = None
        self._browser: Any = None

    def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.thread.submit(work, *args, **kwargs).result()

    def start(self) -> None:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=self._path, headless=True, args=list(ARGUMENTS)
        )

    def open(self, **options: Any) -> Any:
        context = self._browser.new_context(
            **{"viewport": {"width": 1200, "height": 800}} | options
        )
        context.set_default_timeout(WAIT)
        return context.new_page()

    def stop(self) -> None:
        self._browser.close()
        self._playwright.stop()


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    path = find_browser()
    if path is None:
        pytest.skip(
            "No browser: run apt-get install chromium, which make test does as root"
        )
    driver = Driver(path)
    with driver.thread:
        driver.run(driver.start)
        yield driver
        driver.run(driver.stop)


@pytest.fixture
def open_page(driver: Driver) -> Iterator[Callable[..., Any]]:
    """Opens a page of a browser that knows nothing yet.  What goes wrong on it, its
    scripts' errors and refused requests included, fails the test.
    """
    pages: list[Any] = []
    problems: list[str] = []

    def open_page(**options: Any) -> Any:
        page = driver.open(**options)
        page.on("pageerror", lambda e: problems.append(str(e)))
        page.on("dialog", lambda d: problems.append(f"dialog {d.message}"))
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        driver.run(page.context.close)
    assert problems == []


@pytest.fixture
def page(driver: Driver, open_page: Callable[..., Any]) -> Any:
    return driver.run(open_page)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    driver = pyfuncitem.funcargs.get("driver")
    if driver is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    driver.run(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names})
    return True


class Served:
    """A web server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def wait(self) -> None:
        """Waits until it can be connected to, which NiceGUI says a little early."""
        host, _, port = self.url.rpartition("/")[2].rpartition(":")
        end = time.monotonic() + WAIT / 1000
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=60).close()
                return
            except ConnectionRefusedError:
                assert self.process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.02)

    def peak(self) -> int:
        """How many bytes of memory it has had at most."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) << 10


class Serving:
    """Starts and stops web servers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._served: list[Served] = []

    def start(self, *command: str, **env: str) -> Served:
        """Starts a server, whose first line of output has its URL."""
        # In which NiceGUI would behave as in a test of its own.
        kept = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        with open(self.folder / "errors.txt", "ab") as errors:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=self.folder,
                env=kept | env,
            )
        assert process.stdout is not None
        found = re.search(r"https?://[\w.:\[\]]+", process.stdout.readline())
        if found is None:
            process.wait(WAIT / 1000)
            raise AssertionError(self.errors())
        served = Served(process, found[0])
        served.wait()
        self._served.append(served)
        return served

    def panel(self, *arguments: str, **env: str) -> Served:
        command = str(Path(sys.executable).with_name("stash"))
        return self.start(
            command, "ui", "--no-open", "--json", "--port", "0", *arguments, **env
        )

    def stop(self, served: Served, number: int = signal.SIGINT) -> int:
        self._served.remove(served)
        served.process.send_signal(number)
        code = served.process.wait(WAIT / 1000)
        assert served.process.stdout is not None
        served.process.stdout.close()
        return code

    def errors(self) -> str:
        return (self.folder / "errors.txt").read_text()

    def close(self) -> None:
        for served in list(self._served):
            self.stop(served, signal.SIGTERM)
        # Shown where the test fails.
        print(self.errors() if (self.folder / "errors.txt").exists() else "")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """Starts servers in the test's folder, and ends them."""
    serving = Serving(tmp_path)
    yield serving
    serving.close()
