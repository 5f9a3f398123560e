"""What the decorator of a method was told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..error import PersistableError

if TYPE_CHECKING:
    from ..codec import Codec
    from ..domain import Stash
    from .memory import WorkMemory

__all__ = ["HOOK_NAME", "Definition", "definition_of"]

HOOK_NAME = "__persisted_methods__"
"""The class attribute that keeps the definitions of the class's methods.  Python
leaves names of this form to classes, so enumerations don't take it for a member.
"""


class Definition:
    """What the decorator of a method was told, for creating the work of an
    instance and finding where its value is kept.

    """

    __slots__ = (
        "allocation_track",
        "cache_global",
        "codec",
        "deallocate_recursive",
        "fingerprint",
        "function",
        "key",
        "lock_timeout",
        "mkdir",
        "name",
        "path",
        "recover_empty",
        "stash",
        "transient",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        path: Path | None,
        cache_global: bool,
        transient: bool,
        allocation_track: bool,
        mkdir: bool,
        deallocate_recursive: bool,
        recover_empty: bool,
        stash: Stash[Any] | str | Callable[[Any], Stash[Any]] | None,
        key: str | Callable[[Any], str] | None,
        fingerprint: str,
        lock_timeout: float | None,
        codec: Codec | None,
    ) -> None:
        """
        :param function: the undecorated method

        The others are the parameters of :func:`.persisted`.

        """
        self.function = function
        self.name = name
        self.path = path
        self.cache_global = cache_global
        self.transient = transient
        self.allocation_track = allocation_track
        self.mkdir = mkdir
        self.deallocate_recursive = deallocate_recursive
        self.recover_empty = recover_empty
        self.stash = stash
        self.key = key
        self.fingerprint = fingerprint
        self.lock_timeout = lock_timeout
        self.codec = codec

    def key_of(self, owner: Any) -> str:
        """Return the key in the stash.

        :param owner: the instance

        :raises PersistableError: if it isn't a string

        """
        key = self.key(owner) if callable(self.key) else self.key
        if not isinstance(key, str):
            raise PersistableError(
                f"The stash key of {self.name} must be a string, not {key!r}"
            )
        return key


def definition_of(owner: Any, work: WorkMemory) -> Definition | None:
    """Return the definition of the method that a work belongs to, for a work
    that is used before its method is.

    :param owner: the work's owner

    :param work: the work, held by the owner

    """
    for cls in type(owner).__mro__:
        hook = cls.__dict__.get(HOOK_NAME)
        if hook is not None:
            definition: Definition
            for definition in hook.definitions.values():
                if getattr(owner, definition.name, None) is work:
                    return definition
    return None
