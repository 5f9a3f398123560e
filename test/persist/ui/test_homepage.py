from __future__ import annotations

from typing import Any

from browser import Served, Serving


def test_stores_with_their_sizes(shown: Served, driver: Any, page: Any) -> None:
    page.goto(shown.url)
    for text in ("33 keys", "100,000 keys", "0 keys", "7 keys"):
        page.get_by_text(text, exact=True).wait_for()
    # What can't be reached says so, and the others are there none the less.
    page.locator("a.card .removed").wait_for()
    assert "6379" not in page.content()
    page.get_by_role("link", name="LmdbStash").click()
    page.get_by_role("heading", name="lmdb:").wait_for()


def test_lists_of_states_and_backups(shown: Served, driver: Any, page: Any) -> None:
    page.goto(shown.url)
    page.get_by_role("link", name="States").click()
    page.get_by_role("link", name="states.db").click()
    page.get_by_role("heading", name="states.db").wait_for()
    page.get_by_role("link", name="Backups").click()
    page.get_by_role("link", name="/backups DirectoryStash").click()
    page.get_by_label("Snapshots").wait_for()


def test_nothing_to_list(serving: Serving, driver: Any, page: Any) -> None:
    served = serving.panel("--states", "memory:")
    page.goto(served.url)
    page.get_by_text("stash ui dir:cache sqlite:work.db").wait_for()
    page.goto(f"{served.url}/backups")
    page.get_by_text("stash ui --backups sqlite:backups.db").wait_for()
