"""Objects that keep their state: modules of a program that find it again when the
program is started anew.  The names below are imported when they are first used.

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .clock import Clock, ManualClock, SystemClock
    from .exchange import Imported, export_all, import_all, read_export
    from .keeper import Keeper, release, save_all
    from .module import PersistentModule

__all__ = [
    "Clock",
    "Imported",
    "Keeper",
    "ManualClock",
    "PersistentModule",
    "SystemClock",
    "export_all",
    "import_all",
    "read_export",
    "release",
    "save_all",
]

_MODULES = {
    "Clock": "clock",
    "Imported": "exchange",
    "Keeper": "keeper",
    "ManualClock": "clock",
    "PersistentModule": "module",
    "SystemClock": "clock",
    "export_all": "exchange",
    "import_all": "exchange",
    "read_export": "exchange",
    "release": "keeper",
    "save_all": "keeper",
}

__getattr__, __dir__ = lazy_names(globals(), _MODULES)
