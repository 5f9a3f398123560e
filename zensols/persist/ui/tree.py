"""Any value as a tree of short texts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import islice
from reprlib import Repr
from typing import Any, Final, NamedTuple, TypedDict

from ..stash.wording import escape

__all__ = ["Node", "as_tree", "short"]

_WIDTH: Final = 200
_BREADTH: Final = 100
_DEPTH: Final = 16
_NODES: Final = 2000
_REPRS: Final = (bool, int, float, complex, type(None))
_DIGITS: Final = 10**100


class Node(TypedDict):
    """A part of a value."""

    id: str
    """Tells it from the other parts."""

    label: str
    """What it is, printable."""

    children: list[Node]
    """What it is made of."""


def as_tree(value: Any) -> list[Node]:
    """Return a value as a tree, of which so much is left out that it has no more than
    about 2,000 nodes, each a line of a few hundred characters at most.

    :param value: any object; of one that is no plain data, what its ``repr`` returns is
                  shown

    >>> [node] = as_tree({"a": [1, 2]})
    >>> node["label"], node["children"][0]["label"]
    ('dict, 1 item', 'a: list, 2 items')

    """
    root = _Part("", value, 0, frozenset())
    node = _node(0, root)
    waiting = deque([(root, node)])
    count = 1
    # Level by level, so that what is left out is the deepest.
    while waiting:
        part, parent = waiting.popleft()
        size, items = _parts(part.value) or (0, iter(()))
        if id(part.value) in part.above:
            parent["label"] += ", which this is a part of"
            continue
        above = part.above | {id(part.value)}
        most = min(_BREADTH, _NODES - count) if part.depth < _DEPTH else 0
        for name, item in islice(items, most):
            child = _Part(name, item, part.depth + 1, above)
            parent["children"].append(_node(count, child))
            waiting.append((child, parent["children"][-1]))
            count += 1
        if size > len(parent["children"]):
            more = f"… {size - len(parent['children']):,} more"
            parent["children"].append(
                Node(id=f"{parent['id']}…", label=more, children=[])
            )
    return [node]


class _Part(NamedTuple):
    name: str
    value: Any
    depth: int
    above: frozenset[int]


def _node(number: int, part: _Part) -> Node:
    parts = _parts(part.value)
    prefix = f"{part.name}: " if part.name else ""
    text = _text(part.value) if parts is None else _sum_up(part.value, parts[0])
    return Node(id=str(number), label=prefix + text, children=[])


def short(value: Any) -> str:
    """Return a value as one short line.

    :param value: any object

    >>> short([1, 2]), short("text")
    ('[1, 2]', '“text”')

    """
    return _text(value) if _parts(value) is None else _cut(_brief().repr(value))


@cache
def _brief() -> Repr:
    brief = Repr()
    brief.maxlevel = 3
    brief.maxdict = brief.maxlist = brief.maxtuple = brief.maxset = 5
    brief.maxstring = brief.maxother = 80
    return brief


def _parts(value: Any) -> tuple[int, Iterator[tuple[str, Any]]] | None:
    """Return how many parts a value has, and pairs of their names and them."""
    if isinstance(value, Mapping):
        return len(value), ((_name(k), v) for k, v in value.items())
    if isinstance(value, list | tuple):
        names: Iterable[str] = getattr(value, "_fields", None) or map(
            str, range(len(value))
        )
        return len(value), zip(names, value, strict=False)
    if isinstance(value, AbstractSet):
        return len(value), (("", item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        found = fields(value)
        return len(found), ((f.name, getattr(value, f.name, None)) for f in found)
    return None


def _sum_up(value: Any, size: int) -> str:
    return f"{_kind(value)}, {size:,} {'item' if size == 1 else 'items'}"


def _kind(value: Any) -> str:
    return escape(type(value).__qualname__)


def _name(key: Any) -> str:
    return _cut(key) if isinstance(key, str) else _text(key)


def _text(value: Any) -> str:
    if type(value) is str:
        more = len(value) - _WIDTH
        return f"“{_cut(value)}”" + (f" {more:,} characters more" if more > 0 else "")
    if isinstance(value, bytes | bytearray | memoryview):
        shown = bytes(value[:32]).hex(" ")
        return f"{len(value):,} bytes: {shown}{' …' if len(value) > 32 else ''}"
    if type(value) is int and abs(value) >= _DIGITS:
        # To write all its digits takes time that grows with their square.
        return f"an integer of {value.bit_length():,} bits"
    if type(value) in _REPRS:
        return repr(value)
    try:
        shown = repr(value)
    except Exception as e:  # noqa: BLE001  a foreign object: anything may come
        return f"{_kind(value)}, whose repr raises {type(e).__name__}"
    return f"{_kind(value)}: {_cut(shown)}"


def _cut(text: str) -> str:
    return escape(text[:_WIDTH]) + ("…" if len(text) > _WIDTH else "")
