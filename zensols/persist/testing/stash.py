"""The whole contract of stashes."""

from __future__ import annotations

from .batch import BatchContract
from .beside import BesideContract
from .concurrency import ConcurrencyContract
from .entries import EntriesContract
from .hostile import HostileKeysContract
from .large import LargeContract
from .model import ModelContract
from .persistence import PersistenceContract
from .readable import ReadableContract
from .writable import WritableContract

__all__ = ["StashContract"]


class StashContract(
    ReadableContract,
    WritableContract,
    HostileKeysContract,
    BatchContract,
    EntriesContract,
    LargeContract,
    PersistenceContract,
    BesideContract,
    ConcurrencyContract,
    ModelContract,
):
    """The tests that any stash passes that can be read and written in all ways.
    To run them on a stash of yours, subclass this in a test module::

        class TestMyStash(StashContract):
            processes = True

            @pytest.fixture
            def stash(self, tmp_path):
                return MyStash(tmp_path / "data")

            def reopen(self, stash):
                return MyStash(stash.path)

    See :class:`.StashHooks` for all that can be set.  A stash that has no store
    behind it, so that values are lost with it, leaves out :meth:`reopen`; one
    that hands out the very objects that it was given sets ``copies = False``.
    Where the store can be used without the stash, override :meth:`raw_get`,
    :meth:`raw_put` and :meth:`raw_keys`, so that a fault in writing can't be
    hidden by the same one in reading.

    What can't do it all subclasses the parts that apply:
    :class:`.ReadableContract` (with a fixture ``filled``),
    :class:`.WritableContract`, :class:`.HostileKeysContract`,
    :class:`.BatchContract`, :class:`.EntriesContract`, :class:`.LargeContract`,
    :class:`.PersistenceContract`, :class:`.BesideContract`,
    :class:`.ConcurrencyContract` and :class:`.ModelContract`.

    >>> import pytest
    >>> from zensols.persist import DictionaryStash
    >>> class TestMine(StashContract):
    ...     copies = False
    ...     @pytest.fixture
    ...     def stash(self):
    ...         return DictionaryStash()

    """
