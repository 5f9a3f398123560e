"""How instances of msgspec's structs are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .reading import Reading

__all__ = ["is_struct", "struct_reader", "struct_writer"]


def is_struct(kind: type) -> bool:
    """Return whether a class is one of msgspec's structs.

    :param kind: any class

    """
    if not hasattr(kind, "__struct_fields__"):
        return False
    from msgspec import Struct

    return issubclass(kind, Struct)


def struct_writer(kind: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what gives the attributes of an instance, by name.

    :param kind: the struct

    """
    from msgspec import UNSET

    defaults = _defaults(kind)

    def write(value: Any) -> dict[str, Any]:
        state: dict[str, Any] = {}
        for name, default in defaults.items():
            item = getattr(value, name)
            # It has no other form than not being there.
            if item is not UNSET or default is not UNSET:
                state[name] = item
        return state | getattr(value, "__dict__", {})

    return write


def struct_reader(kind: Any, name: str) -> Callable[[Any, Reading], Any]:
    """Return what makes an instance of its attributes.

    As when msgspec decodes, ``__post_init__`` runs; what is stored overrides what it
    sets.

    :param kind: the struct

    :param name: its name in errors

    """
    from msgspec import NODEFAULT
    from msgspec.structs import force_setattr

    defaults = _defaults(kind)
    has_hook = hasattr(kind, "__post_init__")

    def read(state: Any, reading: Reading) -> Any:
        known: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for attribute, item in state.items():
            (known if attribute in defaults else unknown)[attribute] = item
        for attribute, default in defaults.items():
            if attribute not in known and default is NODEFAULT:
                raise reading.lack(name, attribute)
        value = kind(**known)
        if has_hook:
            for attribute, item in known.items():
                force_setattr(value, attribute, item)
        reading.keep(value, name, unknown)
        return value

    return read


def _defaults(kind: Any) -> dict[str, Any]:
    from msgspec import NODEFAULT

    # A signature has them, too, but resolves the annotations, which may need what was
    # imported for types only.
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    required = len(names) - len(defaults)
    return dict(zip(names, [NODEFAULT] * required + [*defaults], strict=True))
