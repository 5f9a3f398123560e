"""Dataclasses to plain data, such as JSON has a form for, and back.  The names below
are imported when they are first used.

"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .fields import exclude
    from .reading import from_dict
    from .replacing import replace_dataclass, replace_dict, replace_list, replace_set
    from .writing import to_dict

__all__ = [
    "exclude",
    "from_dict",
    "replace_dataclass",
    "replace_dict",
    "replace_list",
    "replace_set",
    "to_dict",
]

_MODULES = {
    "exclude": "fields",
    "from_dict": "reading",
    "replace_dataclass": "replacing",
    "replace_dict": "replacing",
    "replace_list": "replacing",
    "replace_set": "replacing",
    "to_dict": "writing",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
