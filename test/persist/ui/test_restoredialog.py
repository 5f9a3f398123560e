from __future__ import annotations

from collections.abc import Callable
from typing import Any

from browser import Served
from shop import Shop


def test_restore_and_undo(
    shop: Shop, writing: Callable[[], Served], driver: Any, page: Any
) -> None:
    shop.fill_work()
    before = dict(shop.stash())
    shop.fill_backups()
    stash = shop.stash()
    now = dict(stash)
    assert now != before
    served = writing()
    page.goto(f"{served.url}/backups/0")
    # Of the snapshot that is shown first.
    page.get_by_label("Changes", exact=True).wait_for()
    page.get_by_role("button", name="Show").nth(1).click()
    page.get_by_text("32 entries").nth(1).wait_for()
    page.get_by_role("button", name="Restore …").click()
    page.get_by_text("Would change: 1 added, 1 changed").wait_for()
    page.get_by_text("Make the store as it was").click()
    page.get_by_text("Would change: 1 added, 1 changed, 1 removed").wait_for()
    dialog = page.get_by_role("dialog")
    assert dialog.locator(".diff li").all_inner_texts() == [
        "+ user-01",
        "~ user-00",
        "− later",
    ]
    assert dict(stash) == now
    dialog.get_by_role("button", name="Restore").click()
    page.get_by_text("Restored: 1 added, 1 changed, 1 removed.").wait_for()
    assert dict(stash) == before
    page.get_by_role("button", name="Show").nth(1).click()
    page.get_by_text("32 entries").nth(1).wait_for()
    page.get_by_role("button", name="Restore …").click()
    page.get_by_text("Would change: nothing").wait_for()
    assert dialog.get_by_role("button", name="Restore").is_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="hidden")
    # Another panel finds it, too.
    page.reload()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("heading", name="Restored").wait_for(state="detached")
    assert dict(stash) == now
