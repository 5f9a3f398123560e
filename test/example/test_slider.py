"""The slider stays where it was, and its state is exported and imported."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

from browser import Serving
from server import free_port


def value(page: Any) -> str:
    return str(page.get_by_role("slider").get_attribute("aria-valuenow"))


def test_value_is_kept(
    serving: Serving, examples: Path, driver: Any, page: Any
) -> None:
    home = serving.folder / "home"

    def start() -> Any:
        return serving.start(
            sys.executable,
            str(examples / "slider.py"),
            PORT=str(free_port()),
            ZENSOLS_PERSIST_HOME=str(home),
        )

    served = start()
    page.goto(served.url)
    assert value(page) == "1"
    page.locator(".q-slider [tabindex]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.locator("[role=slider][aria-valuenow='1.3']").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    exported = Path(download.value.path()).read_text()
    assert '"value": 1.3' in exported or '"value":1.3' in exported
    serving.stop(served, signal.SIGTERM)
    page.goto(start().url)
    assert value(page) == "1.3"
    assert page.get_by_role("button", name="Import").is_visible()
