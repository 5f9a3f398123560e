from __future__ import annotations

from collections.abc import Callable
from typing import Any

from browser import Served
from shop import Shop

from zensols.persist.backup import snapshots


def changes(page: Any) -> list[str]:
    return list(
        page.get_by_label("Changes", exact=True).locator("li").all_inner_texts()
    )


def test_timeline_and_differences(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/backups/0")
    page.get_by_label("Changes", exact=True).wait_for()
    assert page.get_by_label("Snapshots").locator("li").count() == 2
    assert changes(page) == ["~ user-00", "− user-01"]
    page.get_by_label("Compare with").click()
    page.get_by_role("option", name="as it is now").first.click()
    page.get_by_text("What was done to it since").wait_for()
    page.get_by_text("+ later").wait_for()
    assert page.get_by_role("button", name="Restore").count() == 0
    assert page.get_by_role("button", name="Take").count() == 0


def test_snapshot_is_taken(
    shop: Shop, writing: Callable[[], Served], driver: Any, page: Any
) -> None:
    shop.fill_work()
    page.goto(f"{writing().url}/backups/0")
    page.get_by_role("heading", name="No snapshots").wait_for()
    page.get_by_role("button", name="Take a snapshot").click()
    page.get_by_text("32 entries").first.wait_for()
    [taken] = snapshots(shop.url("backups"))
    assert taken.count == 32


def test_no_snapshots(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/backups/1")
    page.get_by_role("heading", name="No snapshots").wait_for()
    page.get_by_text("stash backup now URL dir:").wait_for()
