"""The state of an application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from frozendict import frozendict

from ..codec.kept import Kept
from ..codec.tagged import Tagger
from ..error import CorruptDataError, PersistableError
from .items import check_items, describe

__all__ = ["State"]


class State(Mapping[str, Any]):
    """An immutable mapping: what changes it returns another one.

    It equals any mapping with the same items, and can be hashed if its values can.
    Values are shared between states, not copied, so don't change those that can be
    changed: replace them.

    Safe to share between threads and processes, as far as its values are.

    >>> state = State({"count": 1}, prompt="hello")
    >>> state.increment(count=1).append(messages="hi")
    State({'count': 2, 'prompt': 'hello', 'messages': ['hi']})
    >>> state
    State({'count': 1, 'prompt': 'hello'})

    """

    __slots__ = ("_items", "_kept")

    _items: frozendict[str, Any]
    _kept: Kept

    def __init__(self, items: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """
        :param items: the values, by name

        :param more: others, which win

        :raises PersistableError: if a name isn't text

        """
        if items is None:
            items = {}
        else:
            check_items(items)
        self._items = frozendict({**items, **more})
        self._kept = items.kept if isinstance(items, State) else Kept()

    @classmethod
    def restore(cls, items: dict[str, Any], kept: Kept) -> Self:
        """Return a state of what is stored of it.

        :param items: the values, by name

        :param kept: what was stored of instances among them that have no place for
                     it

        :raises PersistableError: if a name isn't text

        """
        check_items(items)
        state = cls.__new__(cls)
        state._items = frozendict(items)
        state._kept = kept
        return state

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).restore, (dict(self._items), self._kept)

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, State):
            return self._items == other._items
        return self._items == other if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        try:
            return hash(self._items)
        except TypeError as error:
            key = next(k for k, v in self._items.items() if not _has_hash(v))
            raise TypeError(
                f"A state has a hash if its values do: {key!r} is {describe(self[key])}"
            ) from error

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self._items)!r})"

    @property
    def kept(self) -> Kept:
        """What was stored of instances among the values that have no place for it,
        and is stored again with them.
        """
        return self._kept

    def _with(self, items: dict[str, Any]) -> Self:
        return self.restore(items, self._kept)

    def update(self, items: Mapping[str, Any] | None = None, /, **more: Any) -> Self:
        """Return a state in which some values are new.

        :param items: the new values, by name

        :param more: others, which win

        :raises PersistableError: if a name isn't text

        >>> State(a=1, b=2).update({"a": 3}, c=4)
        State({'a': 3, 'b': 2, 'c': 4})

        """
        return self._with({**self._items, **(items or {}), **more})

    def append(self, /, **items: Any) -> Self:
        """Return a state in which lists (or tuples) have one more item.

        :param items: the item, by the name of the list, which is made if it isn't
                      there

        :raises PersistableError: if there is something else

        >>> State(messages=["hi"]).append(messages="hello", calls=1)
        State({'messages': ['hi', 'hello'], 'calls': [1]})

        """
        return self.extend(**{key: (item,) for key, item in items.items()})

    def extend(self, /, **items: Iterable[Any]) -> Self:
        """Return a state in which lists (or tuples) have more items.

        :param items: the items, by the name of the list, which is made if it isn't
                      there

        :raises PersistableError: if there is something else, or these are no items

        >>> State(messages=["hi"]).extend(messages=["how are", "you"])
        State({'messages': ['hi', 'how are', 'you']})

        """
        found = dict(self._items)
        for key, more in items.items():
            old = found.get(key, [])
            if type(old) is not list and type(old) is not tuple:
                raise PersistableError(
                    f"Can't add items to {key!r}: it is {describe(old)}, not a list"
                )
            try:
                found[key] = type(old)([*old, *more])
            except TypeError as error:
                raise PersistableError(
                    f"Can't add items to {key!r}: {describe(more)} has none: use append"
                ) from error
        return self._with(found)

    def increment(self, /, **amounts: Any) -> Self:
        """Return a state in which numbers are greater.

        :param amounts: by how much, by the name of the number, which is zero if it
                        isn't there

        :raises PersistableError: if it can't be added

        >>> State(count=1).increment(count=2, errors=1)
        State({'count': 3, 'errors': 1})

        """
        found = dict(self._items)
        for key, amount in amounts.items():
            old = found.get(key, 0)
            try:
                found[key] = old + amount
            except TypeError as error:
                raise PersistableError(
                    f"Can't add {amount!r} to {key!r}: it is {describe(old)}"
                ) from error
        return self._with(found)

    def wipe(
        self,
        delete: Iterable[str] | None = None,
        keep: Iterable[str] | None = None,
    ) -> Self:
        """Return a state without some of the values, or with nothing.

        :param delete: the names of those that go; they needn't be there

        :param keep: the names of those that stay, instead

        :raises PersistableError: if both are given, or text instead of names

        >>> State(a=1, b=2, c=3).wipe(delete=["a"])
        State({'b': 2, 'c': 3})

        """
        if delete is not None and keep is not None:
            raise PersistableError("Can't wipe a state: give delete or keep, not both")
        if isinstance(keys := delete if keep is None else keep, str):
            raise PersistableError(
                f"Can't wipe a state: {keys!r} is no list of names, [{keys!r}] is"
            )
        if delete is None:
            return self.subset(*(keep or ()))
        gone = set(delete)
        return self._with({k: v for k, v in self._items.items() if k not in gone})

    def subset(self, *keys: str, ignore_missing: bool = True) -> Self:
        """Return a state with some of the values.

        :param keys: their names

        :param ignore_missing: whether they needn't be there

        :raises KeyError: if one should be there and isn't

        >>> State(a=1, b=2).subset("a", "x")
        State({'a': 1})

        """
        wanted = set(keys)
        if not ignore_missing and (missing := wanted - self._items.keys()):
            raise KeyError(*sorted(missing))
        return self._with({k: v for k, v in self._items.items() if k in wanted})

    def merge(self, other: Mapping[str, Any]) -> Self:
        """Return a state with the values of both.

        :param other: a state or other mapping, whose values win

        :raises PersistableError: if a name isn't text

        >>> State(a=1, b=2).merge(State(b=3))
        State({'a': 1, 'b': 3})

        """
        kept = self._kept | other.kept if isinstance(other, State) else self._kept
        return self.restore({**self._items, **other}, kept)

    def get_all(self) -> dict[str, Any]:
        """Return the values as a dictionary."""
        return dict(self._items)

    def serialize(self, types: Iterable[type] = ()) -> dict[str, Any]:
        """Return the state as what JSON has a form for, see :class:`.Tagger`.

        :param types: the classes whose instances it may have; see :class:`.JsonCodec`

        :raises PersistableError: if it can't be stored; the text gives the path

        >>> State(size=(3, 4)).serialize()
        {'size': {'$tuple': [3, 4]}}

        """
        plain: dict[str, Any] = Tagger(types).to_plain(self.get_all(), self._kept)
        return plain

    @classmethod
    def deserialize(cls, data: Mapping[str, Any], types: Iterable[type] = ()) -> Self:
        """Return a state from what :meth:`serialize` returned.

        :param data: that

        :param types: the classes whose instances it may have

        :raises CorruptDataError: if it is damaged

        :raises ClassNotFoundError: if it has a class that is not in ``types``

        :raises PersistableError: if it is written by a newer release

        >>> State.deserialize({"size": {"$tuple": [3, 4]}})
        State({'size': (3, 4)})

        """
        kept = Kept()
        items = Tagger(types).from_plain(dict(data), "the state", kept)
        if type(items) is not dict:
            raise CorruptDataError(f"Damaged: the state is {describe(items)}")
        return cls.restore(items, kept)


def _has_hash(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
