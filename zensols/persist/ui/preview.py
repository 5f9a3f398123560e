"""What the panel shows of a value.  What is not signed with this user's key is never
unpickled, and JSON is read in a bounded way, whatever the environment allows.

"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ..codec import Codec, EntryInfo, JsonCodec, inner_codec, strict
from ..codec.bounded import body_within
from ..codec.tagged import Tagger
from ..domain import EntryStore, Stash
from ..error import (
    ClassNotFoundError,
    PersistableError,
    UntrustedDataError,
)
from ..stash.layers import entry_store
from ..stash.survey import UNAVAILABLE
from ..stash.wording import age_text, escape, size_text
from .arrays import ArrayView, view_array
from .tree import Node, as_tree

__all__ = ["Preview", "look_at"]

LARGEST: Final = 64 << 20
"""Up to how many bytes an entry is read."""

LARGEST_JSON: Final = 2 << 20
"""Up to how many bytes of JSON are read, decompressed ones included."""

_TEXT: Final = 20_000


@dataclass(frozen=True)
class Preview:
    """What the panel shows of a value."""

    key: str
    """The key."""

    info: EntryInfo | None
    """What the entry tells of itself, if it does."""

    trust: str = ""
    """Whether the value can be trusted, in a few words."""

    problem: str = ""
    """Why the value is not shown, and what to do about it."""

    tree: list[Node] = field(default_factory=list)
    """The value as a tree."""

    text: str | None = None
    """The value, if it is one text."""

    array: ArrayView | None = None
    """The value, if it is an array."""

    @property
    def facts(self) -> dict[str, str]:
        """What is known about the value without it, by name."""
        info = self.info
        if info is None:
            return {}
        age = Preview._age(info)
        shown = {
            "type": escape((info.type or "?").removeprefix("builtins.")),
            "size": size_text(info.size)
            + (f", {info.size:,} bytes" if info.size > 1023 else ""),
            "stored": age,
            "codec": info.codec + (f", {info.compression}" if info.compression else ""),
            "trust": self.trust,
            "shape": None if info.shape is None else " × ".join(map(str, info.shape)),
            "elements": None if info.dtype is None else escape(info.dtype),
            "computed in": None if info.seconds is None else f"{info.seconds:.3g} s",
        }
        return {name: text for name, text in shown.items() if text}

    @staticmethod
    def _age(info: EntryInfo) -> str | None:
        from datetime import UTC, datetime

        if info.created is None:
            return None
        age = (datetime.now(UTC) - info.created).total_seconds()
        when = info.created.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{age_text(age)} ago ({when})" if age >= 0 else when


def look_at(stash: Stash[Any], key: str) -> Preview:
    """Return what the panel shows of a value.

    :param stash: the stash

    :param key: the key

    :raises StoreUnavailableError: if the store can't be reached

    >>> from zensols.persist import open_stash
    >>> stash = open_stash("memory:?codec=json")
    >>> stash["a"] = {"n": 1}
    >>> look_at(stash, "a").tree[0]["label"]
    'dict, 1 item'

    """
    store = entry_store(stash)
    if store is None:
        return Preview(
            key,
            None,
            problem="This store keeps no entries, so that nothing tells whether its "
            "values can be trusted, and none is read. Copy it to one that does: "
            "stash copy URL dir:copy",
        )
    info = None
    try:
        info = store.entry_info(key)
        if info is None:
            return Preview(key, None, problem="There is no such key: it was deleted.")
        return _decode(store, key, info)
    except UNAVAILABLE:
        raise
    except UntrustedDataError as e:
        return Preview(key, info, "not to be trusted", escape(str(e)))
    except PersistableError as e:
        return Preview(key, info, "", escape(str(e)))
    except MemoryError:
        return Preview(key, info, "", "There is not enough memory to show the value.")


def _decode(store: EntryStore, key: str, info: EntryInfo) -> Preview:
    if info.size > LARGEST:
        problem = f"Values of more than {size_text(LARGEST)} are not shown."
        return Preview(key, info, "not checked", problem)
    entry = store.load_entry(key)
    if entry is None:
        return Preview(key, None, problem="There is no such key: it was deleted.")
    codec = strict(store.entry_codec)
    if info.codec == "json":
        trust = "data only, no code"
        value = _from_json(codec, entry, key)
    elif info.codec == "pickle":
        value = codec.decode(entry, key, source=f"the value of {key!r}")
        trust = "signed with your key"
    else:
        raise UntrustedDataError(
            f"What is stored as {info.codec} can run code when it is read, and is "
            f"signed by nobody"
        )
    if isinstance(value, str) and len(value) > 100:
        return Preview(key, info, trust, text=_cut(value))
    # Not NumPy's numbers, which have no dimensions.
    if hasattr(type(value), "__array_interface__") and value.ndim:
        return Preview(key, info, trust, array=view_array(value))
    return Preview(key, info, trust, tree=as_tree(value))


def _from_json(codec: Codec, entry: bytes, key: str) -> Any:
    reader = inner_codec(codec)
    if not isinstance(reader, JsonCodec):
        reader = JsonCodec()
    body = body_within(reader, entry, key, LARGEST_JSON)
    try:
        return Tagger(reader.types).decode(body, f"the value of {key!r}")
    except ClassNotFoundError:
        # Instances of classes that this process doesn't know are still data.
        return Tagger.parse(body)


def _cut(text: str) -> str:
    more = len(text) - _TEXT
    return text[:_TEXT] + (f"\n… {more:,} characters more" if more > 0 else "")
