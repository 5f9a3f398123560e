from __future__ import annotations

from typing import Any

from browser import Served

PAGES = {
    "/": "Stores",
    "/store/0": "dir:",
    "/states": "Application states",
    "/states/0": "sqlite:",
    "/backups": "Backups",
    "/backups/0": "dir:",
}


def test_every_page(shown: Served, driver: Any, page: Any) -> None:
    messages: list[str] = []
    page.on("console", lambda m: messages.append(m.text) if m.type == "error" else None)
    outside: list[str] = []
    page.on(
        "request",
        lambda r: (
            None if r.url.startswith((shown.url, "data:")) else outside.append(r.url)
        ),
    )
    for path, title in PAGES.items():
        answer = page.goto(shown.url + path)
        assert answer.status == 200
        assert answer.headers["x-frame-options"] == "DENY"
        page.get_by_role("heading", name=title, level=1).wait_for()
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("lang") == "en-US"
        assert page.title().endswith("· stash")
        assert page.locator("nav [aria-current=page]").count() == 1
        unnamed = "button:not([aria-label])"
        assert all(page.locator(unnamed).all_inner_texts()), path
    # Nor is anything refused by the content security policy.
    assert messages == []
    assert outside == []


def test_nothing_there(shown: Served, driver: Any, page: Any) -> None:
    for path in ("/store/99", "/states/-1", "/backups/٣"):
        page.goto(shown.url + path)
        page.get_by_role("alert").get_by_text("There is no such").wait_for()


def test_page_that_is_not_there(shown: Served, driver: Any, page: Any) -> None:
    assert page.goto(f"{shown.url}/docs").status == 404
