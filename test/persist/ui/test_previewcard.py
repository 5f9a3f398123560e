from __future__ import annotations

from typing import Any

from browser import Served


def test_array(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/4?key=grid")
    image = page.get_by_alt_text("The array of 20 × 30 as a picture")
    image.wait_for()
    assert image.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [30, 20]
    page.locator(".chart svg").wait_for()
    page.get_by_text("599", exact=True).wait_for()


def test_text(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/4?key=text")
    value = page.locator(".value")
    value.wait_for()
    assert value.evaluate("e => e.innerText").startswith("two\nlines two\n")
