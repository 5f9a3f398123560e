"""Stashes that stand in front of another one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from ..error import PersistableError
from .batch import BatchGate
from .closeable import CloseableStash
from .keys import snapshot
from .lock import stash_lock
from .reach import Reach
from .readonly import ReadOnlyStash
from .stash import Stash, V, require_key

__all__ = ["DelegateDefaults", "DelegateStash", "ReadOnlyDelegateStash"]

logger = logging.getLogger(__name__)


class DelegateDefaults:
    """Defaults of :class:`.DelegateStash`, for a whole program to set before it
    makes stashes.

    >>> DelegateDefaults.CLASS_CHECK
    False

    """

    CLASS_CHECK = False
    """Whether a delegate that isn't a stash is an error rather than a warning."""

    DELEGATE_ATTR = False
    """The default of ``delegate_attr``."""


@dataclass
class DelegateStash(CloseableStash[V], Generic[V]):
    """Passes all calls on to another stash; subclasses change some.

    As safe with threads and processes as its delegate.

    >>> from zensols.persist import DictionaryStash
    >>> class PrefixStash(DelegateStash):
    ...     def dump(self, name, inst):
    ...         super().dump(f"model-{name}", inst)
    >>> stash = PrefixStash(DictionaryStash())
    >>> stash["a"] = 1
    >>> dict(stash)
    {'model-a': 1}

    """

    delegate: Stash[V]
    """The stash that does the work."""

    delegate_attr = False
    """Whether attributes that this object lacks are taken from its delegate; to
    be set on the instance or class.
    """

    def __post_init__(self) -> None:
        if self.delegate is None:
            raise PersistableError(f"Delegate of {type(self).__name__} is not set")
        if not isinstance(self.delegate, Stash):
            message = (
                f"Delegate of {type(self).__name__} is not a stash but a "
                f"{type(self.delegate).__name__}"
            )
            if DelegateDefaults.CLASS_CHECK:
                raise PersistableError(message)
            logger.warning(message)
        if DelegateDefaults.DELEGATE_ATTR:
            self.delegate_attr = True

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Also called when a property has raised AttributeError, which must
            # not be taken for a missing attribute.
            state = self.__dict__
            if (
                self.delegate_attr
                and "delegate" in state
                and not (name.startswith("__") or hasattr(type(self), name))
            ):
                return getattr(state["delegate"], name)
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )

    def load(self, name: str) -> V | None:
        return self.delegate.load(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self.delegate.get(name, default)

    def exists(self, name: str) -> bool:
        return self.delegate.exists(name)

    def dump(self, name: str, inst: V) -> None:
        self.delegate.dump(name, inst)

    def delete(self, name: str | None = None) -> None:
        self.delegate.delete(require_key(self, name))

    def keys(self) -> Iterable[str]:
        return self.delegate.keys()

    def clear(self) -> None:
        self.delegate.clear()

    def items(self) -> Iterator[tuple[str, V]]:
        if not self._inherits(DelegateStash, "load", "get", "load_many") or (
            # Whose keys may have to be scanned to find each.
            type(self.delegate).load_many is Stash.load_many
        ):
            return super().items()
        return self.delegate.load_many(snapshot(self.keys()))

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, V]]:
        if self._inherits(DelegateStash, "load", "get"):
            return self.delegate.load_many(names)
        return super().load_many(names)

    def dump_many(self, items: Iterable[tuple[str, V]]) -> None:
        if self._inherits(DelegateStash, "dump"):
            self.delegate.dump_many(items)
        else:
            super().dump_many(items)

    def delete_many(self, names: Iterable[str]) -> None:
        if self._inherits(DelegateStash, "delete"):
            self.delegate.delete_many(names)
        else:
            super().delete_many(names)

    def batch_gate(self) -> BatchGate:
        delegate: object = self.delegate
        if isinstance(delegate, Stash):
            return delegate.batch_gate()
        return super().batch_gate()

    @contextmanager
    def frozen(self, timeout: float | None = None) -> Iterator[Stash[V]]:
        delegate: object = self.delegate
        if not isinstance(delegate, Stash):
            yield self
            return
        with delegate.frozen(timeout) as below:
            if below is delegate:
                yield self
            else:
                view = copy(self)
                view.delegate = below
                yield view

    def _inherits(self, base: type[DelegateStash[Any]], *methods: str) -> bool:
        """Return whether this does what a base does with one key, so that it may
        leave many at once to its delegate.

        """
        cls = type(self)
        delegate: object = self.delegate
        return isinstance(delegate, Stash) and all(
            getattr(cls, name) is getattr(base, name) for name in methods
        )

    @property
    def reach(self) -> Reach:
        """That of the delegate."""
        delegate: object = self.delegate
        return delegate.reach if isinstance(delegate, Stash) else Reach.PROCESS

    def _make_beside(self, name: str) -> Stash[Any] | None:
        delegate: object = self.delegate
        return delegate.beside(name) if isinstance(delegate, Stash) else None

    def close(self) -> None:
        """Close the delegate, if it can be closed."""
        if hasattr(self.delegate, "close"):
            self.delegate.close()

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        if isinstance(self.delegate, Stash):
            return self.delegate.lock(key, timeout)
        return stash_lock(self.delegate, str(key), timeout)


@dataclass
class ReadOnlyDelegateStash(DelegateStash[V], ReadOnlyStash[V], Generic[V]):
    """Passes reads on to another stash; writes are ignored, or errors if
    ``strict`` is set.

    As safe with threads and processes as its delegate.

    >>> from zensols.persist import DictionaryStash
    >>> stash = ReadOnlyDelegateStash(DictionaryStash({"a": 1}))
    >>> stash.clear()
    >>> dict(stash)
    {'a': 1}

    """

    def __post_init__(self) -> None:
        super().__post_init__()
        ReadOnlyStash.__post_init__(self)

    def dump(self, name: str, inst: V) -> None:
        ReadOnlyStash.dump(self, name, inst)

    def delete(self, name: str | None = None) -> None:
        ReadOnlyStash.delete(self, name)

    def clear(self) -> None:
        ReadOnlyStash.clear(self)
