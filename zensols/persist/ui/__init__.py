"""What is seen and done in a browser: elements for a user's own NiceGUI application,
and the panel that ``stash ui`` shows.  It needs the extra ``ui``, and is described in
``docs/panel.md``.  The names below are imported when they are first used.

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(globals(), _MODULES)
