"""Find what no application has any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .record import Branch, Record, Span

__all__ = ["Garbage", "find_garbage", "spans_of"]


@dataclass(frozen=True, slots=True)
class Garbage:
    """What can be deleted or hidden."""

    records: list[int]
    """The records that nothing needs, the newest first."""

    hidden: list[int]
    """Those that no application has, but states of some are stored against."""

    branches: list[int]
    """The branches without an application or a record."""


def spans_of(branch: Branch, branches: Iterable[Branch]) -> list[Span]:
    """Return which records an application consists of, its own ones first.

    :param branch: its branch

    :param branches: those that it was forked off, among others

    >>> a, b = Branch(1, 1, None, None, "a", 0), Branch(2, 1, 1, 7, "b", 0)
    >>> spans_of(b, [a, b])
    [Span(branch=2, first=0, last=None), Span(branch=1, first=0, last=7)]

    """
    by_id = {other.id: other for other in branches}
    spans = [Span(branch.id, branch.floor, None)]
    last = None
    at = branch
    while at.parent is not None and at.parent in by_id:
        last = at.last if last is None else min(last, at.last or 0)
        spans.append(Span(at.parent, branch.floor, last))
        at = by_id[at.parent]
    return spans


def find_garbage(branches: Sequence[Branch], records: Sequence[Record]) -> Garbage:
    """Return what no application of a family of branches has any more.

    :param branches: the branches

    :param records: all of their records, hidden ones included

    """
    spans = [
        span
        for branch in branches
        if branch.app_id is not None
        for span in spans_of(branch, branches)
    ]
    visible = [record for record in records if any(record in span for span in spans)]
    seen = {record.id for record in visible}
    needed = {id_ for record in visible for id_ in record.stored.path} - seen
    # States can be stored against those of another family, of an application that was
    # deleted and made anew; these are for that family to hide.
    needed.intersection_update(record.id for record in records)
    rest = [r.id for r in records if r.id not in seen and r.id not in needed]
    kept = seen | needed
    busy = {record.branch for record in records if record.id in kept}
    busy |= {branch.id for branch in branches if branch.app_id is not None}
    busy |= {span.branch for span in spans}
    return Garbage(
        sorted(rest, reverse=True),
        sorted(needed),
        [branch.id for branch in branches if branch.id not in busy],
    )
