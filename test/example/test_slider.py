"""The slider stays where it was, and its state is exported and imported."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

from browser import Serving
from labour import await_that
from server import free_port
from sliders import value_of


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
    for shown in ("1.1", "1.2", "1.3"):
        page.keyboard.press("ArrowRight")
        # A key that comes before what the last one did is shown may be lost.
        page.locator(f"[role=slider][aria-valuenow='{shown}']").wait_for()
    # It sends what was moved last some time later, maybe after the next click.
    assert await_that(lambda: value_of(page.request.get(served.url).text()) == 1.3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    exported = Path(download.value.path()).read_text()
    assert '"value": 1.3' in exported or '"value":1.3' in exported
    serving.stop(served, signal.SIGTERM)
    page.goto(start().url)
    assert value(page) == "1.3"
    assert page.get_by_role("button", name="Import").is_visible()
