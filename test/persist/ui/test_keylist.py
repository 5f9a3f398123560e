from __future__ import annotations

from typing import Any

from browser import Served


def options(page: Any) -> list[str]:
    return list(page.locator(".keylist-row .cell-key").all_inner_texts())


def await_rows(page: Any, count: int) -> None:
    """Wait until there are so many rows, which is a little after it is said."""
    page.get_by_text(f"{count:,} keys").wait_for()
    page.locator(f"[aria-setsize='{count}']").first.wait_for()
    page.locator(".keylist-wait").first.wait_for(state="detached")


def test_scrolls_through_many_keys(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/1")
    await_rows(page, 100_000)
    keys = page.get_by_role("listbox")
    assert options(page)[0] == "key-000000"
    for place, part in (("000000", 0), ("05", 0.5), ("0999", 1), ("02", 0.25)):
        keys.evaluate("(e, part) => e.scrollTop = part * e.scrollHeight", part)
        page.locator(".cell-key", has_text=f"key-{place}").first.wait_for()
        page.locator(".keylist-wait").first.wait_for(state="detached")
        # Only what is in sight is there.
        assert 5 < len(options(page)) < 60
        shown_keys = options(page)
        assert shown_keys == sorted(shown_keys)


def test_keyboard(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/1")
    await_rows(page, 100_000)
    keys = page.get_by_role("listbox")
    keys.focus()
    for press, index in (
        ("ArrowDown", 1),
        ("ArrowDown", 2),
        ("ArrowUp", 1),
        ("Home", 0),
        ("End", 99_999),
        ("ArrowDown", 99_999),
    ):
        page.keyboard.press(press)
        active = page.locator(f"[aria-posinset='{index + 1}'].active")
        active.get_by_text(f"key-{index:06}").wait_for()
        assert keys.get_attribute("aria-activedescendant") == active.get_attribute("id")
    page.keyboard.press("PageUp")
    page.locator("[aria-posinset='100000'].active").wait_for(state="detached")
    page.keyboard.press("End")
    page.get_by_text("key-099999").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="key-099999").wait_for()
    page.get_by_text("99999", exact=True).wait_for()


def test_rows_are_described(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/1")
    await_rows(page, 100_000)
    row = page.get_by_role("option").nth(2)
    assert row.get_attribute("aria-setsize") == "100000"
    assert row.get_attribute("aria-posinset") == "3"
    row.click()
    page.locator("[role=option][aria-selected=true]").get_by_text(
        "key-000002"
    ).wait_for()


def test_list_of_few_keys(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0")
    await_rows(page, 33)
    page.get_by_label("Search keys").fill("user-0")
    await_rows(page, 9)
    assert sorted(options(page)) == [f"user-0{n}" for n in range(10) if n != 1]
