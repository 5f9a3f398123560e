"""The page of applications' states: what each was after each of its steps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from ..stash.wording import escape
from .layout import (
    aside_card,
    attempt,
    close_button,
    complain,
    empty,
    facts,
    has_browser,
    heading,
    show_aside,
    undo_bar,
    warn,
)
from .panel import Panel, Place
from .previewcard import show_changes, show_tree
from .stateview import App, Step, compare, list_apps, list_steps, show_state

if TYPE_CHECKING:
    from ..state import Persister

__all__ = ["show_states"]


async def show_states(panel: Panel, place: Place[Persister]) -> None:
    """Build the page of a database with states.

    :param panel: what is shown

    :param place: the database

    """
    page = _StatePage(panel, place)
    heading(place.name)
    page.body = ui.element("div")
    if await has_browser():
        await page.list_apps()


class _StatePage:
    body: ui.element

    def __init__(self, panel: Panel, place: Place[Persister]) -> None:
        self.panel = panel
        self.place = place
        self.persister = place.content
        self.steps: list[Step] = []
        self.app: App | None = None
        self.step: Step | None = None

    async def list_apps(self, chosen: App | None = None) -> None:
        apps, problem = await attempt(list_apps, self.persister)
        self.body.clear()
        with self.body:
            if apps is None:
                complain(problem, "The states can't be read")
            elif not apps:
                empty("No states", "No application has saved a state here yet.")
            else:
                first = chosen if chosen in apps else apps[0]
                self._build(apps, first)
                await self.show_app(first)

    def _build(self, apps: list[App], first: App) -> None:
        names = {number: str(app) for number, app in enumerate(apps)}

        async def choose() -> None:
            await self.show_app(apps[int(select.value)])

        self.note = ui.element("div").props("role=status")
        with ui.element("div").classes("split"):
            with ui.element("section").classes("card").props('aria-label="Steps"'):
                select = ui.select(
                    names, label="Application", value=apps.index(first), with_input=True
                ).props("outlined dense")
                select.on_value_change(choose)
                self.count = ui.label().classes("dim")
                self.list = ui.element("ol").classes("steps").props('tabindex="0"')
            self.aside = aside_card("State")

    async def show_app(self, app: App) -> None:
        self.app, self.step = app, None
        steps, problem = await attempt(list_steps, self.persister, app)
        if app is not self.app:
            return
        self.list.clear()
        self.aside.clear()
        if not steps:
            with self.aside:
                complain(problem or "The application was deleted: load the page anew.")
            return
        self.steps = steps
        self.count.set_text("1 step" if len(steps) == 1 else f"{len(steps):,} steps")
        self.items: dict[int, ui.element] = {}
        with self.list:
            for step in steps:
                self._add_step(step)
        await self.show_step(steps[0], is_asked_for=False)

    def _add_step(self, step: Step) -> None:
        with ui.element("li") as item:
            self.items[step.number] = item
            if step.has_failed:
                item.classes("failed")
            with ui.element("div").classes("what"):
                ui.label(str(step) + (" (failed)" if step.has_failed else ""))
                ui.label(f"{step.when} UTC · {step.size}").classes("dim")
            ui.button("Show", on_click=partial(self.show_step, step)).props(
                f'flat dense aria-label="Show step {step.number}"'
            )

    async def show_step(self, step: Step, is_asked_for: bool = True) -> None:
        if self.app is None:
            return
        self.step = step
        for number, item in self.items.items():
            item.classes(
                add="chosen" if number == step.number else "",
                remove="" if number == step.number else "chosen",
            )
        tree, problem = await attempt(show_state, self.persister, self.app, step.number)
        if step is not self.step:
            return
        self.aside.clear()
        if is_asked_for:
            show_aside(self.aside)
        with self.aside:
            with ui.element("div").classes("line"):
                heading(f"Step {step}", 2).classes("grow")
                if self.panel.write:
                    ui.button(
                        "Fork",
                        icon="call_split",
                        on_click=partial(self._ask_fork, step),
                    ).props("flat dense")
                close_button(self.aside)
            facts({"saved": f"{step.when} UTC", "size": step.size})
            if tree is None:
                complain(problem, "The state is not shown")
                return
            comparison = ui.element("div")
            heading("State", 2)
            show_tree(tree)
        with comparison:
            await self._build_comparison(step)

    async def _build_comparison(self, step: Step) -> None:
        others = {s.number: str(s) for s in self.steps if s.number != step.number}
        if not others:
            return
        earlier = [number for number in others if number < step.number]
        first = max(earlier) if earlier else min(others)

        async def show() -> None:
            if self.app is None:
                return
            other = int(select.value)
            changes, problem = await attempt(
                compare, self.persister, self.app, other, step.number
            )
            if box.is_deleted or other != select.value:
                return
            box.clear()
            with box:
                if changes is None:
                    complain(problem)
                else:
                    show_changes(changes)

        select = ui.select(
            others, label="Changes since step", value=first, with_input=True
        )
        select.props("outlined dense").on_value_change(show)
        box = ui.element("div")
        await show()

    def _ask_fork(self, step: Step) -> None:
        async def fork() -> None:
            await self._fork(step, str(name.value or ""))
            dialog.close()

        with ui.dialog() as dialog, ui.card():
            heading(f"Fork at step {step.number}", 2)
            ui.label(
                "Make an application that has this past, and a future of its own. "
                "Nothing is copied, and this one stays as it is."
            )
            name = ui.input("Name of the new application").props("outlined autofocus")
            name.on("keydown.enter", fork)
            with ui.element("div").classes("line"):
                ui.button("Fork", on_click=fork)
                ui.button("Cancel", on_click=dialog.close).props("flat")
        dialog.open()

    async def _fork(self, step: Step, name: str) -> None:
        app = self.app
        if app is None or not name.strip():
            ui.notify("Give the new application a name", type="warning")
            return
        made = App(app.partition, name.strip())
        _, problem = await attempt(
            self.panel.fork, self.place.number, app, step.number, made.name
        )
        if problem:
            warn(problem)
            return
        await self.list_apps(made)

        async def undo() -> str:
            _, problem = await attempt(self.panel.unfork, self.place.number, made)
            if not problem:
                await self.list_apps(app)
            return problem

        with self.note:
            undo_bar(f"Made {escape(made.name)} from step {step.number}.", undo)
