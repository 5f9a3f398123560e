"""What is shown of a value, as elements of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nicegui import ui

from .arrays import ArrayView
from .change import Change
from .figures import bars
from .layout import facts, heading
from .preview import Preview
from .tree import Node

__all__ = ["show_changes", "show_preview", "show_tree"]

_CHANGES: Final = 500


def show_preview(preview: Preview) -> None:
    """Add what is known of a value, and the value.

    :param preview: what is known

    """
    facts(preview.facts)
    if preview.problem:
        with ui.element("section").classes("card error").props("role=alert"):
            heading("The value is not shown", 2)
            ui.label(preview.problem)
    if preview.text is not None:
        ui.label(preview.text).classes("value").props('tabindex="0"')
    if preview.array is not None:
        _show_array(preview.array)
    if preview.tree:
        show_tree(preview.tree)


def show_tree(tree: list[Node]) -> None:
    """Add a value as a tree.

    :param tree: the value

    """
    [root] = tree
    if root["children"]:
        with ui.element("div").classes("tree"):
            # Quasar's tree is typed for any nodes.
            ui.tree([dict(root)]).props("dense").expand([root["id"]])
    else:
        ui.label(root["label"]).classes("value").props('tabindex="0"')


def show_changes(changes: Sequence[Change]) -> None:
    """Add the places where two values differ.

    :param changes: these

    """
    if not changes:
        ui.label("Nothing differs.").classes("dim")
        return
    with ui.element("ul").classes("diff").props('tabindex="0" aria-label="Changes"'):
        for change in changes[:_CHANGES]:
            with ui.element("li").classes(change.kind):
                ui.label(str(change))
    if len(changes) > _CHANGES:
        ui.label(f"… {len(changes) - _CHANGES:,} more").classes("dim")


def _show_array(view: ArrayView) -> None:
    facts(view.facts)
    if view.image is not None:
        shape = " × ".join(map(str, view.shape))
        ui.element("img").classes("array").props(
            f'src="{view.image}" alt="The array of {shape} as a picture"'
        )
    if view.bins:
        pairs = [(f"{low:.4g} to {high:.4g}", n) for low, high, n in view.bins]
        ui.echart(bars("Numbers", pairs), renderer="svg").classes("chart low")
