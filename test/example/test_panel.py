"""The panel shows what the other examples keep."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from browser import Serving


def test_panel(serving: Serving, examples: Path, driver: Any, page: Any) -> None:
    served = serving.start(
        sys.executable,
        str(examples / "panel.py"),
        "--data",
        str(serving.folder / "data"),
        "--limit",
        "6",
        "--port",
        "0",
        "--no-open",
        "--json",
    )
    page.goto(served.url)
    page.get_by_text("6 keys").wait_for()
    page.get_by_role("link", name="DirectoryStash").click()
    page.get_by_role("option").filter(has_text="mandelbrot").click()
    page.get_by_alt_text("as a picture").wait_for()
    page.goto(f"{served.url}/store/0?key=__future__")
    # A class of the example.
    page.locator(".tree").get_by_text("Module, ").wait_for()
    page.goto(f"{served.url}/states/0")
    page.get_by_text("25 steps").wait_for()
    page.goto(f"{served.url}/backups/0")
    page.get_by_text("6 entries").first.wait_for()
    assert page.get_by_label("Snapshots").locator("li").count() == 2
    serving.stop(served, signal.SIGTERM)
    host, _, port = served.url.rpartition("/")[2].rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
