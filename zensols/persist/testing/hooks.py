"""What the parts of the contract need to know of the stash that they test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, ClassVar

import pytest

from ..domain import Stash
from ..missing import MISSING

__all__ = ["StashHooks"]


class StashHooks:
    """The fixtures, attributes and methods by which a subclass of a contract
    describes its stash.  Only the fixture :meth:`stash` has to be given, or
    :meth:`filled` for a stash that can't be written to.

    >>> StashHooks().items["a"]
    'some text'

    """

    names: ClassVar[Sequence[str]] = (
        "a",
        "b c",
        "file.txt",
        "2024-01-01T12:00:00",
        "Größe",
    )
    """Ordinary keys, three or more, all of which the stash can have at once."""

    values: ClassVar[Sequence[Any]] = (
        "some text",
        None,
        [],
        0,
        {"a": {"b": [True, None]}},
        "",
        False,
        {},
        b"",
        0.5,
        [1, [2, [3]]],
        b"\x00\xff\r\n",
        "naïve \N{SLIGHTLY SMILING FACE}\r\n",
        1 << 53,
    )
    """Values that the stash can keep."""

    copies: ClassVar[bool] = True
    """Whether what is loaded is a copy, so that changing it changes nothing in
    the stash.
    """

    pickles: ClassVar[bool] = True
    """Whether the stash itself can be pickled."""

    entries: ClassVar[bool] = True
    """Whether what an :class:`.EntryStore` hands out has all of a value."""

    processes: ClassVar[bool] = False
    """Whether several processes may use it at once."""

    large: ClassVar[bool] = False
    """Whether values of 64 MiB are tried, as is right for stores at rest."""

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        """Return a new and empty stash."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'stash' that returns a new stash"
        )

    @pytest.fixture
    def filled(self, stash: Stash[Any]) -> Stash[Any]:
        """Return a stash that has :attr:`items`; by default written behind the
        back of the one of the fixture ``stash``.

        """
        for name, value in self.items.items():
            self.raw_put(stash, name, value)
        return stash

    @property
    def items(self) -> dict[str, Any]:
        """What the fixture ``filled`` has."""
        return dict(zip(self.names, cycle(self.values), strict=False))

    def reopen(self, stash: Stash[Any]) -> Stash[Any] | None:
        """Return a new stash over the same store, as a later process would open
        it, or None, the default, if values don't outlive the stash.

        """
        return None

    def raw_get(self, stash: Stash[Any], key: str) -> Any:
        """Return a value, or :data:`.MISSING`, read from the store without the
        stash, so that a fault in writing can't be hidden by one in reading; by
        default by what :meth:`reopen` returns.

        """
        return self._other(stash).get(key, MISSING)

    def raw_put(self, stash: Stash[Any], key: str, value: Any) -> None:
        """Write a value to the store without the stash."""
        self._other(stash).dump(key, value)

    def raw_keys(self, stash: Stash[Any]) -> Iterable[str]:
        """Return the keys that are in the store, found without the stash."""
        return self._other(stash).keys()

    def make_value(self, number: int) -> Any:
        """Return a value that is equal only to that of the same number."""
        # In one line, since pytest takes minutes to show how many lines differ.
        return {"number": number, "data": f"{number}," * 500}

    def make_large_value(self) -> Any:
        """Return a value of a few MiB."""
        return {
            "text": "\N{EURO SIGN}uro" * (1 << 19),
            "bytes": bytes(range(256)) * 8192,
        }

    def _other(self, stash: Stash[Any]) -> Stash[Any]:
        reopened = self.reopen(stash)
        return stash if reopened is None else reopened
