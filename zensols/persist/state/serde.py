"""States as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..codec.entry import Buffer
from ..codec.kept import Kept
from ..codec.tagged import Tagger
from ..error import CorruptDataError
from .items import check_items, describe
from .schema import Migration, Schema
from .state import State

__all__ = ["StateSerde"]


class StateSerde:
    """Turns states into JSON and back, see :class:`.JsonCodec` for what they may have.

    What is stored of instances and their classes lack, as a newer release may have
    it, is stored again with them.

    Safe to share between threads, if the migrations are; it can be pickled if they
    can.

    >>> serde = StateSerde()
    >>> data = serde.encode({"count": 1, "size": (3, 4)})
    >>> data
    b'{"count":1,"size":{"$tuple":[3,4]}}'
    >>> serde.decode(data, None)
    State({'count': 1, 'size': (3, 4)})
    >>> serde.encode({"messages": ["hi", object]})
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: Can't store value['messages'][1] as JSON: \
<class 'object'>: JSON has no form for type: convert it

    """

    def __init__(
        self,
        types: Iterable[type] = (),
        schema_version: int | None = None,
        migrations: Sequence[Migration] = (),
    ) -> None:
        """
        :param types: the dataclasses, msgspec Structs, pydantic models, Enums, named
                      tuples and other classes whose instances a state may have; see
                      :class:`.JsonCodec`

        :param schema_version: the version that states have which are encoded here;
                               by default the number of migrations, or none without
                               them

        :param migrations: what makes each version of the one before, in order; see
                           :class:`.Schema`

        :raises PersistableError: if a type can't be stored, or the migrations don't
                                  fit the version

        """
        self._tagger = Tagger(types)
        self._schema = Schema(schema_version, migrations)

    @property
    def schema_version(self) -> int | None:
        """The version of the states that are encoded here, or None."""
        return self._schema.version

    def encode(self, state: Mapping[str, Any]) -> bytes:
        """Return a state as JSON: the same for the same state, in whichever process.

        The order of what a mapping holds counts, and comes back; that of a set
        doesn't.

        :param state: a state or other mapping

        :raises PersistableError: if it can't be stored; the text gives the path to
                                  the culprit

        """
        if isinstance(state, State):
            return self._tagger.encode(state.get_all(), state.kept)
        check_items(state)
        return self._tagger.encode(dict(state))

    def is_same(self, one: Buffer, other: Buffer) -> bool:
        """Return whether two states are the same, in whatever order their mappings
        are.

        :param one: what :meth:`encode` returned for one

        :param other: what :meth:`encode` returned for the other

        :raises CorruptDataError: if one is damaged

        >>> serde = StateSerde()
        >>> serde.is_same(serde.encode({"a": 1, "b": 2}), serde.encode({"b": 2, "a": 1}))
        True

        """
        return one == other or self._sort(one) == self._sort(other)

    def _sort(self, data: Buffer) -> bytes:
        from msgspec.json import encode

        return encode(self._tagger.parse(data, "the state"), order="deterministic")

    def decode(
        self, data: Buffer, version: int | None, source: str = "the state"
    ) -> State:
        """Return a state from JSON, with the migrations applied that it needs.

        :param data: what :meth:`encode` returned

        :param version: the version that it was encoded with, None if there was none

        :param source: names where it is from in errors

        :raises CorruptDataError: if it is damaged

        :raises ClassNotFoundError: if it has a class that isn't among our types

        :raises StateVersionError: if it is of a newer version than ours

        :raises PersistableError: if no migration begins with its version, or one fails

        """
        kept = Kept()
        if self._schema.is_current(version):
            items = self._tagger.decode(data, source, kept)
        else:
            plain = self._tagger.parse(data, source)
            plain = self._schema.upgrade(plain, version, source)
            items = self._tagger.from_plain(plain, source, kept)
        if type(items) is not dict:
            raise CorruptDataError(f"Damaged: {source} is {describe(items)}")
        return State.restore(items, kept)
