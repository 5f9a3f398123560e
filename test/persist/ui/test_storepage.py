from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from browser import Served
from shop import HOSTILE, ODD, Shop


def options(page: Any) -> list[str]:
    return list(page.locator(".keylist-row .cell-key").all_inner_texts())


def test_search_and_sort(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0")
    page.get_by_text("33 keys").wait_for()
    search = page.get_by_label("Search keys")
    search.fill("USER-0?")
    page.get_by_text("9 keys").wait_for()
    page.get_by_label("Sort by").click()
    page.get_by_role("option", name="size", exact=True).click()
    page.locator("[aria-posinset='1']").get_by_text("user-09").wait_for()
    assert options(page)[:4] == ["user-09", "user-08", "user-07", "user-06"]
    search.fill("nobody")
    page.get_by_role("heading", name="No key matches").wait_for()
    assert page.get_by_role("listbox").is_hidden()
    search.fill("")
    page.get_by_text("33 keys").wait_for()


def test_too_many_to_sort(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/1")
    page.get_by_text("100,000 keys").wait_for()
    page.get_by_label("Sort by").click()
    page.get_by_role("option", name="size", exact=True).click()
    page.get_by_text("Too many keys to sort").wait_for()
    page.get_by_label("Search keys").fill("99")
    page.get_by_text("More than").or_(page.get_by_text(" keys.")).first.wait_for()


def test_hostile_key_and_value(shown: Served, driver: Any, page: Any) -> None:
    # An alert, or an error of a script, fails the test: see the fixture.
    page.goto(f"{shown.url}/store/0")
    page.get_by_label("Search keys").fill("<script>")
    page.get_by_role("option", name=HOSTILE).click()
    page.get_by_role("heading", name=HOSTILE).wait_for()
    page.locator(".value", has_text="<img src=x onerror=").wait_for()
    assert page.locator("img").count() == 0
    assert page.evaluate("document.scripts.length") == page.evaluate(
        "[...document.scripts].filter(s => !s.text.includes('alert(')).length"
    )
    # The address leads to it.
    page.reload()
    page.get_by_role("heading", name=HOSTILE).wait_for()


def test_value_as_a_tree(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0?key={quote('report/2026')}")
    tree = page.locator(".tree")
    tree.get_by_text("title: “Numbers”").wait_for()
    assert tree.get_by_text("0: 1").is_hidden()
    tree.get_by_text("n: list, 3 items").click()
    tree.get_by_text("0: 1").wait_for()
    page.get_by_text("signed with your key").wait_for()


def test_foreign_value_is_not_unpickled(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0?key=foreign")
    page.get_by_role("alert").get_by_text("Foreign").wait_for()
    page.get_by_text("not to be trusted").wait_for()
    assert page.locator(".tree").count() == 0


def test_key_that_is_not_there(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0?key=absent")
    page.get_by_text("There is no such key").wait_for()


def test_charts(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0")
    page.get_by_role("tab", name="Charts").click()
    page.locator(".chart svg").nth(2).wait_for()
    page.get_by_text("33 entries").first.wait_for()
    page.locator(".chart").first.get_by_text("< 1.0 KiB").wait_for()
    page.get_by_role("tab", name="Keys").click()
    page.get_by_role("listbox").wait_for()


def test_empty_store(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/2")
    page.get_by_role("heading", name="Nothing here").wait_for()
    page.get_by_text("stash put sqlite:").wait_for()
    page.get_by_role("tab", name="Charts").click()
    page.get_by_role("heading", name="No charts").wait_for()


def test_store_that_can_not_be_reached(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/3")
    page.get_by_role("heading", name="The store can't be read").wait_for()


def test_nothing_can_be_changed(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/0?key=user-05")
    page.get_by_text("id: 5").wait_for()
    page.get_by_text("read-only").wait_for()
    assert page.get_by_role("button", name="Delete").count() == 0


def test_delete_and_undo(
    shop: Shop, writing: Callable[[], Served], driver: Any, page: Any
) -> None:
    shop.fill_work()
    stash = shop.stash()
    entry = stash.load_entry(HOSTILE)
    page.goto(f"{writing().url}/store/0?key={quote(HOSTILE)}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_text(f"Deleted {HOSTILE}").wait_for()
    page.get_by_text("31 keys").wait_for()
    assert HOSTILE not in stash.keys()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("32 keys").wait_for()
    page.get_by_role("heading", name=HOSTILE).wait_for()
    assert stash.load_entry(HOSTILE) == entry
    # But not over a new value.
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("31 keys").wait_for()
    stash[HOSTILE] = "new"
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("has a new value").wait_for()
    assert stash[HOSTILE] == "new"


def test_keys_of_any_characters(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/store/5")
    page.get_by_text(f"{len(ODD)} keys").wait_for()
    for index in range(len(ODD)):
        row = page.locator(f"[aria-posinset='{index + 1}']")
        row.click()
        page.wait_for_function(
            "([key, mark]) => document.querySelector(mark)?.textContent === key",
            arg=[row.locator(".cell-key").text_content(), "aside h2 div"],
        )
        page.locator("aside .value").wait_for()
