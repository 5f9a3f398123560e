"""Where a composite stash keeps the parts of its items."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..error import PersistableError
from ..files import FileNames
from ..missing import MISSING
from .directory import DirectoryStash

__all__ = ["GroupStash", "clear_groups", "make_groups"]

_SECOND = "%2"
"""Ends the name of the second folder of a group, and of no first one."""


class GroupStash(DirectoryStash[Any]):
    """Keeps one group's part of each item, in one of two slots: while an item
    is replaced, the other slot still has the old part.

    As safe with threads and processes as its user's lock on the item makes it.

    >>> import tempfile
    >>> stash = GroupStash(Path(tempfile.mkdtemp()), frozenset({"text"}), "text")
    >>> stash.dump_part("a", 0, "generation 1", {"text": "some"})
    >>> stash.load_part("a", 0, "generation 1"), stash.load_part("a", 0, "2")
    ({'text': 'some'}, MISSING)

    """

    def __init__(
        self, path: Path, group: frozenset[str], name: str, **kwargs: Any
    ) -> None:
        """
        :param path: has the folders of all groups

        :param group: the names of attributes that this keeps

        :param name: what the folder is called

        :param kwargs: given to :class:`.DirectoryStash`

        """
        super().__init__(path / name, **kwargs)
        self.group = group
        self.group_name = name
        self._slots = (self, DirectoryStash[Any](path / f"{name}{_SECOND}", **kwargs))

    def load_part(self, key: str, slot: int, generation: str | None) -> Any:
        """Return the part of an item.

        :param key: the item's

        :param slot: which slot it is in

        :param generation: identifies what it was written with

        :return: the part, or MISSING if there is none that was written with that

        """
        part = self._slots[slot].load(key)
        if isinstance(part, dict):
            # As the older package wrote it, without a generation.
            return part if generation is None else MISSING
        if part is None or part[0] != generation:
            return MISSING
        return part[1]

    def dump_part(
        self, key: str, slot: int, generation: str, part: dict[str, Any]
    ) -> None:
        """Store the part of an item.

        :param key: the item's

        :param slot: which slot to store it in

        :param generation: identifies what it is written with

        :param part: the part

        """
        self._slots[slot].dump(key, (generation, part))

    def delete_part(self, key: str, slot: int) -> None:
        """Delete the part of an item, if there is one.

        :param key: the item's

        :param slot: which slot it is in

        """
        self._slots[slot].delete(key)


def make_groups(
    path: Path, groups: Sequence[Collection[str]], **kwargs: Any
) -> list[GroupStash]:
    """Return the stash of each group.

    :param path: has the folders of all groups

    :param groups: the names of attributes that are stored together

    :param kwargs: given to :class:`.DirectoryStash`

    :raises PersistableError: if the groups aren't disjoint sets of names

    >>> stashes = make_groups(Path("items"), ({"b", "a"}, {"c-d"}))
    >>> [stash.group_name for stash in stashes]
    ['a-b', 'c%2Dd']

    """
    if not groups:
        raise PersistableError(f"No groups are given to the composite stash at {path}")
    seen: set[str] = set()
    folded: set[str] = set()
    stashes = []
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
        name = _folder_name(group, folded)
        folded.add(name.casefold())
        stashes.append(GroupStash(path, frozenset(group), name, **kwargs))
    return stashes


def _folder_name(group: Collection[str], folded: set[str]) -> str:
    names = FileNames("{name}", folds=lambda: False)
    # Attributes with a hyphen mustn't look like two.
    parts = [names.to_name(name).replace("-", "%2D") for name in sorted(group)]
    name = "-".join(parts)
    if len(name.encode()) > 255 - len(_SECOND) or name.casefold() in folded:
        name = f"%~{blake2b(name.encode(), digest_size=16).hexdigest()}"
    return name


def clear_groups(path: Path, **kwargs: Any) -> None:
    """Delete the parts of all items, also those of groups that are no longer
    given, and the folders that are empty then.

    :param path: has the folders of all groups

    :param kwargs: given to :class:`.DirectoryStash`

    >>> clear_groups(Path("no such folder"))

    """
    if path.is_dir():
        for folder in path.iterdir():
            if folder.is_dir():
                DirectoryStash[Any](folder, **kwargs).clear()
                remove_empty(folder)
        remove_empty(path)


def remove_empty(folder: Path) -> None:
    """Remove a folder if it is empty.

    :param folder: the folder, which need not exist

    >>> remove_empty(Path("no such folder"))

    """
    try:
        folder.rmdir()
    except OSError:
        # It has files of others, or is being written to.
        pass
