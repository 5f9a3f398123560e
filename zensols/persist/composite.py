"""A stash that splits an attribute of its items over several files."""

from __future__ import annotations

import copy
import secrets
import shutil
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic

from .domain import V, require_key
from .error import MissingDataKeysError, PersistableError
from .missing import MISSING
from .stash.directory import DirectoryStash

__all__ = ["DirectoryCompositeStash", "MissingDataKeysError"]

Context = tuple[str, ...] | None
"""The order of an item's attributes, if it keeps them in an OrderedDict."""


class _GroupStash(DirectoryStash[Any]):
    """Keeps one group's part of each item, in one of two slots: while an item
    is replaced, the other slot still has the old part.

    """

    def __init__(self, path: Path, group: frozenset[str], name: str, **kwargs: Any):
        super().__init__(path / name, **kwargs)
        self.group = group
        self.group_name = name
        self.slots = (self, DirectoryStash[Any](self.path / "~", **kwargs))

    def load_part(self, key: str, slot: int, generation: str | None) -> Any:
        """Return the part of an item, or MISSING if there is none that was
        written with it.

        """
        part = self.slots[slot].load(key)
        if isinstance(part, dict):
            # As the older package wrote it, without a generation.
            return part if generation is None else MISSING
        if part is None or part[0] != generation:
            return MISSING
        return part[1]

    def dump_part(self, key: str, slot: int, generation: str, part: Any) -> None:
        """Store the part of an item."""
        self.slots[slot].dump(key, (generation, part))

    def delete_part(self, key: str, slot: int) -> None:
        """Delete the part of an item."""
        self.slots[slot].delete(key)


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
        self._groups = _disjoint(groups, self._root)
        folder = self._root / self.COMPOSITE_DIRECTORY_NAME
        self._stash_by_group: dict[str, _GroupStash] = {}
        self._stash_by_attribute: dict[str, _GroupStash] = {}
        for group in self._groups:
            name = "-".join(_escape(attribute) for attribute in sorted(group))
            stash = _GroupStash(folder, group, name, **self._stash_options)
            self._stash_by_group[name] = stash
            self._stash_by_attribute.update(dict.fromkeys(group, stash))

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
            for group, part in parts:
                self._stash_by_group[group].dump_part(key, slot, generation, part)
            super().dump(key, (bare, context, generation, slot))  # type: ignore[arg-type]  # what is stored for the item
            for stash in self._stash_by_group.values():
                stash.delete_part(key, 1 - slot)

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

    def _wanted(self) -> Iterable[_GroupStash]:
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

    def delete(self, name: str | None = None) -> None:
        """Delete an item with its parts, if there is one.

        :param name: the key

        """
        key = str(require_key(self, name))
        with self.lock(key):
            super().delete(key)
            for stash in self._stash_by_group.values():
                for slot in 0, 1:
                    stash.delete_part(key, slot)

    def clear(self) -> None:
        """Delete all items and the folders of all groups, also of those that
        are no longer given.

        """
        super().clear()
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.rmtree(self._root / self.COMPOSITE_DIRECTORY_NAME, ignore_errors=True)
        with suppress(OSError):
            self._root.rmdir()


def _escape(attribute: str) -> str:
    return attribute.replace("%", "%25").replace("-", "%2D").replace("/", "%2F")


def _disjoint(
    groups: Sequence[Collection[str]], path: Path
) -> tuple[frozenset[str], ...]:
    if not groups:
        raise PersistableError(f"No groups are given to the composite stash at {path}")
    seen: set[str] = set()
    for group in groups:
        if isinstance(group, str) or not isinstance(
            group, (set, frozenset, list, tuple)
        ):
            raise PersistableError(
                f"Expecting each group of the stash at {path} to be a set of names "
                f"but got: {group!r}"
            )
        if twice := seen.intersection(group):
            raise PersistableError(
                f"In more than one group of the stash at {path}: {sorted(twice)}"
            )
        seen.update(group)
    return tuple(frozenset(group) for group in groups)
