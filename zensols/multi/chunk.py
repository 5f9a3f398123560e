"""What a worker needs to know of a chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zensols.persist.dealloc import Deallocatable
from zensols.persist.domain import Stash
from zensols.persist.error import PersistableError

from .recipe import child_of
from .travel import unpack

if TYPE_CHECKING:
    from .stash import MultiProcessStash

__all__ = ["ChunkProcessor", "is_configured"]


def is_configured(config: Any, name: str | None) -> bool:
    """Return whether a configuration makes the stash that works on a chunk, so that
    it doesn't have to travel.

    :param config: what the object factory was made with that made the stash, if one
                   did

    :param name: what that calls it

    >>> is_configured(None, None)
    False

    """
    if config is None or name is None:
        return False
    try:
        from zensols.config import ImportConfigFactory  # noqa: F401  is it there?
    except ImportError:
        return False
    return True


@dataclass
class ChunkProcessor:
    """A chunk of the items of a :class:`.MultiProcessStash`, and what its worker
    makes the stash of: the configuration and name that an object factory gave it,
    where there is ``zensols.config``, or else a copy of it.

    For one thread.

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.multi import MultiProcessStash
    >>> class Squares(MultiProcessStash):
    ...     def _create_data(self):
    ...         return range(5)
    ...     def _process(self, chunk):
    ...         return ((str(n), n * n) for n in chunk)
    >>> stash = Squares(DictionaryStash())
    >>> ChunkProcessor(None, None, 0, [2, 3], stash).process()
    2
    >>> sorted(stash.delegate)
    [('2', 4), ('3', 9)]

    """

    config: Any
    """The configuration that makes the stash, if any."""

    name: str | None
    """What the configuration calls the stash."""

    chunk_id: int
    """Which chunk it is, counted from 0."""

    data: Any
    """The items, a list of what ``_create_data`` yielded."""

    stash: MultiProcessStash[Any] | bytes | None = field(default=None, repr=False)
    """The stash, or what :func:`.travel.pack` made of it, if no configuration makes
    it.
    """

    delegate: Stash[Any] | None = field(default=None, repr=False)
    """Where to store the results, if that is not the stash's delegate."""

    config_factory: Any = field(default=None, init=False, repr=False)
    """The object factory that made the stash, if a configuration did."""

    def make_stash(self) -> MultiProcessStash[Any]:
        """Return the stash that works on the chunk, set up as a worker's.

        :raises PersistableError: if there is nothing to make it of

        """
        stash: Any = None
        if is_configured(self.config, self.name):
            from zensols.config import ImportConfigFactory

            self.config_factory = ImportConfigFactory(self.config)
            stash = self.config_factory.instance(self.name)
        if stash is None:
            if self.stash is None:
                raise PersistableError(
                    f"Chunk {self.chunk_id} has no stash to work with: give it one, or "
                    f"a configuration, a name in it, and install zensols.util"
                )
            if isinstance(self.stash, bytes):
                stash = unpack(self.stash)
            else:
                stash = child_of(self.stash)
        stash.is_child = True
        if self.delegate is not None:
            stash.delegate = self.delegate
        stash._init_child(self)
        return stash  # type: ignore[no-any-return]  # a configuration makes anything

    def process(self) -> int:
        """Work on the items, store the results in the stash's delegate, and return
        how many there were.

        :raises Exception: what the work raises

        """
        stash = self.make_stash()
        count = 0
        for key, value in stash._process(self.data):
            stash.delegate.dump(key, value)
            count += 1
            Deallocatable._try_deallocate(value)
        if self.config_factory is not None or isinstance(self.stash, bytes):
            # Not a copy, which shares what it has with the program.
            Deallocatable._try_deallocate(stash)
            Deallocatable._try_deallocate(self.config_factory)
        return count

    def __str__(self) -> str:
        kind = type(self.data[0]).__name__ if self.data else "nothing"
        return f"{self.name}: chunk {self.chunk_id} of {kind}"
