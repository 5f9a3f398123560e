"""How keys, sizes and times are shown to people."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["age_text", "duration_text", "escape", "size_text", "unescape"]

_ESCAPED: Final = re.compile(
    r"\\(\\|[abfnrtv]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U00(10|0[\da-fA-F])[\da-fA-F]{4})"
)


def escape(text: str) -> str:
    r"""Return text as one printable line, from which it can be told.

    :param text: such as a key, which may have any character

    >>> print(escape("a\tb\x1b[31m"))
    a\tb\x1b[31m

    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode()
        for c in text
    )


def unescape(text: str) -> str:
    r"""Return the text of what :func:`escape` made of it.

    :param text: the printable line

    >>> unescape(escape("a\tb\\")) == "a\tb\\"
    True

    """
    return _ESCAPED.sub(lambda match: match[0].encode().decode("unicode_escape"), text)


def size_text(size: float) -> str:
    """Return a size for people.

    :param size: the number of bytes

    >>> size_text(350), size_text(64 << 20)
    ('350 B', '64.0 MiB')

    """
    if size < 1024:
        return f"{size:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"


def duration_text(seconds: float) -> str:
    """Return a duration for people.

    :param seconds: how long

    >>> duration_text(0.0123), duration_text(5), duration_text(5400)
    ('12.3 ms', '5.0 s', '1.5 h')

    """
    for limit, unit, length in (
        (1e-3, "µs", 1e-6),
        (1, "ms", 1e-3),
        (60, "s", 1),
        (3600, "min", 60),
        (86400, "h", 3600),
    ):
        if seconds < limit:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds / 86400:.1f} d"


def age_text(seconds: float) -> str:
    """Return an age for people.

    :param seconds: how long ago

    >>> age_text(0.3), age_text(125), age_text(90000)
    ('0 s', '2 min', '1 d')

    """
    for limit, unit, length in ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{int(seconds / length)} {unit}"
    return f"{int(seconds / 86400)} d"
