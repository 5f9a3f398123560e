"""What is seen and done in a browser: elements for a user's own NiceGUI application,
and the panel that ``stash ui`` shows.  It needs the extra ``ui``, and is described in
``docs/panel.md``.  The names below are imported when they are first used.

"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .export import export_button
    from .importing import import_button
    from .server import serve
    from .statuscard import backup_status_card

__all__ = ["backup_status_card", "export_button", "import_button", "serve"]

_MODULES = {
    "backup_status_card": "statuscard",
    "export_button": "export",
    "import_button": "importing",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
