"""The part of a work that holds its value in memory."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ..dealloc import Deallocatable
from ..error import PersistableError
from ..missing import MISSING
from .definition import Definition, definition_of
from .lock import ThreadLock, locked
from .shared import SharedValue, shared_value
from .slot import is_plain, read, remove, write

if TYPE_CHECKING:
    from .single_flight import Flight

__all__ = ["WorkMemory"]

logger = logging.getLogger(__name__)


class WorkMemory(Deallocatable):
    """Holds the value of a work: in an attribute of its owner, which is pickled
    with it, or in common for all instances of the owner's class.

    """

    # What must not be pickled stands in slots, out of the instance's dictionary.
    __slots__ = (
        "_cache_global",
        "_computing",
        "_deallocated",
        "_definition",
        "_generation",
        "_owner",
        "_value_at_hand",
        "flight",
        "lock",
    )

    path: Path
    use_disk: bool
    varname: str
    deallocate_recursive: bool

    _value_at_hand: Any
    """The value once more, where decorated methods read it first since that takes
    a single attribute of the work.  There only while the owner's attribute is
    known to be the same, or while the value shared with other owners is."""

    def _reset(self) -> None:
        self._cache_global = False
        self._computing: int | None = None
        self._deallocated = False
        self._definition: Definition | None = None
        self._generation: int | None = None
        self._owner: Any = None
        self.flight: Flight | None = None
        self.lock = ThreadLock()
        self._drop_at_hand()

    @property
    def owner(self) -> Any:
        """The object that the value belongs to, or None."""
        return self._owner

    @owner.setter
    def owner(self, owner: Any) -> None:
        with locked(self):
            self._drop_at_hand()
            self._generation = None
            self._deallocated = False
            self._owner = owner

    @property
    def cache_global(self) -> bool:
        """Whether all instances of the owner's class share the value."""
        return self._cache_global

    @cache_global.setter
    def cache_global(self, cache_global: bool) -> None:
        with locked(self):
            self._drop_at_hand()
            self._generation = None
            self._cache_global = cache_global

    @property
    def _shared(self) -> SharedValue:
        return shared_value(type(self._owner), self.varname)

    @property
    def _lock_holder(self) -> WorkMemory | SharedValue:
        return self._shared if self._cache_global and self._owner is not None else self

    @property
    def _slot(self) -> str:
        """The owner's attribute: ``varname``, unless another work of the owner
        has a path that differs in nothing but what varname leaves out.

        """
        for other in self._namesakes() if self.use_disk else ():
            if other is self:
                break
            if other.path != self.path:
                return f"{self.varname}_{self.path}"
        return self.varname

    @property
    def _slots(self) -> tuple[str, str]:
        """The owner's attributes for the value and for the fingerprint of the
        code that computed it, if there is any.

        """
        slot = self._slot
        return slot, f"{slot}_fingerprint"

    def _namesakes(self) -> list[WorkMemory]:
        """Return the owner's works with the same ``varname``, this one included,
        in the order in which the owner got them.

        """
        return [
            value
            for value in tuple(getattr(self._owner, "__dict__", {}).values())
            if isinstance(value, WorkMemory) and value.varname == self.varname
        ]

    @property
    def _found_definition(self) -> Definition | None:
        if self._definition is None and self._owner is not None:
            self._definition = definition_of(self._owner, self)
        return self._definition

    @property
    def _fingerprint(self) -> str:
        definition = self._found_definition
        return "" if definition is None else definition.fingerprint

    @property
    def _is_busy(self) -> bool:
        """Whether this thread is computing the value.  A forked process inherits
        that of its own thread only.

        """
        return self._computing == get_ident()

    def _drop_at_hand(self) -> None:
        try:
            del self._value_at_hand
        except AttributeError:
            pass

    def _drop_all_at_hand(self) -> None:
        self._drop_at_hand()
        for other in self._namesakes():
            other._drop_at_hand()

    def _require_owner(self) -> Any:
        if self._owner is None:
            state = "has been deallocated" if self._deallocated else "has no owner"
            raise PersistableError(
                f"Work {self.varname} {state}: set its owner, or call the method on "
                "an object that is in use"
            )
        return self._owner

    def _recall(self) -> Any:
        """Return the value in memory, or :data:`.MISSING`."""
        try:
            return self._value_at_hand
        except AttributeError:
            pass
        value = self._recall_own()
        if self._cache_global:
            value, at_hand = self._shared.recall(self, value)
        else:
            at_hand = is_plain(self._owner, self._slot)
        if value is not MISSING and at_hand and not self._is_busy:
            self._value_at_hand = value
        return value

    def _recall_own(self) -> Any:
        """Return the owner's value, unless other code computed it."""
        slot, fingerprint_slot = self._slots
        value = read(self._owner, slot)
        if value is MISSING:
            return MISSING
        if self._fingerprint in ("", read(self._owner, fingerprint_slot)):
            return value
        logger.info("Computing %s again: another version of the code did", self)
        self._forget()
        return MISSING

    def _keep(self, value: Any) -> None:
        """Hold a value in memory."""
        owner = self._require_owner()
        slot = self._slot
        at_hand = True
        if self._cache_global:
            remove(owner, slot)
            self._shared.publish(value, self)
        elif write(owner, slot, value):
            at_hand = is_plain(owner, slot)
            if self._fingerprint:
                write(owner, self._slots[1], self._fingerprint)
        # Other threads must not see what a method that this one's worker called
        # under the same name has stored for the time being.
        if at_hand and not self._is_busy:
            self._value_at_hand = value

    def _forget(self) -> None:
        """Drop the owner's value."""
        self._drop_all_at_hand()
        if self._owner is not None:
            for slot in self._slots:
                remove(self._owner, slot)

    def _discard(self) -> None:
        """Drop the owner's value and the shared one."""
        self._forget()
        if self._cache_global:
            self.clear_global()

    @property
    def _holds_alone(self) -> bool:
        """Whether there is a value that the owner can't hold itself."""
        return (
            not self._cache_global
            and hasattr(self, "_value_at_hand")
            and not is_plain(self._owner, self._slot)
        )

    def set(self, obj: Any) -> None:
        """Replace the value, in memory only: the one on disk is kept.

        Safe to use from several threads.

        :param obj: the value

        :raises PersistableError: if there is no owner

        """
        self._require_owner()
        with locked(self._lock_holder):
            self._drop_all_at_hand()
            self._keep(obj)

    def is_set(self) -> bool:
        """Return whether there is a value, or shared value, in memory."""
        if self._owner is None:
            return False
        if self._cache_global:
            return self._shared.value is not MISSING
        if hasattr(self, "_value_at_hand"):
            return True
        return read(self._owner, self._slot) is not MISSING

    def clear_global(self) -> None:
        """Drop the value that is shared, for all that share it.

        Safe to use from several threads.

        """
        if self._owner is not None:
            with locked(self._shared):
                self._shared.clear()

    def deallocate(self) -> None:
        """Deallocate the value, unless others share it, and forget the value and
        the owner.  What is on disk is kept.

        """
        super().deallocate()
        if self._owner is None:
            return
        with locked(self._lock_holder):
            values = [read(self._owner, self._slot)]
            if self._cache_global:
                values.append(self._shared.leave(self))
            elif hasattr(self, "_value_at_hand"):
                values = [self._value_at_hand]
            try:
                for value in values:
                    self._try_deallocate(value, self.deallocate_recursive)
            finally:
                self._forget()
                self._owner = None
                self._deallocated = True

    def __str__(self) -> str:
        return self.varname

    __repr__ = __str__
