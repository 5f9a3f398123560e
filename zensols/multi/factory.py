"""Stashes that are filled in parallel with what a factory stash creates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from zensols.persist.domain import PreemptiveStash, PrimeableStash, Stash, V
from zensols.persist.error import Failure, PersistableError

from .failure import failure_of
from .feed import Feed
from .policy import as_retry
from .stash import MultiProcessStash

if TYPE_CHECKING:
    from .manifest import Manifest
    from .sizing import Sizer

__all__ = ["MultiProcessFactoryStash", "MultiProcessRobustStash"]


@dataclass(init=False)
class MultiProcessFactoryStash(MultiProcessStash[V], Generic[V]):
    """Fills its delegate in parallel with what a factory stash has: its keys are
    the items, what it loads is stored.

    As safe with threads and processes as :class:`.MultiProcessStash`.

    >>> from zensols.persist import DictionaryStash, ReadOnlyStash
    >>> class Squares(ReadOnlyStash):
    ...     def load(self, name):
    ...         return int(name) ** 2
    ...     def keys(self):
    ...         return map(str, range(5))
    >>> stash = MultiProcessFactoryStash(
    ...     factory=Squares(), delegate=DictionaryStash(), workers=1)
    >>> stash["3"], len(stash)
    (9, 5)

    """

    keys_are_items: ClassVar[bool] = True

    factory: Stash[V]
    """Creates values when they are loaded from it, in workers."""

    enable_preemptive: bool | str
    """Whether ``has_data`` asks the factory, too."""

    def __init__(
        self,
        config: Any = None,
        name: str | None = None,
        factory: Stash[V] | None = None,
        enable_preemptive: bool | str = False,
        **kwargs: Any,
    ) -> None:
        """
        :param config: see :attr:`.MultiProcessStash.config`

        :param name: see :attr:`.MultiProcessStash.name`

        :param factory: see :attr:`factory`

        :param enable_preemptive: see :attr:`enable_preemptive`

        :param kwargs: ``delegate``, and the other attributes of
                       :class:`.MultiProcessStash`; ``workers`` is by default 0, one
                       for each core

        """
        if factory is None:
            raise PersistableError(f"Factory of {type(self).__name__} is not set")
        if "processor_class" in kwargs:
            self.processor_class = kwargs.pop("processor_class")
        self.factory = factory
        self.enable_preemptive = enable_preemptive
        super().__init__(config=config, name=name, **kwargs)

    def _create_data(self) -> Iterable[Any]:
        return self.factory.keys()

    def _process(self, chunk: list[Any]) -> Iterable[tuple[str, V]]:
        return ((key, self._load_from_factory(key)) for key in chunk)

    def _load_from_factory(self, key: Any) -> Any:
        """Return what the factory makes of a key; called by workers.

        :param key: the key

        """
        return self.factory.load(key)

    def _calculate_has_data(self) -> bool:
        has_data = super()._calculate_has_data()
        if has_data and self.enable_preemptive:
            factory = self.factory
            if isinstance(factory, PreemptiveStash):
                has_data = factory._calculate_has_data()
        return has_data

    def prime(self, wait: bool = True) -> None:
        """Fill the delegate with what it lacks of the factory's keys, unless this
        has been done.  The factory is primed first.

        :param wait: whether to wait until that is done; otherwise what is read waits
                     for its own key only, which is made first

        :raises Exception: as :meth:`.MultiProcessStash.prime`

        """
        if isinstance(self.factory, PrimeableStash) and not self.is_child:
            self.factory.prime()
        super().prime(wait)

    def make_feed(self, manifest: Manifest, sizer: Sizer, *, look: bool) -> Feed | None:
        there = set(self._keys_there())
        if manifest.is_begun:
            there -= manifest.made_by_others()

        def is_done(key: Any) -> bool:
            return str(key) in there

        if there and all(map(is_done, self._create_data())):
            return None
        return Feed(self._create_data(), sizer, is_done=is_done)

    def has_item(self, key: str) -> bool:
        return self.factory.exists(key)

    def keep_failures(self, failures: list[tuple[Any, BaseException]]) -> None:
        # Which the delegate's type doesn't allow for.
        delegate: Stash[Any] = self.delegate
        failed = {item: failure_of(item, error, self) for item, error in failures}
        delegate.dump_many(failed.items())
        self._life.tell(failed)

    def iterfails(self) -> Iterable[tuple[str, Failure]]:
        """Yield the keys whose values are failures, and these."""
        return ((key, value) for key, value in self if isinstance(value, Failure))

    def reprocess_failures(self) -> set[str]:
        """Delete the failures, try their keys again, and return these."""
        failed = {key for key, _ in self.iterfails()}
        if failed:
            self.delegate.delete_many(failed)
            self.invalidate()
        return failed

    def clear(self) -> None:
        """Clear the delegate and the factory, and forget that it was done."""
        super().clear()
        self.factory.clear()


@dataclass(init=False)
class MultiProcessRobustStash(MultiProcessFactoryStash[V], Generic[V]):
    """A :class:`MultiProcessFactoryStash` that keeps the failures of its factory as
    values, so that these are not tried again until asked for.

    >>> from zensols.persist import DictionaryStash, ReadOnlyStash
    >>> class Inverses(ReadOnlyStash):
    ...     def load(self, name):
    ...         return 1 / int(name)
    ...     def keys(self):
    ...         return map(str, range(3))
    >>> stash = MultiProcessRobustStash(
    ...     factory=Inverses(), delegate=DictionaryStash(), workers=1)
    >>> stash["2"]
    0.5
    >>> [(key, str(failure.exception)) for key, failure in stash.iterfails()]
    [('0', 'division by zero')]

    """

    protect_work: bool
    """Whether failures are kept, rather than raised."""

    def __init__(
        self,
        config: Any = None,
        name: str | None = None,
        protect_work: bool = True,
        **kwargs: Any,
    ) -> None:
        """
        :param config: see :attr:`.MultiProcessStash.config`

        :param name: see :attr:`.MultiProcessStash.name`

        :param protect_work: see :attr:`protect_work`

        :param kwargs: ``factory``, ``delegate``, and the other attributes of
                       :class:`MultiProcessFactoryStash`

        """
        self.protect_work = protect_work
        if protect_work:
            policy = as_retry(kwargs.get("on_failure", self.on_failure))
            kwargs["on_failure"] = replace(policy, then="collect")
        super().__init__(config, name, **kwargs)
