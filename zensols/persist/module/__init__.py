"""Objects that keep their state: modules of a program that find it again when the
program is started anew.  The names below are imported when they are first used.

"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
