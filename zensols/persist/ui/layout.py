"""What all pages of the panel have in common."""

from __future__ import annotations

import logging
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from fastapi import Request
from nicegui import ui

from ..domain import mask_passwords
from ..error import PersistableError
from ..stash.wording import escape
from .panel import Panel

__all__ = [
    "aside_card",
    "attempt",
    "close_button",
    "complain",
    "empty",
    "facts",
    "frame",
    "has_browser",
    "heading",
    "link_card",
    "plain",
    "show_aside",
    "undo_bar",
    "warn",
]

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

_CSS: Final = Path(__file__).with_name("panel.css")

_SWITCH: Final = """() => {
    const dark = !Quasar.Dark.isActive;
    Quasar.Dark.set(dark);
    document.cookie = `stash_dark=${dark ? 1 : 0}; path=/; max-age=31536000; SameSite=Strict`;
}"""


@contextmanager
def frame(
    panel: Panel, request: Request, active: str, title: str, has_login: bool = False
) -> Iterator[None]:
    """Build a page around what is built within.

    :param panel: what is shown

    :param request: the request for the page

    :param active: the part of the panel that the page belongs to

    :param title: the page's title

    :param has_login: whether there is a session to end

    """
    ui.add_css(_CSS)
    ui.colors(primary="#23695e", negative="#a3231f", positive="#17683b")
    ui.dark_mode({"0": False, "1": True}.get(request.cookies.get("stash_dark", "")))
    ui.page_title(f"{title} · stash")
    with ui.header().classes("bar"):
        ui.link("stash", "/").classes("brand")
        with ui.element("nav").props('aria-label="Parts of the panel"'):
            for path, name, shown in (
                ("/", "Stores", panel.stores),
                ("/states", "States", panel.states),
                ("/backups", "Backups", panel.backups),
            ):
                if shown or path == "/":
                    link = ui.link(name, path)
                    if name == active:
                        link.props('aria-current="page"')
        ui.label("may write" if panel.write else "read-only").classes("badge")
        ui.button(icon="contrast").props(
            'flat round dense aria-label="Switch between dark and light" color=grey-7'
        ).on("click", js_handler=_SWITCH)
        if has_login:
            form = ui.element("form").props('method="post" action="/logout"')
            with form:
                ui.button(icon="logout").props(
                    'flat round dense type=submit aria-label="Log out" color=grey-7'
                )
    main = ui.element("main").classes("page").props('tabindex="-1"')
    ui.skip_link(target=main)
    with main:
        yield


def heading(text: str, level: int = 1) -> ui.element:
    """Add a heading.

    :param text: the heading

    :param level: 1 for that of the page

    """
    with ui.element(f"h{level}") as element:
        ui.label(text)
    return element


async def attempt(
    work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> tuple[T | None, str]:
    """Do work in a thread, and return its result, or what went wrong.

    :param work: what to do

    """
    try:
        return await to_thread(work, *args, **kwargs), ""
    except PersistableError as e:
        return None, plain(e)
    except Exception as e:
        logger.exception("In the panel")
        return None, plain(f"{type(e).__name__}: {e}")


def plain(problem: object) -> str:
    """Return what went wrong, printable and without passwords.

    :param problem: what did

    """
    return escape(mask_passwords(str(problem)))


def complain(problem: str, title: str = "That did not work") -> None:
    """Add a card that says what is wrong.

    :param problem: what is, and what to do

    :param title: the same in short

    """
    with ui.element("section").classes("card error").props("role=alert"):
        heading(title, 2)
        ui.label(problem)


def warn(problem: str) -> None:
    """Show for a moment what went wrong.

    :param problem: what did, printable

    """
    ui.notify(problem, type="negative", close_button="Close", timeout=0)


def empty(title: str, text: str, command: str = "") -> None:
    """Add a card that says that there is nothing, and what to do.

    :param title: what there is none of

    :param text: what to do

    :param command: what to type

    """
    with ui.element("section").classes("card empty"):
        heading(title, 2)
        ui.label(text)
        if command:
            ui.label(command).classes("mono")


def facts(pairs: dict[str, str]) -> None:
    """Add a list of names and what is known by them.

    :param pairs: these

    """
    with ui.element("dl").classes("facts"):
        for name, text in pairs.items():
            with ui.element("dt"):
                ui.label(name)
            with ui.element("dd"):
                ui.label(text)


def aside_card(label: str) -> ui.element:
    """Add a card beside the list, which covers the page on a phone, until it is closed
    by its button or Escape.

    :param label: what it shows

    """
    aside = ui.element("aside").classes("card aside").props('tabindex="-1"')
    aside.props["aria-label"] = label
    aside.on("keydown.esc", lambda: _close(aside))
    return aside


def _close(aside: ui.element) -> None:
    aside.classes(remove="open")
    ui.run_javascript("document.querySelector('.keylist-scroll, .steps')?.focus()")


def close_button(aside: ui.element) -> None:
    """Add a button that closes a card that covers the page.

    :param aside: the card

    """
    ui.button(icon="close", on_click=lambda: _close(aside)).classes("close").props(
        'flat dense round aria-label="Close"'
    )


def show_aside(aside: ui.element) -> None:
    """Bring a card to the front where it covers the page.

    :param aside: the card

    """
    aside.classes("open")
    ui.run_javascript(
        f"const aside = getHtmlElement({aside.id}); "
        f'if (getComputedStyle(aside).position === "fixed") aside.focus()'
    )


def link_card(target: str, name: str, kind: str) -> ui.label:
    """Add a card that leads to a page, and return a label in it.

    :param target: the page

    :param name: what it is about

    :param kind: what that is

    """
    with ui.link(target=target).classes("card"):
        ui.label(name).classes("mono")
        ui.label(kind).classes("dim")
        return ui.label("…").classes("dim")


def undo_bar(text: str, undo: Callable[[], Awaitable[str]]) -> None:
    """Add a line that says what was done, and can undo it.

    :param text: what was done

    :param undo: undoes it, and returns why it couldn't, if so

    """
    with ui.element("div").classes("card undo") as bar:
        ui.label(text).classes("grow")

        async def go() -> None:
            button.disable()
            problem = await undo()
            if problem:
                warn(problem)
                button.enable()
            elif not bar.is_deleted:
                bar.delete()

        button = ui.button("Undo", icon="undo", on_click=go).props("dense flat")
        ui.button(icon="close", on_click=bar.delete).props(
            'dense flat round aria-label="Dismiss"'
        )


async def has_browser() -> bool:
    """Wait until the browser shows the page, and return whether it does."""
    try:
        await ui.context.client.connected(timeout=30)
    except TimeoutError:
        return False
    return True
