"""Dataclasses to plain data, such as JSON has a form for, and back.  The names below
are imported when they are first used.

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(globals(), _MODULES)
