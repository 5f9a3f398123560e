"""A stash that splits an attribute of its items over several files."""

from __future__ import annotations

import copy
import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Generic

from .domain import V, require_key
from .error import MissingDataKeysError, PersistableError
from .missing import MISSING
from .stash.directory import DirectoryStash
from .stash.group import GroupStash, clear_groups, make_groups, remove_empty

__all__ = ["DirectoryCompositeStash", "MissingDataKeysError"]

Context = tuple[str, ...] | None
"""The order of an item's attributes, if it keeps them in an OrderedDict."""


class DirectoryCompositeStash(DirectoryStash[V], Generic[V]):
    """Stores items that have a dictionary as an attribute, the entries of which
    are stored in groups, each in a folder of its own, so that only what is
    wanted of a large item need be loaded.

    The instance file is written last and commits the parts, so that an item
    reads as its old or its new value, whatever is killed when.

    Safe to use from many threads and processes at once.

    >>> import tempfile
    >>> from types import SimpleNamespace
    >>> stash = DirectoryCompositeStash(
    ...     Path(tempfile.mkdtemp()), ({"text", "tokens"}, {"vectors"}), "features")
    >>> stash["doc"] = SimpleNamespace(
    ...     features={"text": "a b", "tokens": ["a", "b"], "vectors": [1.0, 2.0]})
    >>> stash.load_keys = {"tokens"}
    >>> stash["doc"].features
    {'tokens': ['a', 'b']}

    """

    INSTANCE_DIRECTORY_NAME = "inst"
    COMPOSITE_DIRECTORY_NAME = "comp"

    def __init__(
        self,
        path: Path,
        groups: Sequence[Collection[str]],
        attribute_name: str,
        load_keys: set[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """
        :param path: the folder that has one folder for the items and one for
                     each group

        :param groups: the names that are stored together, for each group

        :param attribute_name: the attribute of items that is a dictionary

        :param load_keys: the names to load; by default all

        :param kwargs: given to :class:`.DirectoryStash`

        :raises PersistableError: if the groups aren't disjoint sets of names

        """
        if not isinstance(path, Path):
            raise PersistableError(f"Expecting a pathlib.Path but got: {path!r}")
        if load_keys is not None and not isinstance(load_keys, set):
            raise PersistableError(
                f"Expecting a set of names to load from {path} but got: {load_keys!r}"
            )
        super().__init__(path / self.INSTANCE_DIRECTORY_NAME, **kwargs)
        self._root = path
        self._stash_options = kwargs
        self.attribute_name = attribute_name
        self.load_keys = load_keys
        self.groups = groups

    @property
    def groups(self) -> tuple[frozenset[str], ...]:
        """The names that are stored together; items stored with other groups
        can't be loaded after it is set.

        """
        return self._groups

    @groups.setter
    def groups(self, groups: Sequence[Collection[str]]) -> None:
        stashes = make_groups(
            self._root / self.COMPOSITE_DIRECTORY_NAME, groups, **self._stash_options
        )
        self._groups = tuple(stash.group for stash in stashes)
        self._stash_by_group = {stash.group_name: stash for stash in stashes}
        self._stash_by_attribute = {
            name: stash for stash in stashes for name in stash.group
        }

    def _to_composite(
        self, data: dict[str, Any]
    ) -> tuple[Context, Sequence[tuple[str, dict[str, Any]]]]:
        """Split a dictionary into its context and named groups."""
        missing = self._stash_by_attribute.keys() - data.keys()
        if missing:
            raise MissingDataKeysError(sorted(missing))
        extra = data.keys() - self._stash_by_attribute.keys()
        if extra:
            raise PersistableError(
                f"No group of the stash at {self._root} has {sorted(extra)}, which "
                f"the item has in {self.attribute_name!r}: add them to a group"
            )
        context = tuple(data) if isinstance(data, OrderedDict) else None
        return context, tuple(
            (name, {k: v for k, v in data.items() if k in stash.group})
            for name, stash in self._stash_by_group.items()
        )

    def dump(self, name: str, inst: V) -> None:
        """Store an item; the caller's object is never changed.

        :param name: the key

        :param inst: the item

        :raises MissingDataKeysError: if the item lacks grouped names

        :raises PersistableError: if it has names of no group, or can't be stored

        """
        key = str(name)
        context, parts = self._to_composite(getattr(inst, self.attribute_name))
        bare = copy.copy(inst)
        object.__setattr__(bare, self.attribute_name, None)
        generation = secrets.token_hex(8)
        with self.lock(key):
            stored = self._load_instance(key)
            slot = 0 if stored is None else 1 - stored[3]
            try:
                for group, part in parts:
                    self._stash_by_group[group].dump_part(key, slot, generation, part)
                super().dump(key, (bare, context, generation, slot))  # type: ignore[arg-type]  # what is stored for the item
            except BaseException:
                stored = self._load_instance(key)
                if stored is None or stored[2] != generation:
                    self._delete_parts(key, slot)
                raise
            self._delete_parts(key, 1 - slot)

    def _delete_parts(self, key: str, slot: int) -> None:
        for stash in self._stash_by_group.values():
            stash.delete_part(key, slot)

    def load(self, name: str) -> V | None:
        """Return an item, its dictionary limited to :attr:`load_keys`.

        :param name: the key

        :return: the item, or None if there is none

        :raises PersistableError: if a part of it is missing

        """
        value: V | None = self.get(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return an item, its dictionary limited to :attr:`load_keys`, or a
        default.

        :param name: the key

        :param default: returned if there is no such item

        :raises PersistableError: if a part of it is missing

        """
        key = str(name)
        lost: tuple[str, str | None] | None = None
        while True:
            stored = self._load_instance(key)
            if stored is None:
                return default
            item, context, generation, slot = stored
            data, missing = self._load_parts(key, generation, slot)
            if missing is None:
                object.__setattr__(
                    item, self.attribute_name, self._order(data, context)
                )
                return item
            # A part goes when a writer replaces the item, but then so does the
            # generation.
            if lost == (missing, generation):
                raise PersistableError(
                    f"Missing the part {missing!r} of item {key!r} in {self._root}: "
                    f"it was deleted, or the item was stored with other groups"
                )
            lost = missing, generation

    def _load_parts(
        self, key: str, generation: str | None, slot: int
    ) -> tuple[dict[str, Any], str | None]:
        """Return what is wanted of an item's dictionary, and the name of a part
        that is missing.

        """
        data: dict[str, Any] = {}
        for stash in self._wanted():
            part = stash.load_part(key, slot, generation)
            if part is MISSING:
                return data, stash.group_name
            data.update(part)
        return data, None

    def _load_instance(self, key: str) -> tuple[V, Context, str | None, int] | None:
        stored: Any = super().load(key)
        if stored is None:
            return None
        if len(stored) == 2:
            # As the older package wrote it.
            return (*stored, None, 0)
        return stored  # type: ignore[no-any-return]

    def _wanted(self) -> Iterable[GroupStash]:
        wanted = self.load_keys
        for stash in self._stash_by_group.values():
            if wanted is None or stash.group & wanted:
                yield stash

    def _order(self, data: dict[str, Any], context: Context) -> dict[str, Any]:
        if self.load_keys is not None:
            data = {k: v for k, v in data.items() if k in self.load_keys}
        if context is None:
            return data
        return OrderedDict((name, data[name]) for name in context if name in data)

    def _make_beside(self, name: str, *parts: str) -> DirectoryStash[Any]:
        # Items that were stored with other groups can't be loaded.
        return super()._make_beside(name, *sorted(self._stash_by_group), *parts)

    def delete(self, name: str | None = None) -> None:
        """Delete an item with its parts, if there is one.

        :param name: the key

        """
        key = str(require_key(self, name))
        with self.lock(key):
            super().delete(key)
            self._delete_parts(key, 0)
            self._delete_parts(key, 1)

    def clear(self) -> None:
        """Delete all items with their parts, also those in groups that are no
        longer given, and the folders that are empty then.

        """
        super().clear()
        clear_groups(self._root / self.COMPOSITE_DIRECTORY_NAME, **self._stash_options)
        remove_empty(self.path)
        remove_empty(self._root)
