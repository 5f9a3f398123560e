"""What the readers of registered classes are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..error import PersistableError

if TYPE_CHECKING:
    from .kept import Kept
    from .registry import Registered

__all__ = ["Reading"]


class Reading(NamedTuple):
    """What a value is read with.

    For one thread, as its ``kept`` is.

    """

    classes: Mapping[str, Registered]
    """How instances of registered classes are written, by name."""

    source: str
    """Names where the value is from in errors."""

    kept: Kept | None = None
    """Takes the fields that instances have no place for."""

    def keep(self, value: Any, name: str, fields: dict[str, Any]) -> None:
        """Keep what was stored of an instance beside the fields of its class.

        :param value: the instance

        :param name: its class

        :param fields: what is stored, by name

        :raises PersistableError: if there is no place for it

        :raises ValueError: if a name is one of Python's own

        """
        if not fields:
            return
        for field in fields:
            if field.startswith("__"):
                raise ValueError(f"attribute {field!r}")
        if hasattr(value, "__dict__"):
            # Past what the class makes of setting an attribute: it may be frozen,
            # or have a property of this name by now.
            vars(value).update(fields)
        elif self.kept is not None:
            self.kept.add(value, fields)
        else:
            raise PersistableError(
                f"The stored {name} in {self.source} has {next(iter(fields))!r}, for "
                f"which its class has no place: add the field"
            )

    def lack(self, name: str, field: str) -> PersistableError:
        """Return the error for a field that isn't stored and has no default.

        :param name: the class

        :param field: the field

        """
        return PersistableError(
            f"The stored {name} in {self.source} has no {field!r}: give the field a "
            f"default"
        )
