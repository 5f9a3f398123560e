from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser import Driver, Served

PAGES = ("/", "/store/0", "/states/0", "/backups/0")


@pytest.mark.parametrize("path", PAGES)
def test_page_can_be_read_on_a_phone(
    path: str, shown: Served, driver: Driver, open_page: Callable[..., Any]
) -> None:
    page = open_page(viewport={"width": 375, "height": 700})
    page.goto(shown.url + path)
    page.locator("main h1").wait_for()
    page.locator("main .card").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 375


def test_value_covers_a_phone(
    shown: Served, driver: Driver, open_page: Callable[..., Any]
) -> None:
    page = open_page(viewport={"width": 375, "height": 700})
    page.goto(f"{shown.url}/store/0")
    page.get_by_role("option").first.click()
    value = page.get_by_label("Value")
    value.get_by_text("signed with your key").or_(
        value.get_by_text("not to be trusted")
    ).wait_for()
    page.wait_for_function("document.activeElement.matches('aside')")
    box = value.bounding_box()
    assert (box["x"], box["y"], box["width"]) == (0, 0, 375)
    page.keyboard.press("Escape")
    value.wait_for(state="hidden")
    page.wait_for_function("document.activeElement.matches('.keylist-scroll')")
    page.get_by_role("option").nth(1).click()
    page.get_by_role("button", name="Close").click()
    value.wait_for(state="hidden")


def test_keyboard_reaches_all(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0?key=user-05")
    page.get_by_text("id: 5").wait_for()
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "(e => e.ariaLabel || e.innerText || e.tagName)(document.activeElement)"
            )
        )
    order = [
        "Skip to main content",
        "stash",
        "Stores",
        "States",
        "Backups",
        "Switch between dark and light",
        "Keys",
    ]
    assert reached[: len(order)] == order
    assert "Search keys" in reached
    assert "Sort by" in reached
    assert reached.count("Keys") == 2, reached


def test_skip_link_skips(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.tagName === 'MAIN'")


def test_dark_and_light(
    shown: Served, driver: Driver, open_page: Callable[..., Any]
) -> None:
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        page.goto(shown.url)
        page.locator(f"body.body--{scheme}").wait_for()
    page.get_by_role("button", name="Switch between dark and light").click()
    page.locator("body.body--light").wait_for()
    # As it was left.
    page.goto(f"{shown.url}/states")
    page.locator("body.body--light").wait_for()


CONTRAST = """() => {
    const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = (c) => {
        const [r, g, b] = c.map((v) => (v /= 255) <= .03928 ? v / 12.92
                                                     : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ground = (e) => {
        for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$/.test(c)) return rgb(c);
        }
        return [255, 255, 255];
    };
    const low = [];
    for (const e of document.querySelectorAll("main *, header *")) {
        const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!text || !e.offsetParent || e.closest("svg, .q-icon")) continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) low.push(`${e.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(
    scheme: str, shown: Served, driver: Driver, open_page: Callable[..., Any]
) -> None:
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    for path, ready in (
        ("/", "100,000 keys"),
        ("/store/0?key=foreign", "not to be trusted"),
        ("/states/0", "~ step: 3 → 4"),
        ("/backups/0", "− user-01"),
    ):
        page.goto(shown.url + path)
        page.get_by_text(ready).first.wait_for()
        page.locator(f"body.body--{scheme}").wait_for()
        assert page.evaluate(CONTRAST) == []


def test_problem_is_plain() -> None:
    pytest.importorskip("nicegui")
    from zensols.persist.ui.layout import plain

    shown = plain("redis://:topsecret@host/0\x1b[31m is down")
    assert "topsecret" not in shown
    assert shown.isprintable()
    assert shown.endswith("is down")
