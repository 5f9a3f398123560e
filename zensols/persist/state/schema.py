"""How states that were saved by an older release are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..error import PersistableError
from .error import StateVersionError
from .items import describe

__all__ = ["Migration", "Schema"]

Migration = Callable[[dict[str, Any]], dict[str, Any]]
"""Returns a state of one version for one of the version before, both as what JSON has
a form for (see :meth:`.State.serialize`), so that classes of old that are gone by now
can be replaced.  It may change what it is given.
"""


class Schema:
    """Which version a program's states have, and what makes it of older ones.

    Safe to share between threads, if the migrations are; it can be pickled if they
    can.

    >>> def rename(state):
    ...     return {"name" if key == "nmae" else key: state[key] for key in state}
    >>> schema = Schema(2, [rename])
    >>> schema.upgrade({"nmae": "Ada"}, 1, "the state")
    {'name': 'Ada'}

    """

    def __init__(
        self, version: int | None = None, migrations: Sequence[Migration] = ()
    ) -> None:
        """
        :param version: the version, above or equal to the number of migrations; by
                        default that number, or none without migrations

        :param migrations: what makes each version of the one before, in order; the
                           last one makes ``version``

        :raises PersistableError: if these don't fit

        """
        self.migrations = tuple(migrations)
        if version is None and self.migrations:
            version = len(self.migrations)
        if version is not None and version < len(self.migrations):
            raise PersistableError(
                f"{len(self.migrations)} migrations can't end with version {version}: "
                f"count the versions from 0"
            )
        self.version = version

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.version!r}, {self.migrations!r})"

    def is_current(self, version: int | None) -> bool:
        """Return whether states of a version are read as they are.

        :param version: the version, or None if it was saved without one

        """
        return version == self.version or (version is None and not self.migrations)

    def upgrade(
        self, state: dict[str, Any], version: int | None, source: str
    ) -> dict[str, Any]:
        """Return a state of our version.

        :param state: a state as what JSON has a form for

        :param version: its version; a state that was saved without one is taken for
                        the oldest that there is a migration from

        :param source: names where it is from in errors

        :raises StateVersionError: if the version is newer than ours

        :raises PersistableError: if there is no migration from it, or one fails

        """
        if self.is_current(version):
            return state
        ours = self.version
        if ours is None:
            raise StateVersionError(
                f"Can't read {source}: it has version {version} of its schema, and this "
                f"program has none: use a newer program, or give it a schema_version"
            )
        oldest = ours - len(self.migrations)
        start = oldest if version is None else version
        if start > ours:
            raise StateVersionError(
                f"Can't read {source}: it has version {start} of its schema, which is "
                f"newer than this program's {ours}: use a newer program"
            )
        if start < oldest:
            raise PersistableError(
                f"Can't read {source}: it has version {start} of its schema, and the "
                f"migrations to {ours} begin at {oldest}: give those before, too"
            )
        for number, migration in enumerate(self.migrations[start - oldest :], start):
            name = getattr(migration, "__qualname__", repr(migration))
            step = f"Migration {name} of {source} from version {number} to {number + 1}"
            state = _migrate(state, migration, step)
        return state


def _migrate(state: dict[str, Any], migration: Migration, step: str) -> dict[str, Any]:
    try:
        found = migration(state)
    except Exception as error:
        raise PersistableError(
            f"{step} failed: {type(error).__name__}: {error}"
        ) from error
    if type(found) is not dict:
        raise PersistableError(
            f"{step} returned {describe(found)}: return the state as a dict"
        )
    return found
