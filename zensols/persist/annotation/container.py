"""Objects with works that pickle well."""

from __future__ import annotations

import sys
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, TextIO

from ..dealloc import Deallocatable
from .lookup import take_over, works_of
from .slot import attributes, members
from .work import PersistedWork

__all__ = ["PersistableContainer", "PersistableContainerMetadata"]


class PersistableContainer(Deallocatable):
    """An object with works, such as those of methods decorated with
    :func:`.persisted`, that can be pickled and copied.

    Values are pickled with it, except those of transient works, which are
    computed again when asked for.  A copy has works of its own, and the values
    in common with the original.

    Pickle and copy an object while no other thread changes it.

    >>> import copy
    >>> from zensols.persist.annotation import PersistableContainer, persisted
    >>> class Corpus(PersistableContainer):
    ...     _PERSITABLE_TRANSIENT_ATTRIBUTES = {"_log"}
    ...
    ...     def __init__(self):
    ...         self._log = ["made"]
    ...
    ...     @persisted("_size")
    ...     def size(self):
    ...         print("counting")
    ...         return 3
    >>> corpus = Corpus()
    >>> corpus.size()
    counting
    3
    >>> restored = copy.deepcopy(corpus)  # as pickling does, too
    >>> restored.size(), restored._log
    (3, None)

    """

    _PERSITABLE_TRANSIENT_ATTRIBUTES: ClassVar[AbstractSet[str]] = frozenset()
    """Attributes to be None when restored."""

    _PERSITABLE_REMOVE_ATTRIBUTES: ClassVar[AbstractSet[str]] = frozenset()
    """Attributes to be absent when restored."""

    _PERSITABLE_PROPERTIES: ClassVar[AbstractSet[str]] = frozenset()
    """Properties to read before pickling, so that their values are there."""

    _PERSITABLE_METHODS: ClassVar[AbstractSet[str]] = frozenset()
    """Methods to call before pickling, for the same reason."""

    def __getstate__(self) -> dict[str, Any]:
        for name in self._PERSITABLE_PROPERTIES:
            getattr(self, name)
        for name in self._PERSITABLE_METHODS:
            getattr(self, name)()
        state = attributes(self)
        works = works_of(self).values()
        state.update(dict.fromkeys(self._PERSITABLE_TRANSIENT_ATTRIBUTES))
        for work in works:
            if work.transient:
                for slot in work._slots:
                    state.pop(slot, None)
            elif work.cache_global and work.is_set():
                slot, fingerprint_slot = work._slots
                state[slot] = work()
                if work._fingerprint:
                    state[fingerprint_slot] = work._fingerprint
        for name in self._PERSITABLE_REMOVE_ATTRIBUTES:
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        for name, member in members(type(self)):
            if name in state:
                member.__set__(self, state.pop(name))
        self.__dict__.update(state)
        for work in works_of(self).values():
            # Pickles of the older package hold None for what is to be computed.
            if work.transient and self.__dict__.get(work.varname, self) is None:
                del self.__dict__[work.varname]
        take_over(self)

    def _clear_persistable_state(self) -> None:
        """Drop the values of all works, from disk too, so that they will be
        computed again.

        """
        self._get_persistable_metadata().clear()

    def _get_persistable_metadata(self) -> PersistableContainerMetadata:
        """Return what tells of the works."""
        return PersistableContainerMetadata(self)

    def deallocate(self) -> None:
        """Deallocate the works and, where they are, their values."""
        super().deallocate()
        for work in works_of(self).values():
            work.deallocate()


class PersistableContainerMetadata:
    """Tells of the works of a container.

    >>> from zensols.persist.annotation import PersistableContainer, PersistedWork
    >>> class Box(PersistableContainer):
    ...     def __init__(self):
    ...         self.color = "red"
    ...         self._size = PersistedWork("size", self, initial_value=3)
    >>> metadata = Box()._get_persistable_metadata()
    >>> list(metadata.persisted)
    ['_size']

    """

    def __init__(self, container: PersistableContainer) -> None:
        """
        :param container: the object to tell of

        """
        self.container = container

    @property
    def persisted(self) -> dict[str, PersistedWork]:
        """The works, by attribute name."""
        return works_of(self.container)

    def clear(self) -> None:
        """Drop the values of all works; see :meth:`.PersistedWork.clear`."""
        for work in self.persisted.values():
            work.clear()

    def write(
        self,
        indent: int = 0,
        include_content: bool = False,
        recursive: bool = False,
        writer: TextIO | None = None,
    ) -> None:
        """Write a description of each attribute.  The values of works are
        computed.

        :param indent: how many blanks to begin each line with

        :param include_content: whether to write the values too

        :param recursive: whether to go on with containers that are attributes or
                          values, each once

        :param writer: by default, the standard output

        """
        out = sys.stdout if writer is None else writer
        self._write(indent, include_content, recursive, out, set())

    def _write(
        self,
        indent: int,
        include_content: bool,
        recursive: bool,
        out: TextIO,
        written: set[int],
    ) -> None:
        written.add(id(self.container))
        works = self.persisted
        slots = {slot for work in works.values() for slot in work._slots}
        for name, value in attributes(self.container).items():
            if name in slots:
                continue
            out.write(f"{' ' * indent}{name}:\n")
            inner = value
            if name in works:
                works[name].write(indent + 1, include_content, out)
                inner = works[name]()
            else:
                out.write(f"{' ' * indent} type: {type(value)}\n")
                if include_content:
                    out.write(f"{' ' * indent} content: {value}\n")
            if (
                recursive
                and isinstance(inner, PersistableContainer)
                and id(inner) not in written
            ):
                metadata = inner._get_persistable_metadata()
                metadata._write(indent + 2, include_content, True, out, written)
