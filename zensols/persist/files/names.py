"""Map keys to file names and back.

An ordinary key is its own file name.  What a file system could refuse, reshape
or confuse with something else is escaped as in URLs (``a/b`` becomes
``a%2Fb``), and a key too long for a file name is digested.

"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b
from string import Formatter
from typing import Final

from ..error import PersistableError

__all__ = ["DIGESTED", "Digested", "FileNames", "file_pattern"]

_MAX_BYTES: Final = 255
"""The longest file name of nearly every file system."""

_EMPTY: Final = "%~"
"""Stands for the empty key, and begins a digested one."""

_DIGEST: Final = re.compile("%~[0-9a-f]{64}")
_ESCAPES: Final = re.compile("(?:%[0-9A-F]{2})+")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")

_WINDOWS: Final = '<>:"|?*' if os.name == "nt" else ""
_REFUSED: Final = rf"\x00-\x1f\x7f-\x9f\ud800-\udfff/\\{_WINDOWS}"
"""Characters never in a file name, for use in the brackets of a pattern."""

_DEVICE: Final = (
    "(?=[acnlpACNLP])"
    r"(?i:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$)\ *(?:\.|\Z)"
)
"""A name that Windows takes for a device, in any folder and with any extension.
The first part only makes it fast to rule out.
"""


class Digested(Enum):
    """The type of :data:`DIGESTED`, for annotations.

    >>> from zensols.persist.files import Digested, FileNames
    >>> isinstance(FileNames("{name}.dat", lambda: False).to_key("a.dat"), Digested)
    False

    """

    DIGESTED = "DIGESTED"

    def __repr__(self) -> str:
        return "DIGESTED"


DIGESTED: Final = Digested.DIGESTED
"""Stands for a key that can't be told from its file's name."""


def _percent(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)


def _escape(match: re.Match[str]) -> str:
    text = match[0]
    if match.lastgroup == "letter" and text.casefold() == text:
        return text
    return _percent(text)


def _unescape_run(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogatepass")


def _split_pattern(pattern: str) -> tuple[str, str]:
    problem = None
    parts = [""]
    try:
        for text, name, spec, conversion in Formatter().parse(pattern):
            parts[-1] += text
            if name is not None:
                parts.append("")
                if name != "name" or spec or conversion:
                    problem = "it has another placeholder than '{name}'"
    except ValueError as e:
        problem = str(e)
    if problem is None:
        if len(parts) != 2:
            problem = f"it has {len(parts) - 1} placeholders '{{name}}' instead of one"
        elif re.search(f"[{_REFUSED}]", pattern):
            problem = "it has a character that file names can't have"
        elif pattern.startswith(("%", "{name}!")):
            problem = "names that begin with '%!' are those of temporary files"
        elif _MAX_BYTES - len("".join(parts).encode()) < len(_EMPTY) + 64:
            problem = "it is too long"
    if problem is not None:
        raise PersistableError(
            f"Can't use {pattern!r} as the pattern of file names: {problem}; "
            "use one such as '{name}.dat'"
        )
    return parts[0], parts[1]


class FileNames:
    """The file names of the keys of one folder.  No two keys share a name, also
    where the file system folds case or normalizes Unicode, no name leaves the
    folder, and none is that of a temporary file.

    Immutable, and so safe to use from several threads.

    >>> from zensols.persist.files import FileNames
    >>> names = FileNames("{name}.dat", folds=lambda: False)
    >>> names.to_name("a b.c:1"), names.to_name("../a")
    ('a b.c:1.dat', '..%2Fa.dat')
    >>> names.to_key("..%2Fa.dat"), names.to_key("README.md")
    ('../a', None)

    """

    __slots__ = (
        "_folds",
        "_match_ordinary",
        "_match_reserved",
        "_prefix",
        "_suffix",
        "_unsafe",
        "_unsafe_folded",
        "match_plain",
    )

    match_plain: Callable[[str], re.Match[str] | None]
    """Matches the name of a key that is in it as it is, on any file system; the
    first group is the key.  Others may be in theirs, too; :meth:`to_key` tells."""

    def __init__(self, pattern: str, folds: Callable[[], bool]) -> None:
        """
        :param pattern: the file name with ``{name}`` in place of the key

        :param folds: tells whether the file system takes ``A`` and ``a`` for the
            same; only called when that matters for a key, but then each time

        :raises PersistableError: if the pattern can't be used

        """
        prefix, suffix = self._prefix, self._suffix = _split_pattern(pattern)
        self._folds = folds
        before, behind = re.escape(prefix), re.escape(suffix)
        reserved = rf"{before}\.\.?{behind}\Z"
        if not prefix:
            reserved += f"|{_DEVICE}"
        space = _MAX_BYTES - len((prefix + suffix).encode())
        characters = rf"{_REFUSED}\x7f-\U0010ffff%"
        ordinary = rf"[^{characters}]{{1,{space}}}"
        plain = rf"[^{characters}A-Z]{{1,{space}}}"
        unsafe = [f"[{_REFUSED}]", "%(?=[0-9A-Fa-f]{2}|[~!])"]
        if not suffix:
            ordinary += "(?<![. ])"
            plain += "(?<![. ])"
            unsafe.append(r"[. ]\Z")
        self._match_reserved = re.compile(reserved).match
        self._match_ordinary = re.compile(
            f"(?!{reserved}){before}({ordinary}){behind}"
        ).fullmatch
        self.match_plain = re.compile(
            f"(?!{reserved}){before}({plain}){behind}"
        ).fullmatch
        self._unsafe = re.compile("|".join(unsafe))
        unsafe.append(r"(?P<letter>[A-Z]|[^\x00-\x7f])")
        self._unsafe_folded = re.compile("|".join(unsafe))

    def to_name(self, key: str) -> str:
        """Return the name of a key's file.

        :param key: any text at all, of any length

        :return: the file's name, without the folder

        """
        name = f"{self._prefix}{key}{self._suffix}"
        if self.match_plain(name) or (self._match_ordinary(name) and not self._folds()):
            return name
        return self._to_escaped_name(key)

    def _to_escaped_name(self, key: str) -> str:
        from unicodedata import is_normalized

        folds = key != key.casefold() and self._folds()
        unsafe = self._unsafe_folded if folds else self._unsafe
        middle = unsafe.sub(_escape, key) if key else _EMPTY
        if self._match_reserved(f"{self._prefix}{middle}{self._suffix}"):
            middle = _percent(middle[0]) + middle[1:]
        name = f"{self._prefix}{middle}{self._suffix}"
        if not is_normalized("NFC", name):
            middle = _NOT_ASCII.sub(_escape, middle)
            name = f"{self._prefix}{middle}{self._suffix}"
        if len(name.encode()) > _MAX_BYTES:
            data = key.encode("utf-8", "surrogatepass")
            digest = blake2b(data, digest_size=32).hexdigest()
            name = f"{self._prefix}{_EMPTY}{digest}{self._suffix}"
        return name

    def to_key(self, name: str) -> str | Digested | None:
        """Return the key that :meth:`to_name` gave a name to.

        :param name: a file's name, without the folder

        :return: the key; None for a name that no key has, such as that of a
            temporary file; or :data:`DIGESTED` for a name from which the key
            can't be told, so that it has to be read from the file

        """
        match = self.match_plain(name)
        if match is None:
            match = self._match_ordinary(name)
            if match is None or self._folds():
                return self._to_unescaped_key(name)
        return match[1]

    def _to_unescaped_key(self, name: str) -> str | Digested | None:
        key = self._unescape(name)
        if key is None and not name.isascii() and self._folds():
            # Some of the file systems that fold case list names decomposed.
            from unicodedata import normalize

            key = self._unescape(normalize("NFC", name))
        return key

    def _unescape(self, name: str) -> str | Digested | None:
        prefix, suffix = self._prefix, self._suffix
        if not (name.startswith(prefix) and name.endswith(suffix)):
            return None
        middle = name[len(prefix) : len(name) - len(suffix)]
        if _DIGEST.fullmatch(middle):
            return DIGESTED
        try:
            key = "" if middle == _EMPTY else _ESCAPES.sub(_unescape_run, middle)
        except UnicodeDecodeError:
            return None
        return key if self.to_name(key) == name else None


def file_pattern(text: str) -> str:
    """Return the pattern of file names that a text is.

    :param text: as :class:`FileNames` takes it

    :raises PersistableError: if it is none

    >>> from zensols.persist.files import file_pattern
    >>> file_pattern("{name}.dat")
    '{name}.dat'

    """
    _split_pattern(text)
    return text
