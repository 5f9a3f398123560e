from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from browser import Served
from shop import Shop, apart

from zensols.persist.state import open_persister


def changes(page: Any) -> list[str]:
    return list(
        page.get_by_label("Changes", exact=True).locator("li").all_inner_texts()
    )


def test_timeline_and_any_two_steps(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/states/0")
    page.get_by_text("4 steps").wait_for()
    steps = page.get_by_label("Steps").locator("li")
    assert [text.split("\n")[0] for text in steps.all_inner_texts()] == [
        "4: answer",
        "3: search",
        "2: search (failed)",
        "1: ask",
    ]
    page.get_by_role("heading", name="Step 4: answer").wait_for()
    page.get_by_text("+ seen[3]: “Yes”").wait_for()
    page.get_by_label("Changes since step").click()
    page.get_by_role("option", name="1: ask").click()
    page.get_by_text("~ step: 1 → 4").wait_for()
    assert "+ seen[1]: “no net”" in changes(page)
    page.get_by_role("button", name="Show step 1").click()
    page.get_by_role("heading", name="Step 1: ask").wait_for()
    # Backwards, too.
    page.get_by_text("− seen[1]: “no net”").wait_for()
    page.locator(".tree").get_by_text("<script>alert(1)</script>: 1").wait_for()
    assert page.get_by_role("button", name="Fork").count() == 0


def test_fork_and_undo(
    shop: Shop, writing: Callable[[], Served], driver: Any, page: Any
) -> None:
    shop.fill_states()
    page.goto(f"{writing().url}/states/0")
    # The step that is shown first, with all that belongs to it.
    page.locator(".tree").wait_for()
    page.get_by_role("button", name="Show step 2").click()
    page.get_by_role("heading", name="Step 2: search").wait_for()
    page.get_by_role("button", name="Fork").click()
    page.get_by_label("Name of the new application").fill("again")
    page.get_by_role("dialog").get_by_role("button", name="Fork").click()
    page.get_by_text("2 steps").wait_for()
    page.get_by_text("Made again from step 2").wait_for()

    def sizes() -> dict[str, int]:
        with open_persister(shop.url("states.db", "sqlite")) as persister:
            apps = persister.list_app_ids("ann")
            return {app: len(persister.history("ann", app)) for app in apps}

    assert apart(sizes) == {"again": 2, "chat": 4}
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("4 steps").wait_for()
    assert apart(sizes) == {"chat": 4}
    page.get_by_role("button", name="Fork").click()
    page.get_by_label("Name of the new application").fill("chat")
    page.keyboard.press("Enter")
    page.get_by_text("fork to another name").wait_for()
    assert apart(sizes) == {"chat": 4}


def test_no_states(shown: Served, driver: Any, page: Any) -> None:
    page.goto(f"{shown.url}/states/1")
    page.get_by_role("heading", name="No states").wait_for()


@pytest.mark.parametrize(
    ("name", "slow"), [("show_state", (3,)), ("compare", (2, 3))], ids=["tree", "both"]
)
async def test_slow_step_is_not_shown_when_another_was_chosen_since(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, slow: tuple[int, ...]
) -> None:
    pytest.importorskip("nicegui")
    from nicegui import ui
    from nicegui.testing import UserInteraction, user_simulation

    from zensols.persist.ui import statepage
    from zensols.persist.ui.panel import Panel

    shop.fill_states()
    panel = Panel.open(states=[shop.url("states.db", "sqlite")])
    read, attempt = getattr(statepage, name), statepage.attempt
    go_on, settled = threading.Event(), asyncio.Event()

    def read_late(persister: Any, app: Any, *steps: int) -> Any:
        if steps == slow:
            assert go_on.wait(60)
        return read(persister, app, *steps)

    async def attempt_it(work: Any, *args: Any) -> Any:
        found = await attempt(work, *args)
        if work is read_late and args[2:] == slow:
            # All that follows comes before who waits for this goes on.
            settled.set()
        return found

    monkeypatch.setattr(statepage, name, read_late)
    monkeypatch.setattr(statepage, "attempt", attempt_it)
    async with user_simulation(
        lambda: statepage.show_states(panel, panel.states[0])
    ) as user:

        def show(step: int) -> None:
            label = f"Show step {step}"
            buttons = user.find(kind=ui.button).elements
            (button,) = (b for b in buttons if b.props.get("aria-label") == label)
            UserInteraction(user, {button}, None).click()

        await user.open("/")
        await user.should_see("+ seen[3]: “Yes”", retries=600)
        show(3)
        if name == "compare":
            await user.should_see("Step 3: search", retries=600)
        show(1)
        await user.should_see("− seen[1]: “no net”", retries=600)
        go_on.set()
        await asyncio.wait_for(settled.wait(), 60)
        await user.should_see("Step 1: ask")
        await user.should_not_see("Step 3: search")
        assert len(user.find("State").elements) == 1
        assert len(user.find(kind=ui.tree).elements) == 1
    panel.states[0].content.cleanup()
