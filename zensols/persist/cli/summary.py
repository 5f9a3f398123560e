"""The command ``stash info``."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from ..domain import StashURL
from ..stash.layers import innermost
from ..stash.survey import Found, survey
from ..stash.wording import age_text, duration_text, escape, size_text
from .exits import ExitCode
from .options import Json, Url
from .output import print_json
from .progress import Bar
from .stores import open_existing

__all__ = ["Summary", "info"]

_WIDTH: Final = 40
"""How many characters the longest bar of the histogram has."""

_TYPES: Final = 10
"""How many types are shown to people."""


def info(url: Url, as_json: Json = False) -> int:
    r"""Sum up a store, with a histogram of the entries' sizes.

    It tells how many entries there are, their sizes, ages, types and codecs, and how
    long it took to compute them. Nothing is decoded.

    \b
    Examples:
      stash info dir:cache
      stash info postgresql://ann@db/work --json | jq .bytes
    """
    stash = open_existing(url)
    summary = Summary()
    with Bar("Reading", lambda: len(innermost(stash))) as bar:
        for found in survey(stash):
            summary.add(found)
            bar.advance()
    data = {
        "url": str(StashURL.parse(url)),
        "store": type(innermost(stash)).__name__,
        **summary.data(),
    }
    if as_json:
        print_json(data)
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(data))
    return ExitCode.FINDINGS if summary.unreadable else ExitCode.OK


class Summary:
    """Sums up entries as they come.

    >>> summary = Summary()
    >>> summary.add(Found("a", None, None))
    >>> summary.data()["entries"]
    1

    """

    def __init__(self) -> None:
        self.entries = 0
        self.unreadable = 0
        self._described = 0
        self._signed = 0
        self._bytes = 0
        self._seconds: float | None = None
        self._largest: tuple[int, str] | None = None
        self._oldest: datetime | None = None
        self._newest: datetime | None = None
        self._types: Counter[str] = Counter()
        self._codecs: Counter[str] = Counter()
        self._sizes: Counter[int] = Counter()

    def add(self, found: Found) -> None:
        """Count an entry.

        :param found: what it tells of itself

        """
        self.entries += 1
        self.unreadable += found.problem is not None
        info = found.info
        if info is None:
            return
        self._described += 1
        self._signed += info.signed
        self._bytes += info.size
        self._types[info.type or "?"] += 1
        self._codecs[found.codec or "?"] += 1
        # Each step of the histogram is four times as large as the one before.
        self._sizes[(info.size.bit_length() + 1) // 2] += 1
        if self._largest is None or info.size > self._largest[0]:
            self._largest = info.size, found.key
        if info.seconds is not None:
            self._seconds = (self._seconds or 0.0) + info.seconds
        if info.created is not None:
            self._oldest = min(self._oldest or info.created, info.created)
            self._newest = max(self._newest or info.created, info.created)

    def data(self) -> dict[str, Any]:
        """Return the summary, ready for JSON."""
        data: dict[str, Any] = {"entries": self.entries, "unreadable": self.unreadable}
        if self._largest is None:
            return data
        size, key = self._largest
        steps = range(min(self._sizes), max(self._sizes) + 1)
        return data | {
            "bytes": self._bytes,
            "mean": round(self._bytes / self._described),
            "largest": {"key": key, "size": size},
            "seconds": self._seconds,
            "oldest": self._oldest and self._oldest.isoformat(),
            "newest": self._newest and self._newest.isoformat(),
            "signed": self._signed,
            "types": dict(self._types.most_common()),
            "codecs": dict(self._codecs.most_common()),
            "histogram": [
                {"from": 4**n // 4, "below": 4**n, "entries": self._sizes[n]}
                for n in steps
            ],
        }


def _lines(data: dict[str, Any]) -> list[str]:
    shown: list[tuple[str, str]] = [
        ("store", f"{data['store']} at {data['url']}"),
        ("entries", f"{data['entries']:,}"),
    ]
    if data["unreadable"]:
        shown.append(("unreadable", f"{data['unreadable']:,} (see stash verify)"))
    if "bytes" in data:
        largest = data["largest"]
        shown += [
            ("size", f"{size_text(data['bytes'])}, {size_text(data['mean'])} each"),
            ("largest", f"{escape(largest['key'])}, {size_text(largest['size'])}"),
            ("signed", f"{data['signed']:,}"),
            ("codecs", _counts(data["codecs"])),
            ("types", _counts(data["types"])),
        ]
        if data["oldest"] is not None:
            ages = [_age(data["oldest"]), _age(data["newest"])]
            shown.append(("age", f"{ages[1]} to {ages[0]}"))
        if data["seconds"] is not None:
            shown.append(("computed", f"in {duration_text(data['seconds'])}"))
    width = max(len(name) for name, _ in shown)
    lines = [f"{name:<{width}}  {text}" for name, text in shown]
    if "histogram" in data:
        lines += ["", *_histogram(data["histogram"])]
    return lines


def _counts(counts: dict[str, int]) -> str:
    shown = [f"{n:,} {escape(name)}" for name, n in list(counts.items())[:_TYPES]]
    if len(counts) > _TYPES:
        shown.append(f"{len(counts) - _TYPES:,} more")
    return ", ".join(shown)


def _age(created: str) -> str:
    age = datetime.now(UTC) - datetime.fromisoformat(created)
    return age_text(age.total_seconds())


def _histogram(steps: list[dict[str, int]]) -> list[str]:
    most = max(step["entries"] for step in steps)
    return [
        f"{size_text(step['from']):>9} to {size_text(step['below']):>9}  "
        f"{'#' * -(-step['entries'] * _WIDTH // most):<{_WIDTH}}  {step['entries']:,}"
        for step in steps
    ]
